"""Filling a list place by place: pins, then the best that has room, then what fills it up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .caps import CapCount
from .masks import Mask
from .terms import Terms

How = Literal["candidate", "pin", "fallback"]

ALIKE = 1e-6
"""Gains this near are equal: they are sums of float32, and lie between -1 and 1 or near it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One place of a list.

    Attributes:
        code: the item.
        how: where it came from.
        index: which of the codes it is, -1 where it is none of them.
        passed: candidates of higher relevance, with room for them, that it was taken before.
        broken: the cap that had to be broken for it, in words; "" where none was.
    """

    code: int
    how: How
    index: int = -1
    passed: int = 0
    broken: str = ""


class Placing:
    """One list while it is filled.

    Args:
        codes: candidates by falling relevance, then pinned items that are no candidates, (n,).
        terms: what the next item is chosen by; as many as ``codes``.
        caps: what may not stand there too often.
        pinned: index in ``codes`` by place; the first place is 0.
        fill: codes that fill up the list, in their order, in portions, none of them in ``codes``;
            None where a list may be short.
    """

    def __init__(
        self,
        codes: NDArray[np.int32],
        terms: Terms,
        caps: Sequence[CapCount],
        pinned: Mapping[int, int],
        fill: Iterator[NDArray[np.int64]] | None,
    ) -> None:
        self._codes, self._terms, self._caps = codes, terms, caps
        self._pinned = dict(pinned)
        self._pairs = [cap.column.pairs(codes) for cap in caps]
        self._free = np.ones(len(codes), np.bool_)
        self._free[list(pinned.values())] = False
        self._room, self._versions = self._free, [-1]
        self._gains = terms.gains() if terms.steady else None
        self._pool = None if fill is None else _Pool(fill, caps)

    def run(self, k: int) -> list[Placed]:
        """The places of the list, at most ``k``."""
        placed: list[Placed] = []
        for place in range(k):
            for cap in self._caps:
                cap.open(place)
            # where nothing is left but items pinned further down, these move up
            one = self._pin(place) or self._next() or self._pin(min(self._pinned, default=-1))
            if one is None:
                break
            if place + 1 < k and one.index >= 0:
                self._terms.take(one.index)
            placed.append(one)
        return placed

    def _pin(self, place: int) -> Placed | None:
        index = self._pinned.pop(place, None)
        return (
            None if index is None else self._counted(Placed(int(self._codes[index]), "pin", index))
        )

    def _next(self) -> Placed | None:
        found = self._best(self._with_room())
        if found is not None or self._pool is None:
            return found
        code = self._pool.first(capped=True)
        if code is None:
            found = self._best(self._free)
            code = self._pool.first(capped=False) if found is None else None
        return found if code is None else self._counted(Placed(code, "fallback"))

    def _best(self, free: Mask) -> Placed | None:
        """The candidate of the greatest gain among the free ones, of equals the first; it is placed."""
        gains = self._terms.gains() if self._gains is None else self._gains
        if not free.any():
            return None
        index = int((free & (gains >= gains[free].max() - ALIKE)).argmax())
        passed = 0 if self._terms.steady else int(np.count_nonzero(free[:index]))
        self._free[index] = False
        return self._counted(Placed(int(self._codes[index]), "candidate", index, passed))

    def _with_room(self) -> Mask:
        """Candidates that are left and break no cap."""
        versions = [cap.version for cap in self._caps]
        if versions != self._versions:
            self._versions, self._room = versions, np.ones(len(self._free), np.bool_)
            for cap, pairs in zip(self._caps, self._pairs, strict=True):
                self._room &= ~cap.full(pairs, len(self._free))
        return self._free & self._room

    def _counted(self, placed: Placed) -> Placed:
        broken = [cap.broken_by(placed.code) for cap in self._caps]
        for cap in self._caps:
            cap.count(placed.code)
        return replace(placed, broken="; ".join(filter(None, broken))) if any(broken) else placed


class _Pool:
    """What fills up a list, in its order, fetched as far as it is needed."""

    def __init__(self, portions: Iterator[NDArray[np.int64]], caps: Sequence[CapCount]) -> None:
        self._portions, self._caps = portions, caps
        self._codes = np.zeros(0, np.int64)
        self._free = np.zeros(0, np.bool_)

    def first(self, *, capped: bool) -> int | None:
        """The first item left, that has room under the caps if these are to be kept; it is taken."""
        start = 0
        while True:
            free = self._with_room(start) if capped else self._free[start:]
            if free.any():
                index = start + int(free.argmax())
                self._free[index] = False
                return int(self._codes[index])
            start = len(self._codes)
            portion = next(self._portions, None)
            if portion is None:
                return None
            self._codes = np.concatenate([self._codes, portion])
            self._free = np.concatenate([self._free, np.ones(len(portion), np.bool_)])

    def _with_room(self, start: int) -> Mask:
        free = self._free[start:]
        for cap in self._caps:
            pairs = cap.column.pairs(self._codes[start:])
            free = free & ~cap.full(pairs, len(free))
        return free
