"""Some of an index's items, searched together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penchant.core import UNKNOWN

from .protocols import Codes, Found, Mask, Searcher, Vectors


@dataclass(frozen=True, slots=True)
class Layer:
    """Rows with the codes of the items that they are. It never changes; others are made of it.

    Attributes:
        searcher: the rows.
        codes: (n,) of the rows; each at most once among those alive.
        ascending: whether the codes are.
        alive: (n,) whether a row stands for its item still; all do if None.
    """

    searcher: Searcher
    codes: Codes
    ascending: bool
    alive: Mask | None = None

    def __len__(self) -> int:
        """Rows, alive or not."""
        return len(self.codes)

    @property
    def count(self) -> int:
        """Rows alive."""
        return len(self) if self.alive is None else int(np.count_nonzero(self.alive))

    def search(self, vectors: Vectors, k: int, allowed: Mask | None) -> Found:
        """The best items of each row: codes (rows, k) and scores (rows, k)."""
        rows, scores = self.searcher.nearest(vectors, k, self._mask(allowed))
        if not len(self):
            return rows, scores
        codes = self.codes[rows]
        codes[rows == UNKNOWN] = UNKNOWN
        return codes, scores

    def buried(self, codes: Codes) -> Layer:
        """Without the rows of these items."""
        rows = self._rows(codes)
        if not len(rows):
            return self
        alive = np.ones(len(self), np.bool_) if self.alive is None else self.alive.copy()
        alive[rows] = False
        return replace(self, alive=alive)

    def living(self) -> tuple[Codes, Vectors]:
        """Codes (n,) and vectors (n, dim) of the rows alive, copied, in ascending order of code."""
        rows = np.arange(len(self)) if self.alive is None else np.flatnonzero(self.alive)
        if not self.ascending:
            rows = rows[np.argsort(self.codes[rows], kind="stable")]
        return self.codes[rows], self.searcher.vectors[rows]

    def _rows(self, codes: Codes) -> NDArray[np.int64]:
        if not len(self):
            return np.zeros(0, np.int64)
        if self.ascending:
            at = np.minimum(np.searchsorted(self.codes, codes), len(self) - 1)
            found: NDArray[np.int64] = at[self.codes[at] == codes]
            return found
        return np.flatnonzero(np.isin(self.codes, codes))

    def _mask(self, allowed: Mask | None) -> Mask | None:
        """The rows that may be listed: (n,), or (rows, n)."""
        if allowed is None or not len(self):
            return self.alive
        end = allowed.shape[-1]
        if self.ascending and self.codes[0] == 0 and self.codes[-1] == len(self) - 1 <= end - 1:
            mask = allowed[..., : len(self)]  # code and row are the same number
        else:
            inside = self.codes < end
            mask = np.zeros((*allowed.shape[:-1], len(self)), np.bool_)
            mask[..., inside] = allowed[..., self.codes[inside]]
        return mask if self.alive is None else mask & self.alive
