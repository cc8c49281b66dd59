"""Recommenders, a file each, behind one Protocol."""

from penchant.core import UsageError

from .als import Als, AlsConfig
from .base import (
    ModelClass,
    no_new_items,
    no_queries,
    places_from_end,
    popularity_prior,
    unanswerable,
)
from .bpr import Bpr, BprConfig
from .chance import Random, RandomConfig
from .ease import Ease, EaseConfig
from .item_knn import ItemKnn, ItemKnnConfig
from .popularity import Popularity, PopularityConfig, RecentPopularity, RecentPopularityConfig
from .settings import configure, did_you_mean, field_help, settings_of, within
from .star import Star, StarConfig
from .text_mean import TextMean, TextMeanConfig

ALL: tuple[type[ModelClass], ...] = (
    Random,
    Popularity,
    RecentPopularity,
    ItemKnn,
    Ease,
    Als,
    Bpr,
    TextMean,
    Star,
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
            f"No model is called {name!r}{did_you_mean(name, list(known))}. "
            f"Models: {', '.join(known)}."
        )
    return known[name]


__all__ = [
    "ALL",
    "Als",
    "AlsConfig",
    "Bpr",
    "BprConfig",
    "Ease",
    "EaseConfig",
    "ItemKnn",
    "ItemKnnConfig",
    "ModelClass",
    "Popularity",
    "PopularityConfig",
    "Random",
    "RandomConfig",
    "RecentPopularity",
    "RecentPopularityConfig",
    "Star",
    "StarConfig",
    "TextMean",
    "TextMeanConfig",
    "by_name",
    "configure",
    "did_you_mean",
    "field_help",
    "no_new_items",
    "no_queries",
    "places_from_end",
    "popularity_prior",
    "settings_of",
    "unanswerable",
    "within",
]
