"""EASE: the best linear model from items to items, in closed form."""

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
    TrainingFailed,
)

from .base import no_new_items, no_queries, popularity_prior
from .matrix import BLOCK, row_matrix, spread, warm_items
from .settings import within

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from penchant.data import Dataset


@dataclass(frozen=True)
class EaseConfig:
    """How strongly EASE is held back."""

    l2: float = 100.0
    """Strength of the L2 penalty. Tens to hundreds are usual; more for more events."""

    def __post_init__(self) -> None:
        within(self, "l2", 0.0, float("inf"), open_low=True)


class Ease:
    """Scores of a history x (items,): ``x B``, with the B that best predicts the data from itself.

    B minimises ``|X - X B|^2 + l2 |B|^2`` with a zero diagonal. With ``P = (X'X + l2 I)^-1`` it is
    ``B = -P / diag(P)`` column by column, zero on the diagonal. X holds the weight of each user's
    events; an item that a user chose several times counts once, by its heaviest event.

    Only items with events enter. Training holds one dense (warm, warm) float32 matrix and the
    sparse ``X'X``; time grows with the cube of the items: about 100 GFLOP at 5,000 items.

    State: ``b`` (warm, warm) float32, ``warm`` (warm,) int32 item codes, ``prior`` (items,)
    float32. ``b`` is dense: 4 bytes times the square of the items with events (1.1 GB at 16,859).

    Source: H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019.
    """

    name: str = "ease"
    abilities: Abilities = Abilities(new_users=True, new_items=False, queries=False)
    Config: ClassVar[type[EaseConfig]] = EaseConfig
    space: ClassVar[Space] = {"l2": Real(1.0, 10_000.0, log=True)}

    def __init__(
        self,
        config: EaseConfig,
        b: NDArray[np.float32],
        warm: NDArray[np.int32],
        prior: NDArray[np.float32],
    ) -> None:
        self.config = config
        self.b = b
        self.warm = warm
        self.prior = prior

    @classmethod
    def fit(cls, config: EaseConfig, train: Dataset, seed: int = 0) -> Self:
        """Solve for B; ``seed`` changes nothing.

        Raises:
            TrainingFailed: ``l2`` is too small for this data in float32.
        """
        interactions = train.interactions
        warm = warm_items(interactions)
        x = row_matrix(interactions.events, len(interactions.items))[:, warm]
        return cls(config, item_weights(x, config.l2), warm, popularity_prior(interactions))

    @classmethod
    def restore(
        cls, config: EaseConfig, state: State, catalogue: Catalogue, interactions: Interactions
    ) -> Self:
        """The model that gave this ``state``."""
        return cls(config, state["b"], state["warm"], state["prior"])

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Scores (rows, items).

        Raises:
            Unsupported: a row has a query.
        """
        no_queries(self.name, requests)
        x = row_matrix(requests.history, len(self.prior))[:, self.warm]
        scores = spread(x @ self.b, self.warm, len(self.prior))
        scores[np.diff(x.indptr) == 0] = self.prior
        return scores

    def state(self) -> State:
        """B, the codes of its rows and columns, and the popularity of every item."""
        return {"b": self.b, "warm": self.warm, "prior": self.prior}

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """Refused.

        Raises:
            Unsupported: always; EASE has no column for an item without events.
        """
        no_new_items(self.name)


def item_weights(x: csr_array, l2: float) -> NDArray[np.float32]:
    """The matrix B of EASE.

    Args:
        x: (users, items) weights.
        l2: strength of the penalty.

    Returns:
        (items, items) float32, C order, zero diagonal.

    Raises:
        TrainingFailed: ``X'X + l2 I`` is not positive definite in float32.
    """
    from scipy.linalg import lapack  # here, as `import penchant` must stay light

    n = x.shape[1]
    if not n:
        return np.zeros((0, 0), np.float32)
    gram = (x.T @ x).toarray(order="F")  # (items, items)
    gram[np.diag_indices(n)] += l2
    # factorised and inverted in the place of the matrix itself: nothing else as large is alive
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1, clean=0)
    if not failed:
        factor, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise TrainingFailed(f"EASE with l2={l2:g} cannot be solved in float32. Try a larger l2.")
    # (items, items), C order; its upper triangle holds the inverse
    p: NDArray[np.float32] = factor.T
    for start in range(0, n, BLOCK):
        rows = slice(start, min(start + BLOCK, n))
        block = np.triu(p[rows, rows])
        p[rows, rows] = block + np.triu(block, 1).T
        p[rows.stop :, rows] = p[rows, rows.stop :].T
    p /= -p.diagonal()[None, :]
    p[np.diag_indices(n)] = 0.0
    return p
