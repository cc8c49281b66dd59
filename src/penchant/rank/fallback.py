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


class Falling:
    """Codes by falling value, put in order when they are first asked for."""

    def __init__(self, values: NDArray[np.floating] | None, above: float) -> None:
        """Args: values: (items,), NaN being above nothing; above: of smaller ones there is no code."""
        self._values, self._above = values, above

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """The greatest first, ties by code."""
        if self._values is None:
            return np.zeros(0, np.int64)
        codes = np.flatnonzero(self._values > self._above)
        return codes[np.argsort(-self._values[codes], kind="stable")]


class Fallback:
    """All items in the order in which they fill up a list.

    ``popular`` are the items with events, most first; ``newest`` those with a date, newest first;
    ``any`` all, in the order of the catalogue. An item stands where it comes first.

    Args:
        stages: names of these, in their order; a chain that is not empty ends in ``any``.
        popular: the items with events, most first.
        created: seconds since 1970 (items,), NaN for none; or None.
        items: how many items.
    """

    def __init__(
        self,
        stages: Sequence[str],
        popular: Falling,
        created: NDArray[np.float64] | None,
        items: int,
    ) -> None:
        self._stages = tuple(dict.fromkeys((*stages, "any"))) if stages else ()
        self._popular, self._newest = popular, Falling(created, above=-np.inf)
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
            return self._popular.codes
        return self._newest.codes if stage == STAGES[1] else np.arange(self._items)
