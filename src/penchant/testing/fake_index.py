"""A fake index, and the plainest one there is: what the others are compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.core import UNKNOWN


class FakeIndex:
    """Vectors by code in a dict, every one multiplied and sorted in Python.

    Args:
        vectors: (n, dim), of the first items.
    """

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self.vectors = dict(enumerate(np.array(vectors, np.float32)))
        self.size = len(vectors)

    def __len__(self) -> int:
        return self.size

    def search(
        self,
        vectors: NDArray[np.float32],
        k: int,
        allowed: NDArray[np.bool_] | None = None,
        without: Sequence[NDArray[np.integer]] | None = None,
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The best ``k`` of each row, by score and then by the lower code."""
        codes = np.full((len(vectors), k), UNKNOWN, np.int32)
        scores = np.full((len(vectors), k), -np.inf, np.float32)
        for row, vector in enumerate(vectors):
            out = set() if without is None else set(np.asarray(without[row]).tolist())
            mask = allowed if allowed is None or allowed.ndim == 1 else allowed[row]
            ranked = sorted(
                (-float(np.dot(vector, other)), code)
                for code, other in self.vectors.items()
                if code not in out and (mask is None or (code < len(mask) and mask[code]))
            )
            for place, (score, code) in enumerate(ranked[:k]):
                codes[row, place], scores[row, place] = code, -score
        return codes, scores

    def add(self, vectors: NDArray[np.float32], codes: NDArray[np.integer] | None = None) -> None:
        """Add items, or give items new vectors."""
        names = range(self.size, self.size + len(vectors)) if codes is None else codes
        for code, vector in zip(names, np.array(vectors, np.float32), strict=True):
            self.vectors[int(code)] = vector
            self.size = max(self.size, int(code) + 1)

    def remove(self, codes: NDArray[np.integer]) -> None:
        """Take items out."""
        for code in codes:
            self.vectors.pop(int(code), None)
