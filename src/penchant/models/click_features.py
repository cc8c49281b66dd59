"""What a click is foretold from: the factors, and how it went lately.

Times since the last event, events of a sitting and counts were tried as well: on validation data
they added nothing to these six, nor did boosted trees in place of the linear head.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import Pairs, Sequences

from .pair_factors import PairFactors, Vectors

Array = NDArray[np.float64]

NAMES = ("user bias", "item bias", "match", "last 5", "last 20", "fresh surplus")
"""The columns of a feature matrix."""

FRESH = NAMES.index("fresh surplus")
LATELY = slice(NAMES.index("last 5"), FRESH)

DAMPING = 4.0
"""Events without surplus added to an item's fresh ones."""


def features(factors: PairFactors, pairs: Pairs, vectors: Vectors) -> Array:
    """Features of pairs, (rows, features), nothing being known of the items since the factors.

    An item outside the catalogue has neither bias nor match.

    Args:
        factors: fitted on events before any of the pairs.
        pairs: histories with labels of 0 and 1 for values.
        vectors: ``factors.vectors`` of the pairs.
    """
    known = pairs.item >= 0
    return np.column_stack(
        [
            vectors.bias,
            np.where(known, factors.item_bias[pairs.item], 0.0),
            np.where(known, factors.of_pairs(vectors, pairs.item), 0.0),
            of_history(factors, pairs.requests.history),
            np.zeros(len(pairs)),
        ]
    ).astype(np.float64)


def of_history(factors: PairFactors, history: Sequences) -> Array:
    """How the newest 5 and the newest 20 events surpassed what their items get, (rows, 2)."""
    p = factors.posterior
    left = np.nan_to_num(history.value - p.mean - factors.item_bias[history.item]).astype(float)
    total = np.concatenate([[0.0], np.cumsum(left)])
    start, end = history.indptr[:-1], history.indptr[1:]
    columns = []
    for last, damping in ((5, 3.0), (20, 5.0)):
        first = np.maximum(start, end - last)
        columns.append((total[end] - total[first]) / (end - first + damping))
    return np.column_stack(columns)


def fresh_surplus(item: NDArray[np.int32], time: Array, surplus: Array, size: Array) -> Array:
    """The last feature, from the pairs themselves: an item's surplus strictly before each, (rows,).

    Args:
        item: of each pair, (rows,).
        time: of each pair, (rows,).
        surplus: its label less what was foretold; NaN where nobody knows the label, (rows,).
        size: training events of the item, which damp what is new, (rows,).
    """
    events, summed = _so_far(item, time, surplus)
    return summed / (events + size + DAMPING)


def _so_far(item: NDArray[np.int32], time: Array, surplus: Array) -> tuple[Array, Array]:
    """How many pairs with a label came strictly before, and the sum of their surplus."""
    order = np.lexsort((time, item))
    item, time, told = item[order], time[order], ~np.isnan(surplus[order])
    number = np.concatenate([[0.0], np.cumsum(told)])
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(surplus[order]))])
    new = np.ones(len(item), bool)
    new[1:] = item[1:] != item[:-1]
    later = new.copy()
    later[1:] |= time[1:] != time[:-1]
    places = np.arange(len(item))
    start = np.maximum.accumulate(np.where(new, places, 0))
    end = np.maximum.accumulate(np.where(later, places, 0))  # the first of the same time
    events, summed = np.empty(len(item)), np.empty(len(item))
    events[order] = number[end] - number[start]
    summed[order] = total[end] - total[start]
    return events, summed
