"""The fitted model, its catalogue and its events as one object: it answers, explains, and is saved.

A ``Recommender`` answers one person at a desk; an ``Engine`` around it answers a service: batches,
an index, a policy, new items, and questions to check a loaded model by.
"""

from .ask import Answer, Ask, Decided, Explanation, Past
from .engine import Engine
from .estimator import Estimator, by_name, configured, factory, refitted
from .explain import Reason
from .golden import Golden
from .kept import golden_of
from .predicting import seen_events
from .public import (
    ALS,
    BPR,
    EASE,
    STAR,
    ClickModel,
    ItemKNN,
    PairRanker,
    Popularity,
    PromptRanker,
    Random,
    RatingModel,
    RecentPopularity,
    SASRec,
    TextMean,
    TextSequence,
    TwoTower,
)
from .recommender import Recommender, load
from .updating import Since, updated

__all__ = [
    "ALS",
    "BPR",
    "EASE",
    "STAR",
    "Answer",
    "Ask",
    "ClickModel",
    "Decided",
    "Engine",
    "Estimator",
    "Explanation",
    "Golden",
    "ItemKNN",
    "PairRanker",
    "Past",
    "Popularity",
    "PromptRanker",
    "Random",
    "RatingModel",
    "Reason",
    "RecentPopularity",
    "Recommender",
    "SASRec",
    "Since",
    "TextMean",
    "TextSequence",
    "TwoTower",
    "by_name",
    "configured",
    "factory",
    "golden_of",
    "load",
    "refitted",
    "seen_events",
    "updated",
]
