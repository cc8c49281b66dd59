"""ALS: factors of users and items, solved in turn."""

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
    Whole,
)

from .base import no_new_items, no_queries, popularity_prior
from .factors import factorise, over_catalogue, warm_matrix
from .matrix import row_matrix, spread
from .settings import within

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from penchant.data import Dataset

SYSTEMS = 1 << 24
"""Numbers in the (factors, factors) systems of users that are folded in together: 128 MB."""


@dataclass(frozen=True)
class AlsConfig:
    """Size and strength of the factorisation."""

    factors: int = 64
    """Length of the vectors."""

    regularization: float = 10.0
    """Strength of the L2 penalty on the vectors."""

    alpha: float = 5.0
    """Confidence in an event of weight 1; what was not chosen has confidence 1."""

    iterations: int = 15
    """How often users and items are solved for."""

    def __post_init__(self) -> None:
        within(self, "factors", 1, 4096)
        within(self, "regularization", 0.0, float("inf"), open_low=True)
        within(self, "alpha", 0.0, float("inf"), open_low=True)
        within(self, "iterations", 1, float("inf"))


class Als:
    """Scores ``y_i . x_u``, where the vector of the user is solved for from the history.

    Training alternates least squares over users and items (by ``implicit``, with its conjugate
    gradient solver). A request is answered from its history alone, by the same normal equations::

        (Y'Y + sum_i (c_i - 1) y_i y_i' + regularization I) x = sum_i c_i y_i,   c = alpha * weight

    with Y (warm, factors) the vectors of the items and i over the history, so that somebody new is
    served as somebody known is.

    State: ``y`` (warm, factors) float32, ``warm`` (warm,) int32 item codes, ``prior`` (items,)
    float32.

    Source: Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets",
    ICDM 2008; Takács, Pilászy, Tikk, "Applications of the Conjugate Gradient Method for Implicit
    Feedback Collaborative Filtering", RecSys 2011.
    """

    name: str = "als"
    abilities: Abilities = Abilities(new_users=True, new_items=False, queries=False)
    Config: ClassVar[type[AlsConfig]] = AlsConfig
    space: ClassVar[Space] = {
        "factors": Whole(8, 256, log=True),
        "regularization": Real(0.01, 1000.0, log=True),
        "alpha": Real(0.1, 100.0, log=True),
    }

    def __init__(
        self,
        config: AlsConfig,
        y: NDArray[np.float32],
        warm: NDArray[np.int32],
        prior: NDArray[np.float32],
    ) -> None:
        self.config = config
        self.y = y
        self.warm = warm
        self.prior = prior

    @classmethod
    def fit(cls, config: AlsConfig, train: Dataset, seed: int = 0) -> Self:
        """Factorise the weights of the training events, starting from random vectors.

        Each vector is solved for by itself, so the number of threads does not change the result.
        """
        from implicit.cpu.als import AlternatingLeastSquares

        def build() -> Any:
            return AlternatingLeastSquares(
                factors=config.factors,
                regularization=config.regularization,
                alpha=config.alpha,
                iterations=config.iterations,
                random_state=seed,
            )

        x, _, warm = warm_matrix(train.interactions)
        prior = popularity_prior(train.interactions)
        if not len(warm):
            return cls(config, np.zeros((0, config.factors), np.float32), warm, prior)
        _, y = factorise(build, x, "als", config.iterations)
        return cls(config, y, warm, prior)

    @classmethod
    def restore(
        cls, config: AlsConfig, state: State, catalogue: Catalogue, interactions: Interactions
    ) -> Self:
        """The model that gave this ``state``."""
        return cls(config, state["y"], state["warm"], state["prior"])

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Scores (rows, items).

        Raises:
            Unsupported: a row has a query.
        """
        no_queries(self.name, requests)
        x = self._chosen(requests)
        scores = spread(self._fold_in(x) @ self.y.T, self.warm, len(self.prior))
        scores[np.diff(x.indptr) == 0] = self.prior
        return scores

    def item_vectors(self) -> NDArray[np.float32]:
        """Learned vectors (items, factors); zeros for items without training events."""
        return self._vectors

    def user_vectors(self, requests: Requests) -> NDArray[np.float32]:
        """Vectors solved for from the histories, (rows, factors); zeros where no item is known.

        Raises:
            Unsupported: a row has a query.
        """
        no_queries(self.name, requests)
        return self._fold_in(self._chosen(requests))

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        return over_catalogue(self.y, self.warm, len(self.prior))

    @cached_property
    def _fold_in(self) -> FoldIn:
        return FoldIn(self.y, self.config.alpha, self.config.regularization)

    @cached_property
    def _place(self) -> NDArray[np.int32]:
        """The row of ``y`` of each item, (items,), -1 where it has none."""
        place = np.full(len(self.prior), -1, np.int32)
        place[self.warm] = np.arange(len(self.warm), dtype=np.int32)
        return place

    def _chosen(self, requests: Requests) -> csr_array:
        """The weights of the histories, (rows, warm)."""
        history = requests.history
        return row_matrix(history.with_items(self._place[history.item]), len(self.warm))

    def state(self) -> State:
        """The vectors of the items with events, their codes, and the popularity of every item."""
        return {"y": self.y, "warm": self.warm, "prior": self.prior}

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """Refused.

        Raises:
            Unsupported: always; an item without events has no vector.
        """
        no_new_items(self.name)


class FoldIn:
    """The vectors of users from what they chose, the vectors of the items being fixed."""

    def __init__(self, y: NDArray[np.float32], alpha: float, regularization: float) -> None:
        """Work out what is the same for every user.

        Args:
            y: (items, factors).
            alpha: confidence in an event of weight 1.
            regularization: strength of the penalty.
        """
        self._wide = y.astype(np.float64)
        self._alpha = alpha
        self._common = self._wide.T @ self._wide + regularization * np.eye(y.shape[1])

    def __call__(self, x: csr_array) -> NDArray[np.float32]:
        """Solve for some users: weights (users, items) -> vectors (users, factors) float32."""
        wide, width = self._wide, self._wide.shape[1]
        users = np.zeros((x.shape[0], width), np.float32)
        step = max(1, min(256, SYSTEMS // max(1, width**2)))
        for start in range(0, x.shape[0], step):
            rows = range(start, min(start + step, x.shape[0]))
            left = np.repeat(self._common[None], len(rows), axis=0)  # (rows, factors, factors)
            right = np.zeros((len(rows), width))
            for place, row in enumerate(rows):
                part = slice(x.indptr[row], x.indptr[row + 1])
                confidence = self._alpha * x.data[part].astype(np.float64)
                chosen = wide[x.indices[part]]
                left[place] += (chosen * (confidence - 1.0)[:, None]).T @ chosen
                right[place] = confidence @ chosen
            users[rows.start : rows.stop] = np.linalg.solve(left, right[:, :, None])[:, :, 0]
        return users
