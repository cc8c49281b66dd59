"""Tuples that grow at their end without being copied."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import eq
from typing import Generic, TypeVar, overload

T = TypeVar("T")

_EXTENDING = threading.Lock()


class SharedTuple(Sequence[T], Generic[T]):
    """A tuple whose longer versions share its memory: a million ids and one more cost one id.

    It never changes. Of several that are extended from the same one, the first shares, the others
    are copies. Safe from any thread.

    >>> short = SharedTuple(["a", "b"])
    >>> long = short.extended(["c"])
    >>> short, long, long == ("a", "b", "c")
    (('a', 'b'), ('a', 'b', 'c'), True)
    """

    __slots__ = ("_length", "_room")

    def __init__(self, values: Iterable[T] = ()) -> None:
        if isinstance(values, SharedTuple):
            self._room: list[T] = values._room
            self._length: int = values._length
        else:
            self._room = list(values)
            self._length = len(self._room)

    def extended(self, values: Iterable[T]) -> SharedTuple[T]:
        """This one with more values behind."""
        more = list(values)
        longer: SharedTuple[T] = SharedTuple()
        with _EXTENDING:
            room = self._room
            if len(room) > self._length:  # somebody else's values stand behind ours
                room = room[: self._length]
            room.extend(more)
            longer._room, longer._length = room, self._length + len(more)
        return longer

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        if isinstance(place, slice):
            start, end, step = place.indices(self._length)
            if step > 0:
                return tuple(self._room[start:end:step])
            return tuple(self._room[at] for at in range(start, end, step))
        if not -self._length <= place < self._length:
            raise IndexError(f"place {place} of {self._length}")
        return self._room[place if place >= 0 else place + self._length]

    def __iter__(self) -> Iterator[T]:
        return islice(self._room, self._length)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SharedTuple | tuple) or len(self) != len(other):
            return False
        if isinstance(other, SharedTuple) and self._room is other._room:
            return True
        return all(map(eq, self, other))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))
