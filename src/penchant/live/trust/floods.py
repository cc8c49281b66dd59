"""Floods: more events of one user than anybody means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import Sequences

HOUR = 3600.0


def repeated(events: Sequences, most: int) -> NDArray[np.float64]:
    """A weight for each event, so that a user's events on one item count as ``most`` at most.

    The events of a user on an item who has n > ``most`` of them weigh ``most / n`` each: none of
    them is special.

    Args:
        events: one row a user.
        most: events that count.

    Returns:
        (events,) in (0, 1].
    """
    if not len(events.item):
        return np.ones(0)
    key = events.row.astype(np.int64) * (int(events.item.max()) + 1) + events.item
    _, which, count = np.unique(key, return_inverse=True, return_counts=True)
    return np.asarray(np.minimum(1.0, most / count[which]), np.float64)


def too_fast(events: Sequences, most: int, window: float = HOUR) -> NDArray[np.bool_]:
    """Which events come after ``most`` others of the same user within a window before them.

    Args:
        events: one row a user, with times in seconds, oldest first.
        most: events within the window.
        window: seconds.

    Returns:
        (events,).
    """
    place = np.arange(len(events.item))
    before = place - most
    same = before >= events.indptr[:-1][events.row]
    late = np.zeros(len(place), np.bool_)
    late[same] = events.time[place[same]] - events.time[before[same]] < window
    return late


def crowded(
    row: NDArray[np.int64], item: NDArray[np.int64], thin: NDArray[np.bool_], items: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Weights for the crowds of thin profiles on an item that chance does not explain.

    A user with one or two events cannot be judged; many of them on one item may be a flood of
    throw-away accounts, or a hit. What is above the mean number by five standard deviations
    (binomial, at the share of thin users in the data, and never below ten) is weighed down to that.

    Args:
        row: user of each entry, (entries,).
        item: item of each entry, (entries,).
        thin: which users are thin, (users,).
        items: number of items.

    Returns:
        a weight for each item's thin entries (items,), and how many thin users it has (items,).
    """
    raters = np.bincount(item, minlength=items)
    found = np.bincount(item[thin[row]], minlength=items)
    share = found.sum() / max(raters.sum(), 1)
    expected = share * raters
    allowed = np.maximum(expected + 5.0 * np.sqrt(expected * (1.0 - share)), 10.0)
    return np.minimum(1.0, allowed / np.maximum(found, 1)), found
