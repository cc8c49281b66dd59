"""The seams of this room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]
Found = tuple[Codes, Vectors]
"""Codes (rows, k) int32 and scores (rows, k) float32, best first; short rows end in -1 and -inf."""


@runtime_checkable
class Index(Protocol):
    """Items by the inner product of their vectors with a question's. Safe to use from any thread."""

    def search(
        self,
        vectors: Vectors,
        k: int,
        allowed: Mask | None = None,
        without: Sequence[NDArray[np.integer]] | None = None,
    ) -> Found:
        """The best ``k`` items of each row; fewer only where fewer are allowed.

        Args:
            vectors: (rows, dim), of the questions.
            k: length of the lists.
            allowed: (items,) for all rows or (rows, items): which codes may be listed; all where
                None. Codes beyond its end may not: items that were added after it was made.
            without: codes not to list, an array a row; for the few that somebody has seen.

        Returns:
            codes (rows, k) and scores (rows, k), higher score first and lower code first among
            equals; short rows end in ``UNKNOWN`` and ``-inf``.

        Raises:
            UsageError: shapes that do not fit, or a value that is no finite number.
        """
        ...

    def add(self, vectors: Vectors, codes: NDArray[np.integer] | None = None) -> None:
        """Add items; the next search finds them.

        Args:
            vectors: (n, dim).
            codes: (n,) of items already known that get these vectors instead; None for new items,
                whose codes go on from ``len`` of the index.

        Raises:
            UsageError: shapes that do not fit, a value that is no finite number, or unknown codes.
        """
        ...

    def remove(self, codes: NDArray[np.integer]) -> None:
        """Take items out; no later search finds them. Their codes are not given again.

        Raises:
            UsageError: a code that was never given.
        """
        ...


class Searcher(Protocol):
    """Rows of vectors that can be searched: a matrix, or a graph over one. It never changes."""

    @property
    def vectors(self) -> Vectors:
        """(n, dim), not to be written to and not to be kept longer than the searcher."""
        ...

    def nearest(self, vectors: Vectors, k: int, allowed: Mask | None) -> Found:
        """As ``Index.search``, with the numbers of rows for codes and masks that have every row."""
        ...
