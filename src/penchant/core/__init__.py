"""The words that every room speaks. Nothing here is heavy; nothing here knows a room above."""

from .catalogue import Catalogue
from .errors import (
    BundleError,
    DamagedBundle,
    DataError,
    MissingDependency,
    ModelNotFound,
    NewerBundle,
    PenchantError,
    Problem,
    SeenEvents,
    TrainingFailed,
    Unsupported,
    UsageError,
    as_argument,
)
from .holdout import Holdout
from .ids import UNKNOWN, IdMap
from .interactions import Interactions
from .pairs import Pairs, before
from .progress import bar, quiet, track
from .protocols import Abilities, Encoder, Model, State
from .requests import Recommendation, Recommendations, Requests
from .seeds import checked_seed, derived, generator
from .sequences import Sequences
from .space import Choice, Real, Space, Whole
from .topk import top_k
from .watch import report, watching

__all__ = [
    "UNKNOWN",
    "Abilities",
    "BundleError",
    "Catalogue",
    "Choice",
    "DamagedBundle",
    "DataError",
    "Encoder",
    "Holdout",
    "IdMap",
    "Interactions",
    "MissingDependency",
    "Model",
    "ModelNotFound",
    "NewerBundle",
    "Pairs",
    "PenchantError",
    "Problem",
    "Real",
    "Recommendation",
    "Recommendations",
    "Requests",
    "SeenEvents",
    "Sequences",
    "Space",
    "State",
    "TrainingFailed",
    "Unsupported",
    "UsageError",
    "Whole",
    "as_argument",
    "bar",
    "before",
    "checked_seed",
    "derived",
    "generator",
    "quiet",
    "report",
    "top_k",
    "track",
    "watching",
]
