"""The lab: judge a recommender honestly, and models against each other."""

from .clicks import evaluate_clicks, evaluate_ratings
from .compare import compare
from .comparison import Comparison, Entry, Pair
from .evaluate import evaluate
from .evaluation import Evaluation, Figure, Slice
from .search import Tuned, tune
from .study import Trial

__all__ = [
    "Comparison",
    "Entry",
    "Evaluation",
    "Figure",
    "Pair",
    "Slice",
    "Trial",
    "Tuned",
    "compare",
    "evaluate",
    "evaluate_clicks",
    "evaluate_ratings",
    "tune",
]
