"""What a log told, as columns to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penchant.store.log import Change, EventStored, ItemPut, UserErased

from ..erased import Erased
from ..followed import Followed

if TYPE_CHECKING:
    import polars as pl

PAGE = 10_000
"""Changes that are read at once."""


class Heard:
    """The events and items of a log, read on from where the last look ended.

    Attributes:
        seq: up to which it was read.
        erased: who was erased.

    Args:
        log: that is read.
    """

    def __init__(self, log: Followed) -> None:
        self._log = log
        self._forget()

    def _forget(self) -> None:
        self.seq = 0
        self.erased = Erased()
        self._columns: dict[str, list[Any]] = {
            "user_id": [],
            "item_id": [],
            "timestamp": [],
            "event": [],
            "value": [],
            "arrived": [],
        }
        self._received: list[float] = []
        self._items: dict[str, dict[str, object]] = {}

    def catch_up(self) -> int:
        """Read what is new; how many changes that were.

        Where somebody was erased whose events were read, everything is read once more.

        Raises:
            LogError: the log cannot be read now.
        """
        count = 0
        while page := self._log.changes(self.seq, PAGE):
            gone = Erased.of(change for change in page if isinstance(change, UserErased))
            if gone and gone.found_in(set(self._columns["user_id"])):
                self._forget()  # the log no longer has them
                continue
            self.erased.add(gone)
            for change in page:
                self._take(change)
            self.seq = page[-1].seq
            count += len(page)
        return count

    @property
    def events(self) -> pl.DataFrame:
        """``user_id``, ``item_id``, ``timestamp``, ``event``, ``value`` and ``arrived``, the ``seq``."""
        import polars as pl

        schema: dict[str, Any] = {
            "user_id": pl.String,
            "item_id": pl.String,
            "timestamp": pl.Float64,
            "event": pl.String,
            "value": pl.Float64,
            "arrived": pl.Int64,
        }
        return pl.DataFrame(self._columns, schema=schema)

    @property
    def items(self) -> list[dict[str, object]]:
        """The last put of each item, with its ``item_id``."""
        return list(self._items.values())

    def since(self, moment: float) -> int:
        """The ``seq`` of the last event that was received before a moment, 0 where none was.

        Args:
            moment: seconds since 1970 (UTC), by the clock of the log.
        """
        received: NDArray[np.float64] = np.asarray(self._received)
        early = np.flatnonzero(received < moment)
        return int(self._columns["arrived"][early[-1]]) if len(early) else 0

    def _take(self, change: Change) -> None:
        if isinstance(change, EventStored):
            event = change.event
            row = event.user_id, event.item_id, change.time, event.event, event.value, change.seq
            for column, value in zip(self._columns.values(), row, strict=True):
                column.append(value)
            self._received.append(change.received_at)
        elif isinstance(change, ItemPut):
            self._items[change.item_id] = {**change.fields, "item_id": change.item_id}
