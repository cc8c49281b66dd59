"""Batches of texts of nearly the same length, so that hardly a token is padding."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def batches_by_length(
    lengths: NDArray[np.integer], budget: int, slack: float = 0.04
) -> Iterator[NDArray[np.int64]]:
    """Rows in batches, longest first, so that memory peaks at the first batch and not hours later.

    Args:
        lengths: tokens of each row, (rows,).
        budget: most tokens a batch may have, padding included; a longer row goes alone.
        slack: how much shorter than the longest of its batch a row may be, as a share of it.

    Yields:
        row numbers, (batch,) int64; every row exactly once.

    >>> [b.tolist() for b in batches_by_length(np.array([3, 9, 3, 9, 9]), budget=18)]
    [[1, 3], [4], [0, 2]]
    """
    order = np.argsort(-np.asarray(lengths, np.int64), kind="stable")
    sizes = np.asarray(lengths, np.int64)[order]
    start = 0
    while start < len(order):
        longest = int(sizes[start])
        most = max(1, budget // max(1, longest))
        shortest = longest - int(longest * slack)
        alike = int(np.searchsorted(-sizes, -shortest, side="right"))
        end = min(start + most, alike)
        yield order[start:end]
        start = end
