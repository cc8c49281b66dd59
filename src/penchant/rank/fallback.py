"""What a list is filled up from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .config import STAGES
from .masks import Mask

_FIRST = 512
"""Items looked at first; each further portion is twice the one before."""


class Fallback:
    """All items in the order in which they fill up a list.

    ``popular`` are the items with events, most first; ``newest`` those with a date, newest first;
    ``any`` all, in the order of the catalogue. An item stands where it comes first.

    Args:
        stages: names of these, in their order; a chain that is not empty ends in ``any``.
        popularity: events of each item (items,), or None where nothing is known.
        created: seconds since 1970 (items,), NaN for none; or None.
        items: how many items.
    """

    def __init__(
        self,
        stages: Sequence[str],
        popularity: NDArray[np.floating] | None,
        created: NDArray[np.float64] | None,
        items: int,
    ) -> None:
        self._stages = tuple(dict.fromkeys((*stages, "any"))) if stages else ()
        self._popularity, self._created = popularity, created
        self._items = items

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """Codes in the order of the chain; empty where there is no chain."""
        order, _ = self._chain
        return order

    @cached_property
    def position(self) -> NDArray[np.int64]:
        """The place of each item in ``order``, (items,)."""
        position = np.arange(self._items)
        position[self.order] = np.arange(len(self.order))
        return position

    def stage(self, code: int) -> str:
        """Which part of the chain gives an item."""
        _, ends = self._chain
        return self._stages[int(np.searchsorted(ends, self.position[code], side="right"))]

    def filling(
        self, may: Callable[[NDArray[np.integer]], Mask | None], tried: NDArray[np.integer]
    ) -> Iterator[NDArray[np.int64]]:
        """Codes in the order of the chain, in growing portions: the first few mostly suffice.

        Args:
            may: whether each of some items may be listed; None for all.
            tried: codes of the items that are candidates or pinned.
        """
        flags = np.zeros(self._items, np.bool_)
        flags[tried] = True
        start, size = 0, _FIRST
        while start < len(self.order):
            codes = self.order[start : start + size]
            start, size = start + size, 2 * size
            codes = codes[~flags[codes]]
            allowed = may(codes)
            yield codes if allowed is None else codes[allowed]

    @cached_property
    def _chain(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The order, and where each stage ends in it."""
        met = np.zeros(self._items, np.bool_)
        parts = []
        for stage in self._stages:
            codes = self._of(stage)
            codes = codes[~met[codes]]
            met[codes] = True
            parts.append(codes)
        ends = np.cumsum([len(part) for part in parts])
        return np.concatenate([np.zeros(0, np.int64), *parts]), ends

    def _of(self, stage: str) -> NDArray[np.int64]:
        if stage == STAGES[0]:
            return _falling(self._popularity, above=0.0)
        if stage == STAGES[1]:
            return _falling(self._created, above=-np.inf)
        return np.arange(self._items)


def _falling(values: NDArray[np.floating] | None, above: float) -> NDArray[np.int64]:
    """Codes of the values above a bound, greatest first, ties by code; NaN is above nothing."""
    if values is None:
        return np.zeros(0, np.int64)
    codes = np.flatnonzero(values > above)
    return codes[np.argsort(-values[codes], kind="stable")]
