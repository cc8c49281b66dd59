"""The words that every room speaks. Nothing here is heavy; nothing here knows a room above."""

from .catalogue import Catalogue
from .errors import (
    BundleError,
    DamagedBundle,
    DamagedLog,
    DataError,
    IndexUnavailable,
    LogError,
    LostLog,
    MissingDependency,
    ModelNotFound,
    NewerBundle,
    Overloaded,
    PenchantError,
    Problem,
    Repeated,
    SeenEvents,
    ServiceError,
    TrainingFailed,
    Unsupported,
    UsageError,
    as_argument,
)
from .events import Event, Impression
from .holdout import Holdout
from .ids import UNKNOWN, IdMap
from .interactions import Interactions
from .pairs import Pairs, before
from .progress import bar, quiet, track
from .protocols import Abilities, Encoder, Factored, Model, State, Textual
from .requests import Recommendation, Recommendations, Requests
from .seeds import checked_seed, derived, generator
from .sequences import Sequences
from .shared_tuple import SharedTuple
from .space import Choice, Real, Space, Whole
from .topk import top_k
from .watch import report, watching
from .wording import did_you_mean

__all__ = [
    "UNKNOWN",
    "Abilities",
    "BundleError",
    "Catalogue",
    "Choice",
    "DamagedBundle",
    "DamagedLog",
    "DataError",
    "Encoder",
    "Event",
    "Factored",
    "Holdout",
    "IdMap",
    "Impression",
    "IndexUnavailable",
    "Interactions",
    "LogError",
    "LostLog",
    "MissingDependency",
    "Model",
    "ModelNotFound",
    "NewerBundle",
    "Overloaded",
    "Pairs",
    "PenchantError",
    "Problem",
    "Real",
    "Recommendation",
    "Recommendations",
    "Repeated",
    "Requests",
    "SeenEvents",
    "Sequences",
    "ServiceError",
    "SharedTuple",
    "Space",
    "State",
    "Textual",
    "TrainingFailed",
    "Unsupported",
    "UsageError",
    "Whole",
    "as_argument",
    "bar",
    "before",
    "checked_seed",
    "derived",
    "did_you_mean",
    "generator",
    "quiet",
    "report",
    "top_k",
    "track",
    "watching",
]
