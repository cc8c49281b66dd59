"""Learning from the log of a running service: candidates, a gate, a way back."""

from .config import LearnConfig
from .journal import Journal
from .learning import FOLDER, Learning
from .lease import lease
from .lesson import Lesson
from .outcome import Outcome
from .seams import Exchange
from .teachers import fitted_anew, learned_on

__all__ = [
    "FOLDER",
    "Exchange",
    "Journal",
    "LearnConfig",
    "Learning",
    "Lesson",
    "Outcome",
    "fitted_anew",
    "learned_on",
    "lease",
]
