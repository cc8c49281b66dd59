"""Recommenders, a file each, behind one Protocol."""

from penchant.core import UsageError, did_you_mean

from .als import Als, AlsConfig
from .base import (
    ModelClass,
    no_new_items,
    no_queries,
    places_from_end,
    popularity_prior,
)
from .bpr import Bpr, BprConfig
from .chance import Random, RandomConfig
from .click import ClickConfig, ClickModel
from .ease import Ease, EaseConfig
from .item_knn import ItemKnn, ItemKnnConfig
from .pair_ranker import PairRanker, PairRankerConfig
from .popularity import Popularity, PopularityConfig, RecentPopularity, RecentPopularityConfig
from .prompt_ranker import PromptRanker, PromptRankerConfig
from .rating import RatingConfig, RatingModel
from .sasrec import SASRec, SASRecConfig
from .sequence_config import SequenceConfig
from .settings import configure, field_help, settings_of, within
from .star import Star, StarConfig
from .text_mean import TextMean, TextMeanConfig
from .text_sequence import TextSequence
from .text_sequence_config import TextSequenceConfig
from .two_tower import TwoTower, TwoTowerConfig
from .update_config import UpdateConfig
from .updating import Updatable, updated_model

ALL: tuple[type[ModelClass], ...] = (
    Random,
    Popularity,
    RecentPopularity,
    ItemKnn,
    Ease,
    Als,
    Bpr,
    SASRec,
    TextMean,
    Star,
    TextSequence,
    TwoTower,
    PairRanker,
    PromptRanker,
    ClickModel,
    RatingModel,
)
"""Every model class, in the order in which tables show them."""


def by_name(name: str) -> type[ModelClass]:
    """The model class with this name.

    Raises:
        UsageError: there is none; the message suggests the near name.

    >>> by_name("ease").__name__
    'Ease'
    """
    known = {model.name: model for model in ALL}
    if name not in known:
        raise UsageError(
            f"No model is called {name!r}{did_you_mean(name, list(known))} "
            f"Models: {', '.join(known)}."
        )
    return known[name]


__all__ = [
    "ALL",
    "Als",
    "AlsConfig",
    "Bpr",
    "BprConfig",
    "ClickConfig",
    "ClickModel",
    "Ease",
    "EaseConfig",
    "ItemKnn",
    "ItemKnnConfig",
    "ModelClass",
    "PairRanker",
    "PairRankerConfig",
    "Popularity",
    "PopularityConfig",
    "PromptRanker",
    "PromptRankerConfig",
    "Random",
    "RandomConfig",
    "RatingConfig",
    "RatingModel",
    "RecentPopularity",
    "RecentPopularityConfig",
    "SASRec",
    "SASRecConfig",
    "SequenceConfig",
    "Star",
    "StarConfig",
    "TextMean",
    "TextMeanConfig",
    "TextSequence",
    "TextSequenceConfig",
    "TwoTower",
    "TwoTowerConfig",
    "Updatable",
    "UpdateConfig",
    "by_name",
    "configure",
    "field_help",
    "no_new_items",
    "no_queries",
    "places_from_end",
    "popularity_prior",
    "settings_of",
    "updated_model",
    "within",
]
