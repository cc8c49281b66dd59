"""The lab: judge a recommender honestly, and models against each other."""

from .clicks import evaluate_clicks, evaluate_ratings
from .compare import compare
from .comparison import Comparison, Entry, Pair
from .evaluate import evaluate
from .evaluation import Evaluation, Figure, Slice
from .events import EventEvaluation, evaluate_events
from .search import Tuned, tune
from .study import Trial

__all__ = [
    "Comparison",
    "Entry",
    "Evaluation",
    "EventEvaluation",
    "Figure",
    "Pair",
    "Slice",
    "Trial",
    "Tuned",
    "compare",
    "evaluate",
    "evaluate_clicks",
    "evaluate_events",
    "evaluate_ratings",
    "tune",
]
