"""The baseline of clicks and ratings: the mean of the user and the mean of the item, added."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import Interactions

Array = NDArray[np.float64]

USER_DAMPING = 10.0
ITEM_DAMPING = 3.0
"""Events at the mean of all that are added to those of a user, and of an item."""


def added_means(
    train: Interactions, test: Interactions, label: tuple[Array, Array], *, causal: bool
) -> Array:
    """``user mean + item mean - mean``, each smoothed, for every test event, (events,).

    Args:
        train: the training events.
        test: the events that are foretold.
        label: what came of the training and of the test events.
        causal: whether the means go on with the test events, each strictly before its time. Those
            of items need times: positions cannot be compared between users.
    """
    learned, truth = label
    mean = float(learned.mean()) if len(learned) else 0.0
    user = test.users.onto(train.users)[test.events.row]
    item = test.items.onto(train.items)[test.events.item]
    out = np.full(len(truth), mean)
    for damping, trained, asked, codes, number, goes_on in (
        (USER_DAMPING, train.events.row, test.events.row, user, len(train.users), causal),
        (
            ITEM_DAMPING,
            train.events.item,
            test.events.item,
            item,
            len(train.items),
            causal and test.timed,
        ),
    ):
        total = np.append(np.bincount(trained, learned - mean, number), 0.0)[codes]
        count = np.append(np.bincount(trained, minlength=number), 0.0)[codes]
        if goes_on:
            more, further = _earlier(asked, test.events.time, truth - mean)
            total, count = total + further, count + more
        out += total / (count + damping)
    return out


def _earlier(group: NDArray[np.integer], time: Array, value: Array) -> tuple[Array, Array]:
    """Events of the same group strictly before each, and the sum of their values."""
    order = np.lexsort((time, group))
    group, time = group[order], time[order]
    total = np.concatenate([[0.0], np.cumsum(value[order])])
    places = np.arange(len(group))
    new = np.append(True, group[1:] != group[:-1])[: len(group)]
    later = new | np.append(True, time[1:] != time[:-1])[: len(group)]
    start = np.maximum.accumulate(np.where(new, places, 0))
    end = np.maximum.accumulate(np.where(later, places, 0))
    count, summed = np.empty(len(group)), np.empty(len(group))
    count[order] = end - start
    summed[order] = total[end] - total[start]
    return count, summed
