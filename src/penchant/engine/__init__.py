"""The fitted model, its catalogue and its events as one object: it answers, explains, and is saved."""

from .estimator import Estimator, by_name, configured, factory
from .explain import Reason
from .public import (
    ALS,
    BPR,
    EASE,
    STAR,
    ItemKNN,
    Popularity,
    Random,
    RecentPopularity,
    SASRec,
    TextMean,
    TextSequence,
)
from .recommender import Recommender, load

__all__ = [
    "ALS",
    "BPR",
    "EASE",
    "STAR",
    "Estimator",
    "ItemKNN",
    "Popularity",
    "Random",
    "Reason",
    "RecentPopularity",
    "Recommender",
    "SASRec",
    "TextMean",
    "TextSequence",
    "by_name",
    "configured",
    "factory",
    "load",
]
