"""Which requests belong together, so that averages do not hide cold items or new users."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import Holdout, Interactions

_LENGTHS = ((0, 0), (1, 4), (5, 9), (10, 19), (20, None))

Masks = dict[str, NDArray[np.bool_]]


def training_counts(interactions: Interactions, test: Holdout) -> NDArray[np.int64]:
    """Training events of each item, in the codes of the test's requests, (items,)."""
    place = test.requests.items.onto(interactions.items)
    counts = np.append(interactions.counts(), 0)
    return counts[place]  # an item that training does not know takes the last


def masks(test: Holdout, interactions: Interactions) -> Masks:
    """Name of a slice -> which requests are in it, (rows,); only slices that occur.

    ===================  =======================================================================
    ``warm-user`` ...    as the split calls its requests
    ``warm-item``        every answer has training events
    ``cold-item``        no answer has training events
    ``tail-answer``      every answer is without training events or among the least popular items
                         that make up half of them (the first met in training first among equals)
    ``history-5-9`` ...  by the number of events in the request's history
    ===================  =======================================================================
    """
    counts = training_counts(interactions, test)
    rows, truth = test.truth.row, test.truth.item
    of_split = np.asarray(test.slices)
    out: Masks = {name: of_split == name for name in sorted(set(test.slices))}
    cold = counts[truth] == 0
    tail = _tail(interactions, test) | (counts == 0)
    found = {
        "warm-item": _all(~cold, rows, len(test)),
        "cold-item": _all(cold, rows, len(test)),
        "tail-answer": _all(tail[truth], rows, len(test)),
    }
    lengths = test.requests.history.lengths
    for low, high in _LENGTHS:
        name = f"history-{low}+" if high is None else f"history-{low}-{high}"
        inside = (lengths >= low) & (lengths <= (lengths.max(initial=0) if high is None else high))
        found["history-0" if high == 0 else name] = inside
    for name, mask in found.items():
        out.setdefault(name, mask)
    return {name: mask for name, mask in out.items() if mask.any()}


def bands(counts: NDArray[np.integer]) -> NDArray[np.int8]:
    """Each item's band of popularity (items,): 0 head, 1 tail, 2 without training events.

    The head is the most popular items that make up half of the events, the tail the others.
    """
    order = np.argsort(counts, kind="stable")
    within = np.cumsum(counts[order]) <= counts.sum() / 2
    band = np.zeros(len(counts), np.int8)
    band[order[within]] = 1
    band[counts == 0] = 2
    return band


def _tail(interactions: Interactions, test: Holdout) -> NDArray[np.bool_]:
    """The least popular items that make up half of the training events, in the test's codes."""
    item, first = np.unique(interactions.events.item, return_index=True)
    counts = interactions.counts()
    item = item[np.lexsort((first, counts[item]))]  # rare first, then the first met
    tail = np.zeros(len(counts) + 1, np.bool_)
    tail[item[np.cumsum(counts[item]) <= counts.sum() / 2]] = True
    tail[-1] = False  # an item that training does not know
    return tail[test.requests.items.onto(interactions.items)]


def _all(holds: NDArray[np.bool_], row: NDArray[np.integer], rows: int) -> NDArray[np.bool_]:
    """Rows with answers, all of which hold, (rows,)."""
    total = np.bincount(row, minlength=rows)
    return np.asarray((np.bincount(row[holds], minlength=rows) == total) & (total > 0))
