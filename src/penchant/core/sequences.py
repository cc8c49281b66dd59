"""Ragged lists of events, the form in which every room passes histories around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = slice | NDArray[np.integer] | NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sequences:
    """Lists of events of different lengths, one list a row, oldest event first.

    Attributes:
        indptr: where each row starts and ends in the other arrays, (rows + 1,) int64.
        item: item codes, (events,) int32.
        time: seconds since 1970 (UTC), or the event's position where no times are known,
            (events,) float64.
        weight: how much each event counts, (events,) float32; 1 unless the feedback says else.
        kind: code of the kind of event, (events,) int16.
        value: rating or quantity, (events,) float32; NaN where none was given.
    """

    indptr: NDArray[np.int64]
    item: NDArray[np.int32]
    time: NDArray[np.float64]
    weight: NDArray[np.float32]
    kind: NDArray[np.int16]
    value: NDArray[np.float32]

    @classmethod
    def of_items(
        cls,
        lengths: NDArray[np.integer],
        item: NDArray[np.integer],
        time: NDArray[np.float64] | None = None,
    ) -> Sequences:
        """Rows of bare items: position as time, weight 1, kind 0, no value.

        Args:
            lengths: events in each row, (rows,).
            item: item codes of all rows, one after the other, (events,).
            time: optional times, (events,).
        """
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        n = len(item)
        if time is None:
            time = (np.arange(n) - np.repeat(indptr[:-1], np.diff(indptr))).astype(np.float64)
        return cls(
            indptr,
            np.asarray(item, np.int32),
            time,
            np.ones(n, np.float32),
            np.zeros(n, np.int16),
            np.full(n, np.nan, np.float32),
        )

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Events in each row, (rows,)."""
        return np.diff(self.indptr)

    @property
    def row(self) -> NDArray[np.int32]:
        """The row of each event, (events,)."""
        return np.repeat(np.arange(len(self), dtype=np.int32), self.lengths)

    def items_of(self, row: int) -> NDArray[np.int32]:
        """The item codes of one row, oldest first."""
        return self.item[self.indptr[row] : self.indptr[row + 1]]

    def where(self, keep: NDArray[np.bool_]) -> Sequences:
        """The same rows with only the events for which ``keep`` (events,) holds."""
        indptr = np.concatenate([[0], np.cumsum(keep)])[self.indptr].astype(np.int64)
        return self._picked(indptr, np.flatnonzero(keep))

    def last(self, n: int) -> Sequences:
        """The same rows with their last ``n`` events."""
        if self.lengths.max(initial=0) <= n:
            return self
        return self.where(self.indptr[1:][self.row] - np.arange(len(self.item)) <= n)

    def without_last(self, n: int = 1) -> Sequences:
        """The same rows without their last ``n`` events."""
        return self.where(self.indptr[1:][self.row] - np.arange(len(self.item)) > n)

    def __getitem__(self, rows: Rows) -> Sequences:
        """Some of the rows, in the order asked for."""
        chosen = np.arange(len(self))[rows]
        lengths = self.lengths[chosen]
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        starts = self.indptr[:-1][chosen]
        events = np.repeat(starts - indptr[:-1], lengths) + np.arange(indptr[-1])
        return self._picked(indptr, events)

    def with_items(self, item: NDArray[np.int32]) -> Sequences:
        """The same events with other item codes; events whose code is negative are dropped."""
        moved = Sequences(self.indptr, item, self.time, self.weight, self.kind, self.value)
        return moved if (item >= 0).all() else moved.where(item >= 0)

    def joined(self, other: Sequences) -> Sequences:
        """These rows and then the other ones."""
        return Sequences(
            np.concatenate([self.indptr, other.indptr[1:] + self.indptr[-1]]),
            np.concatenate([self.item, other.item]),
            np.concatenate([self.time, other.time]),
            np.concatenate([self.weight, other.weight]),
            np.concatenate([self.kind, other.kind]),
            np.concatenate([self.value, other.value]),
        )

    def _picked(self, indptr: NDArray[np.int64], events: NDArray[np.int64]) -> Sequences:
        return Sequences(
            indptr,
            self.item[events],
            self.time[events],
            self.weight[events],
            self.kind[events],
            self.value[events],
        )
