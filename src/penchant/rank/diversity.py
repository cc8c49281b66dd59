"""Lists that are not all alike: what each candidate would add to those already placed.

Both ways keep a number for each candidate that falls as like items are placed, so that a step costs
one product of the candidates with the item placed last.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .config import DPP, MMR

_LEAST = 1e-6
"""Below this the volume that a candidate would add is rounding of the cosines (float32)."""


class Diversity(Protocol):
    """What the candidates add to a list that grows by one item at a time."""

    def gains(self) -> NDArray[np.float32]:
        """What each candidate would add now, (n,)."""
        ...

    def take(self, index: int) -> None:
        """The candidate at ``index`` was placed."""
        ...


def diversity_of(config: MMR | DPP, vectors: NDArray[np.floating]) -> Diversity:
    """The way that a config asks for, over the vectors of the candidates (n, dim)."""
    return MarginalRelevance(vectors) if isinstance(config, MMR) else Determinant(vectors)


class MarginalRelevance:
    """Minus the cosine with the most similar item placed, 0 while there is none.

    With relevance r and weight w the next item is the one of greatest ``(1 - w) r - w max cos``
    (Carbonell and Goldstein 1998, The Use of MMR).

    Args:
        vectors: (n, dim), of any length; a zero vector is like no other.
    """

    def __init__(self, vectors: NDArray[np.floating]) -> None:
        self._unit = unit(vectors)
        self._nearest: NDArray[np.float32] | None = None

    def gains(self) -> NDArray[np.float32]:
        """Minus the greatest cosine with an item placed, (n,)."""
        if self._nearest is None:
            return np.zeros(len(self._unit), np.float32)
        return -self._nearest

    def take(self, index: int) -> None:
        """Compare the candidates with one more item placed."""
        cosine = self._unit @ self._unit[index]
        if self._nearest is not None:
            np.maximum(cosine, self._nearest, out=cosine)
        self._nearest = cosine


class Determinant:
    """The logarithm of the volume that each candidate adds to the items placed.

    With kernel S = (1 + cos) / 2, 1 on its diagonal, the next item is the one of greatest
    ``(1 - w) r + w (log det S[placed + item] - log det S[placed])``; the difference is the
    logarithm of a squared diagonal entry of the Cholesky factor, kept up by one row a step (Chen
    et al. 2018, Fast Greedy MAP Inference for Determinantal Point Process, algorithm 1).

    Args:
        vectors: (n, dim), of any length; a zero vector is half like every other.
    """

    def __init__(self, vectors: NDArray[np.floating]) -> None:
        # the kernel as plain products: cos / 2 + 1 / 2
        half = np.full((len(vectors), 1), np.sqrt(0.5), np.float32)
        self._rooted = np.hstack([unit(vectors) * np.float32(np.sqrt(0.5)), half])  # (n, dim + 1)
        self._left = np.ones(len(vectors))  # the squared diagonal entries, (n,)
        self._factor = np.zeros((16, len(vectors)))  # of Cholesky, (placed, n) and room for more
        self._placed = 0

    def gains(self) -> NDArray[np.float32]:
        """The logarithm of the volume added, (n,)."""
        return np.log(np.maximum(self._left, _LEAST)).astype(np.float32)

    def take(self, index: int) -> None:
        """Take away from every candidate what it shares with the item placed."""
        if self._left[index] <= _LEAST:
            return  # it shares with nobody what is not taken away already
        if self._placed == len(self._factor):
            self._factor = np.concatenate([self._factor, np.zeros_like(self._factor)])
        earlier, row = self._factor[: self._placed], self._factor[self._placed]
        row[:] = self._rooted @ self._rooted[index]
        row[index] = 1.0
        row -= earlier[:, index] @ earlier
        row /= np.sqrt(self._left[index])
        self._left -= row * row
        self._placed += 1


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """The vectors at length 1 (n, dim); zero vectors stay zero."""
    vectors = np.asarray(vectors, np.float32)
    length = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    length[length == 0] = 1.0
    unit: NDArray[np.float32] = vectors / length[:, None]
    return unit
