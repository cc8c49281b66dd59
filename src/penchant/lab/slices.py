"""Which requests belong together, so that averages do not hide cold items or new users."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import Holdout, Interactions

_LENGTHS = (
    ("0", 0, 0),
    ("1-4", 1, 4),
    ("5-9", 5, 9),
    ("10-19", 10, 19),
    ("20+", 20, np.inf),
)  # name, least and most events of a history

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
    band = np.append(bands(interactions), 2)[test.requests.items.onto(interactions.items)]
    rows, truth = test.truth.row, test.truth.item
    of_split = np.asarray(test.slices)
    out: Masks = {name: of_split == name for name in sorted(set(test.slices))}
    found = {
        "warm-item": _all(band[truth] < 2, rows, len(test)),
        "cold-item": _all(band[truth] == 2, rows, len(test)),
        "tail-answer": _all(band[truth] > 0, rows, len(test)),
    }
    lengths = test.requests.history.lengths
    for name, low, high in _LENGTHS:
        found[f"history-{name}"] = (lengths >= low) & (lengths <= high)
    for name, mask in found.items():
        out.setdefault(name, mask)
    return {name: mask for name, mask in out.items() if mask.any()}


def bands(interactions: Interactions) -> NDArray[np.int8]:
    """Each item's band of popularity (items,): 0 head, 1 tail, 2 without training events.

    The tail is the least popular items that make up half of the training events (the first met
    first among equals), the head the others.
    """
    item, first, count = np.unique(interactions.events.item, return_index=True, return_counts=True)
    order = np.lexsort((first, count))  # rare first, then the first met
    band = np.full(len(interactions.items), 2, np.int8)
    band[item] = 0
    band[item[order][np.cumsum(count[order]) <= count.sum() / 2]] = 1
    return band


def _all(holds: NDArray[np.bool_], row: NDArray[np.integer], rows: int) -> NDArray[np.bool_]:
    """Rows with answers, all of which hold, (rows,)."""
    total = np.bincount(row, minlength=rows)
    return np.asarray((np.bincount(row[holds], minlength=rows) == total) & (total > 0))
