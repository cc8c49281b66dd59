"""The fitted model, its catalogue and its events as one object: it answers, explains, and is saved."""

from .estimator import Estimator, by_name, configured, factory
from .explain import Reason
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

__all__ = [
    "ALS",
    "BPR",
    "EASE",
    "STAR",
    "ClickModel",
    "Estimator",
    "ItemKNN",
    "PairRanker",
    "Popularity",
    "PromptRanker",
    "Random",
    "RatingModel",
    "Reason",
    "RecentPopularity",
    "Recommender",
    "SASRec",
    "TextMean",
    "TextSequence",
    "TwoTower",
    "by_name",
    "configured",
    "factory",
    "load",
    "seen_events",
]
