"""BPR: factors that put what a user chose above what they did not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

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
    Unsupported,
    Whole,
)

from .base import no_new_items, no_queries, popularity_prior
from .factors import factorise, over_catalogue, warm_matrix
from .matrix import spread
from .settings import within

if TYPE_CHECKING:
    from penchant.data import Dataset


@dataclass(frozen=True)
class BprConfig:
    """Size and pace of the training."""

    factors: int = 64
    """Length of the vectors."""

    learning_rate: float = 0.05
    """Size of a step."""

    regularization: float = 0.03
    """Strength of the L2 penalty on the vectors."""

    iterations: int = 100
    """Passes over the training events."""

    def __post_init__(self) -> None:
        within(self, "factors", 1, 4096)
        within(self, "learning_rate", 0.0, 10.0, open_low=True)
        within(self, "regularization", 0.0, float("inf"))
        within(self, "iterations", 1, float("inf"))


class Bpr:
    """Scores ``y_i . x_u + bias_i`` with vectors learned from pairs of a chosen and another item.

    Trained by stochastic gradient descent (by ``implicit``), on one thread, as several would race
    and give other vectors each time. The vector of a user is learned with the rest and cannot be
    solved for, so only users with training events are served, and a history that is given in
    their place changes nothing.

    State: ``x`` (known, factors + 1) and ``y`` (warm, factors + 1) float32, ``known`` (known,)
    user codes, ``warm`` (warm,) int32 item codes, ``prior`` (items,) float32.

    Source: Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009.
    """

    name: str = "bpr"
    abilities: Abilities = Abilities(new_users=False, new_items=False, queries=False)
    Config: ClassVar[type[BprConfig]] = BprConfig
    space: ClassVar[Space] = {
        "factors": Whole(8, 256, log=True),
        "learning_rate": Real(0.005, 0.2, log=True),
        "regularization": Real(0.0001, 0.3, log=True),
        "iterations": Whole(20, 300, log=True),
    }

    def __init__(self, config: BprConfig, state: State) -> None:
        self.config = config
        self.x: NDArray[np.float32] = state["x"]
        self.y: NDArray[np.float32] = state["y"]
        self.known: NDArray[np.int32] = state["known"]
        self.warm: NDArray[np.int32] = state["warm"]
        self.prior: NDArray[np.float32] = state["prior"]

    @classmethod
    def fit(cls, config: BprConfig, train: Dataset, seed: int = 0) -> Self:
        """Learn from the training events and from items drawn against them."""
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        def build() -> Any:
            return BayesianPersonalizedRanking(
                factors=config.factors,
                learning_rate=config.learning_rate,
                regularization=config.regularization,
                iterations=config.iterations,
                num_threads=1,
                random_state=seed,
            )

        matrix, known, warm = warm_matrix(train.interactions)
        x, y = np.zeros((2, 0, config.factors + 1), np.float32)
        if len(warm):
            x, y = factorise(build, matrix, "bpr", config.iterations)
        prior = popularity_prior(train.interactions)
        known = known.astype(np.int32)
        return cls(config, {"x": x, "y": y, "known": known, "warm": warm, "prior": prior})

    @classmethod
    def restore(
        cls, config: BprConfig, state: State, catalogue: Catalogue, interactions: Interactions
    ) -> Self:
        """The model that gave this ``state``."""
        return cls(config, state)

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Scores (rows, items).

        Raises:
            Unsupported: a row has a query, or a history of somebody without training events.
        """
        met, users = self._users(requests)
        scores = np.repeat(self.prior[None], len(requests), axis=0)
        scores[met] = spread(users @ self.y.T, self.warm, len(self.prior))
        return scores

    def item_vectors(self) -> NDArray[np.float32]:
        """Learned vectors and biases (items, factors + 1); zeros for items without events."""
        return self._vectors

    def user_vectors(self, requests: Requests) -> NDArray[np.float32]:
        """Learned vectors (rows, factors + 1), the last number 1; zeros for somebody unknown.

        Raises:
            Unsupported: a row has a query, or a history of somebody without training events.
        """
        met, users = self._users(requests)
        vectors = np.zeros((len(requests), self.x.shape[1]), np.float32)
        vectors[met] = users
        return vectors

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        return over_catalogue(self.y, self.warm, len(self.prior))

    def _users(self, requests: Requests) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Who of the requests is known (rows,), and the vectors of those."""
        no_queries(self.name, requests)
        place = np.searchsorted(self.known, requests.user)
        met = np.isin(requests.user, self.known)
        strangers = int((~met & (requests.history.lengths > 0)).sum())
        if strangers:
            raise Unsupported(
                f"{self.name} serves only users it was trained on, and {strangers} of "
                f"{len(requests)} requests have a history of somebody else. Fit it again with "
                "these users, or use a model that ranks for a new history (als, ease, item-knn)."
            )
        return met, self.x[place[met]]

    def state(self) -> State:
        """The vectors of users and items, their codes, and the popularity of every item."""
        return {
            "x": self.x,
            "y": self.y,
            "known": self.known,
            "warm": self.warm,
            "prior": self.prior,
        }

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """Refused.

        Raises:
            Unsupported: always; an item without events has no vector.
        """
        no_new_items(self.name)
