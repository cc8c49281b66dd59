"""The newest events of one user: sorted, bounded, and packed into two strings."""

from __future__ import annotations

import struct
import sys
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

_ROW = struct.Struct("<dq")  # time in seconds, seq
_END = "\0"  # no log takes a NUL in an id

OVERHEAD = 400
"""Bytes of a user besides the packed events: the id, the objects, a place in a dictionary; rounded up."""


class Kept(NamedTuple):
    """One event of a user, in the order in which histories are sorted.

    Attributes:
        time: seconds since 1970 (UTC), bounded by the moment at which it was received.
        event_id: decides between events of the same time.
        item_id: external id of the item.
        kind: such as ``click``.
        seq: number of the event in the log.
    """

    time: float
    event_id: str
    item_id: str
    kind: str
    seq: int


@dataclass(frozen=True, slots=True)
class History:
    """A value: the newest events of a user by (time, event id), oldest first.

    Adding is idempotent, commutative and associative: the history after some events is the newest
    ``keep`` of their set, whatever their order and however often each came (a join-semilattice, as
    in Shapiro et al. 2011, "Conflict-free replicated data types").

    Attributes:
        version: ``seq`` of the event in it that was stored last; 0 where there is none. Two histories
            of one user with the same version are the same.
        rows: time and seq of each event, 16 bytes each.
        text: event id, item id and kind of each event, each followed by a NUL.
    """

    version: int = 0
    rows: bytes = b""
    text: str = ""

    @classmethod
    def of(cls, events: Iterable[Kept], keep: int) -> History:
        """The newest ``keep`` of some events; of two with the same time and id one counts."""
        kept = sorted({(event.time, event.event_id): event for event in events}.values())[-keep:]
        return cls(
            max((event.seq for event in kept), default=0),
            b"".join(_ROW.pack(event.time, event.seq) for event in kept),
            "".join(map(_text, kept)),
        )

    def __len__(self) -> int:
        return len(self.rows) // _ROW.size

    def __iter__(self) -> Iterator[Kept]:
        parts = self.text.split(_END)
        for place, (time, seq) in enumerate(_ROW.iter_unpack(self.rows)):
            event, item, kind = parts[3 * place : 3 * place + 3]
            yield Kept(time, event, item, kind, seq)

    @property
    def times(self) -> list[float]:
        """Seconds, ascending, (events,)."""
        times: list[float] = np.frombuffer(self.rows, "<f8")[::2].tolist()
        return times

    @property
    def columns(self) -> tuple[list[str], list[float], list[str]]:
        """Item ids, times in seconds and kinds of event, (events,) each."""
        parts = self.text.split(_END)
        return parts[1::3], self.times, parts[2::3]

    @property
    def size(self) -> int:
        """Bytes of memory, about."""
        return OVERHEAD + len(self.rows) + sys.getsizeof(self.text)

    def with_event(self, event: Kept, keep: int) -> History:
        """This history and one more event, or this very object where that changes nothing.

        The usual event is newer than all others: it is appended without unpacking them.
        """
        packed = _ROW.pack(event.time, event.seq)
        version = max(self.version, event.seq)
        if not self.rows or event.time > _ROW.unpack_from(self.rows, len(self.rows) - _ROW.size)[0]:
            return History(version, self.rows + packed, self.text + _text(event))._last(keep)
        parts = self.text.split(_END)
        place = self._place(event, parts)
        if parts[3 * place] == event.event_id or (place == 0 and len(self) >= keep):
            return self
        parts[3 * place : 3 * place] = event.event_id, event.item_id, event.kind
        at = place * _ROW.size
        rows = self.rows[:at] + packed + self.rows[at:]
        return History(version, rows, _END.join(parts))._last(keep)

    def _place(self, event: Kept, parts: list[str]) -> int:
        """How many events come before this one."""
        times = self.times
        place = bisect_left(times, event.time)
        while place < len(times) and (times[place], parts[3 * place]) < event[:2]:
            place += 1
        return place

    def _last(self, keep: int) -> History:
        """This history, which has one event too many at most, without that one."""
        if len(self) <= keep:
            return self
        rows, text = self.rows[_ROW.size :], self.text.split(_END, 3)[3]
        version = self.version
        if version == _ROW.unpack_from(self.rows)[1]:
            version = max((seq for _, seq in _ROW.iter_unpack(rows)), default=0)
        return History(version, rows, text)


def _text(event: Kept) -> str:
    return f"{event.event_id}{_END}{event.item_id}{_END}{event.kind}{_END}"
