"""Models compared on users: who sees which, what they did, and what may be concluded."""

from .book import EXPERIMENTS, Book
from .experiment import KINDS, Arm, Experiment, Kind, Measure, place_of
from .judgement import Comparison, Judgement, Look, judge
from .shadow import Shadowed, ShadowFile, shadowed
from .tally import Readable, Tally, last_number, tally
from .wording import conclusion, outcome, span

__all__ = [
    "EXPERIMENTS",
    "KINDS",
    "Arm",
    "Book",
    "Comparison",
    "Experiment",
    "Judgement",
    "Kind",
    "Look",
    "Measure",
    "Readable",
    "ShadowFile",
    "Shadowed",
    "Tally",
    "conclusion",
    "judge",
    "last_number",
    "outcome",
    "place_of",
    "shadowed",
    "span",
    "tally",
]
