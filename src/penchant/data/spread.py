"""How counts are distributed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEPS = tuple(step * 10**power for power in range(7) for step in (1, 2, 5))
"""Lower edges of the bins of counts."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How counts are distributed.

    Attributes:
        mean: of all counts.
        median: half of the counts are no larger.
        p90: nine in ten are no larger.
        most: the largest.
        bins: how many counts lie from 1, 2, 5, 10, 20, ... up to the next of these, by the label
            of the bin, such as ``"5-9"``; from the first bin that has any.
    """

    mean: float
    median: float
    p90: float
    most: int
    bins: dict[str, int]


def spread(counts: NDArray[np.integer]) -> Spread:
    """Summarise counts (n,), all at least 1."""
    if not len(counts):
        return Spread(0.0, 0.0, 0.0, 0, {})
    most = int(counts.max())
    low = max(step for step in STEPS if step <= counts.min())
    edges = [step for step in STEPS if low <= step <= most]
    inside = np.histogram(counts, [*edges, most + 1])[0].tolist()
    ends = [*(edge - 1 for edge in edges[1:]), max(most, edges[-1])]
    bins = {
        str(start) if start == end else f"{start:,}-{end:,}": int(n)
        for start, end, n in zip(edges, ends, inside, strict=True)
    }
    median, p90 = np.quantile(counts, [0.5, 0.9])
    return Spread(float(counts.mean()), float(median), float(p90), most, bins)
