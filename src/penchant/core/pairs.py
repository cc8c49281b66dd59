"""Somebody, an item, and a moment: what a click or a rating is foretold for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .requests import Requests
from .sequences import Rows, Sequences

NEWEST = 500
"""Events of a history that are given with a pair, the newest ones."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Questions of the form "would this one like that item now?", one a row.

    Attributes:
        requests: who is asked about, with what each did before, one row a pair.
        item: the item of each pair, in the codes of ``requests.items``, (rows,) int32; ``UNKNOWN``
            for an item outside the catalogue.
        time: when the item is shown, in the unit of ``requests.history.time``, (rows,) float64.
    """

    requests: Requests
    item: NDArray[np.int32]
    time: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.item)

    def __getitem__(self, rows: Rows) -> Pairs:
        """Some of the pairs, in the order asked for."""
        return Pairs(self.requests[rows], self.item[rows], self.time[rows])


def before(
    events: Sequences, row: NDArray[np.integer], time: NDArray[np.float64], most: int = NEWEST
) -> Sequences:
    """What each had done strictly before a moment: events of the same time are not known.

    Args:
        events: all events, one row a user, oldest first.
        row: the row of ``events`` that each question is about, -1 for somebody without events,
            (questions,).
        time: the moment of each question, (questions,).
        most: newest events kept.

    Returns:
        one row a question.
    """
    known = np.asarray(row) >= 0
    start = np.where(known, events.indptr[:-1][row] if len(events) else 0, 0)
    stop = np.where(known, events.indptr[1:][row] if len(events) else 0, 0)
    end = start.copy()
    for at in np.flatnonzero(known):
        span = events.time[start[at] : stop[at]]
        end[at] = start[at] + np.searchsorted(span, time[at], side="left")
    start = np.maximum(start, end - most)
    lengths = end - start
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    picked = np.repeat(start - indptr[:-1], lengths) + np.arange(indptr[-1])
    return Sequences(
        indptr,
        events.item[picked],
        events.time[picked],
        events.weight[picked],
        events.kind[picked],
        events.value[picked],
    )
