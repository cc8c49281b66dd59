"""What most people chose: of all time, or lately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    Abilities,
    Catalogue,
    Interactions,
    Real,
    Requests,
    Space,
    State,
)

from .base import no_new_items, no_queries, places_from_end, popularity_prior
from .settings import within

if TYPE_CHECKING:
    from penchant.data import Dataset

SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True)
class PopularityConfig:
    """Popularity has no settings."""


class Popularity:
    """The items with the greatest weight of training events, the same for everybody.

    State: ``popularity`` (items,) float32.
    """

    name: str = "popularity"
    abilities: Abilities = Abilities(new_users=True, new_items=False, queries=False)
    Config: ClassVar[type[PopularityConfig]] = PopularityConfig
    space: ClassVar[Space] = {}

    def __init__(self, config: PopularityConfig, popularity: NDArray[np.float32]) -> None:
        self.config = config
        self.popularity = popularity

    @classmethod
    def fit(cls, config: PopularityConfig, train: Dataset, seed: int = 0) -> Self:
        """Add up the weights of each item's events; ``seed`` changes nothing."""
        return cls(config, popularity_prior(train.interactions))

    @classmethod
    def restore(
        cls,
        config: PopularityConfig,
        state: State,
        catalogue: Catalogue,
        interactions: Interactions,
    ) -> Self:
        """The model that gave this ``state``."""
        return cls(config, state["popularity"])

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """The weight of each item as a share of the greatest, (rows, items).

        Raises:
            Unsupported: a row has a query.
        """
        no_queries(self.name, requests)
        return np.tile(self.popularity, (len(requests), 1))

    def state(self) -> State:
        """The popularity of each item."""
        return {"popularity": self.popularity}

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """Refused.

        Raises:
            Unsupported: always; an item without events has no popularity.
        """
        no_new_items(self.name)


@dataclass(frozen=True)
class RecentPopularityConfig:
    """How fast the past fades."""

    half_life_days: float = 30.0
    """Days after which an event counts half, where events have times."""

    half_life_events: float = 10.0
    """Later events of the same user after which an event counts half, where events have an order
    but no times."""

    def __post_init__(self) -> None:
        within(self, "half_life_days", 0.0, float("inf"), open_low=True)
        within(self, "half_life_events", 0.0, float("inf"), open_low=True)


class RecentPopularity:
    """Popularity with an exponential half-life.

    An event counts ``weight * 0.5 ** (age / half-life)``. Its age is the time between it and the
    newest training event, in days; where the data holds positions instead of times, which cannot
    be compared between users, its age is the number of events of the same user after it.

    State: ``popularity`` (items,) float32.
    """

    name: str = "recent-popularity"
    abilities: Abilities = Abilities(new_users=True, new_items=False, queries=False)
    Config: ClassVar[type[RecentPopularityConfig]] = RecentPopularityConfig
    space: ClassVar[Space] = {
        "half_life_days": Real(0.5, 1000.0, log=True),
        "half_life_events": Real(0.5, 100.0, log=True),
    }

    def __init__(self, config: RecentPopularityConfig, popularity: NDArray[np.float32]) -> None:
        self.config = config
        self.popularity = popularity

    @classmethod
    def fit(cls, config: RecentPopularityConfig, train: Dataset, seed: int = 0) -> Self:
        """Add up the faded weights of each item's events; ``seed`` changes nothing."""
        interactions = train.interactions
        events = interactions.events
        if interactions.timed:
            age = (events.time.max(initial=-np.inf) - events.time) / SECONDS_A_DAY
            half_life = config.half_life_days
        else:
            age = places_from_end(events).astype(np.float64)
            half_life = config.half_life_events
        faded = events.weight * np.exp2(-age / half_life)
        return cls(config, popularity_prior(interactions, faded))

    @classmethod
    def restore(
        cls,
        config: RecentPopularityConfig,
        state: State,
        catalogue: Catalogue,
        interactions: Interactions,
    ) -> Self:
        """The model that gave this ``state``."""
        return cls(config, state["popularity"])

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """The faded weight of each item as a share of the greatest, (rows, items).

        Raises:
            Unsupported: a row has a query.
        """
        no_queries(self.name, requests)
        return np.tile(self.popularity, (len(requests), 1))

    def state(self) -> State:
        """The faded popularity of each item."""
        return {"popularity": self.popularity}

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """Refused.

        Raises:
            Unsupported: always; an item without events has no popularity.
        """
        no_new_items(self.name)
