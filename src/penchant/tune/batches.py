"""Long histories as windows, so that every event is learned from."""

from __future__ import annotations

import numpy as np

from penchant.core import Sequences


def windows(events: Sequences, length: int) -> Sequences:
    """Cut long rows into windows of at most ``length`` events.

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
