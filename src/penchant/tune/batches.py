"""Batches of nearly equal length under a token budget.

Padding every history to the longest one wastes most of the work where histories are short: on a
catalogue with nine events a user, padding to fifty made an epoch six times as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from penchant.core import Sequences


def windows(events: Sequences, length: int) -> Sequences:
    """Cut long rows into windows of at most ``length`` events, so that every event is learned from.

    Windows are counted from the newest event, and each begins with the last event of the one
    before it, so that every event but the first of a row is the target of exactly one window.

    Args:
        events: histories, oldest event first.
        length: most events in a window, at least 2.

    Returns:
        One row a window with at least two events.
    """
    starts, stops = events.indptr[:-1], events.indptr[1:]
    step = length - 1
    pieces = np.maximum(1, -(-(stops - starts - 1) // step))
    row = np.repeat(np.arange(len(events)), pieces)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    stop = stops[row] - nth * step
    start = np.maximum(starts[row], stop - length)
    keep = stop - start >= 2
    start, stop = start[keep], stop[keep]
    size = stop - start
    indptr = np.concatenate([[0], np.cumsum(size)])
    chosen = np.repeat(start - indptr[:-1], size) + np.arange(indptr[-1])
    return Sequences(
        indptr,
        events.item[chosen],
        events.time[chosen],
        events.weight[chosen],
        events.kind[chosen],
        events.value[chosen],
    )


def by_length(
    lengths: NDArray[np.int64], tokens: int, rng: np.random.Generator | None = None
) -> Iterator[NDArray[np.int64]]:
    """Group rows into batches whose padded size stays within a budget.

    Rows are sorted by length, equal lengths in random order, cut where the next row would break
    the budget, and the batches come in random order.

    Args:
        lengths: events of each row, (rows,).
        tokens: most events in a batch, padding counted; a longer single row is a batch alone.
        rng: order at random; None keeps the sorted order, longest first.

    Yields:
        Row numbers of one batch, (batch,).
    """
    noise = rng.random(len(lengths)) if rng is not None else np.arange(len(lengths))
    order = np.lexsort((noise, -lengths))
    cuts, at = [0], 0
    while at < len(order):
        at += max(1, tokens // int(lengths[order[at]] or 1))
        cuts.append(min(at, len(order)))
    batches = list(pairwise(cuts))
    if rng is not None:
        rng.shuffle(batches)
    for start, stop in batches:
        yield order[start:stop]
