"""Every row compared: exact, and fast as long as the matrix is not too long."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import UNKNOWN, top_k

from .protocols import Found, Mask, Vectors

_FEW = 8  # where at most one row in so many is allowed, gathering those beats comparing all
_SCORES = 1 << 24  # scores held at a time: 64 MB


class Matrix:
    """Rows of vectors, every one of them compared.

    Args:
        vectors: (n, dim), row after row in memory; may be mapped from a file.
        order: (n,) the rows in the order in which equal scores are listed; as they stand if None.
    """

    def __init__(self, vectors: Vectors, order: NDArray[np.int64] | None = None) -> None:
        self._vectors = vectors
        self._order = order

    @property
    def vectors(self) -> Vectors:
        """(n, dim)."""
        return self._vectors

    def nearest(self, vectors: Vectors, k: int, allowed: Mask | None) -> Found:
        """The best rows by inner product, exactly."""
        found = np.full((len(vectors), k), UNKNOWN, np.int32)
        scores = np.full((len(vectors), k), -np.inf, np.float32)
        rows, order = self._vectors, self._order
        if allowed is not None and allowed.ndim == 1 and _few(allowed):
            order = np.flatnonzero(allowed) if order is None else order[allowed[order]]
            rows, allowed = rows[order], None
        elif order is not None and allowed is not None:
            allowed = allowed[..., order]
        step = max(1, _SCORES // max(1, len(rows)))
        for start in range(0, len(vectors), step):
            part = slice(start, start + step)
            products = vectors[part] @ rows.T  # (step, n)
            if order is not None and rows is self._vectors:
                products = products[:, order]
            if allowed is not None:
                forbidden = ~(allowed if allowed.ndim == 1 else allowed[part])
                np.copyto(products, np.float32(-np.inf), where=forbidden)
            found[part], scores[part] = top_k(products, k)
        if order is not None and len(order):
            found = np.where(found == UNKNOWN, UNKNOWN, order[found]).astype(np.int32)
        return found, scores


def _few(allowed: Mask) -> bool:
    return int(np.count_nonzero(allowed)) * _FEW <= len(allowed)
