"""Batches of rows of like length, texts or histories, so that little of them is padding.

Padding every history to the longest one wastes most of the work where histories are short: on a
catalogue with nine events a user, padding to fifty made an epoch six times as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def batches_by_length(
    lengths: NDArray[np.integer],
    budget: int,
    slack: float = 0.04,
    rng: np.random.Generator | None = None,
) -> Iterator[NDArray[np.int64]]:
    """Rows in batches of like length under a budget.

    To read texts once, leave ``slack`` small: then hardly a token is padding. To train, let it be 1:
    then every batch but the last is full, and the budget alone bounds the padding.

    Args:
        lengths: tokens, or events, of each row, (rows,).
        budget: most of them a batch may have, padding included; a longer row goes alone.
        slack: how much shorter than the longest of its batch a row may be, as a share of it.
        rng: draws the order of the batches, and of rows of equal length. None: longest first, so
            that memory peaks at the first batch and not hours later, and equal rows as they stand.

    Yields:
        row numbers, (batch,) int64; every row exactly once.

    >>> [b.tolist() for b in batches_by_length(np.array([3, 9, 3, 9, 9]), budget=18)]
    [[1, 3], [4], [0, 2]]
    """
    sizes = np.asarray(lengths, np.int64)
    ties = np.arange(len(sizes)) if rng is None else rng.random(len(sizes))
    order = np.lexsort((ties, -sizes))
    falling = -sizes[order]
    cuts = [0]
    while cuts[-1] < len(order):
        start = cuts[-1]
        longest = -int(falling[start])
        most = max(1, budget // max(1, longest))
        shortest = longest - int(longest * slack)
        alike = int(np.searchsorted(falling, -shortest, side="right"))
        cuts.append(min(start + most, alike))
    batches = list(pairwise(cuts))
    if rng is not None:
        rng.shuffle(batches)
    for start, stop in batches:
        yield order[start:stop]
