"""Users as the sets of items they chose, and how often two items were chosen together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.core import Sequences

PAIRS = 2_000_000
"""Pairs of items looked at, about: bounds time and memory (some 100 bytes a pair)."""

_DENSE = 1 << 24  # cells up to which pairs are counted in a table


@dataclass(frozen=True, slots=True)
class Profiles:
    """Sets of items, one a user.

    Attributes:
        row: user of each entry, ascending, (entries,) int64.
        item: code of each entry, (entries,) int64; ascending and distinct within a user.
        value: the user's last rating of it, (entries,) float64; NaN where none was given.
        users: number of users.
        items: number of items.
    """

    row: NDArray[np.int64]
    item: NDArray[np.int64]
    value: NDArray[np.float64]
    users: int
    items: int

    @classmethod
    def of(cls, events: Sequences, items: int) -> Profiles:
        """The distinct items of each row of events."""
        key = events.row.astype(np.int64) * items + events.item
        order = np.argsort(key, kind="stable")
        key = key[order]
        last = np.ones(len(key), np.bool_)
        last[:-1] = key[1:] != key[:-1]
        key, value = key[last], events.value[order][last].astype(np.float64)
        return cls(key // max(items, 1), key % max(items, 1), value, len(events), items)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Distinct items of each user, (users,)."""
        return np.bincount(self.row, minlength=self.users)

    def counts(self) -> NDArray[np.int64]:
        """Users of each item, (items,)."""
        return np.bincount(self.item, minlength=self.items)

    def thinned(self, pairs: int = PAIRS) -> Profiles:
        """Profiles of which long ones keep an even share, so that there are about ``pairs`` pairs.

        Which items stay depends on their codes and the user's row alone.
        """
        lengths = self.lengths
        if int((lengths * (lengths - 1) // 2).sum()) <= pairs:
            return self
        low, high = 2, int(lengths.max())
        while high - low > 1:
            cap = (low + high) // 2
            cut = np.minimum(lengths, cap)
            low, high = (cap, high) if int((cut * (cut - 1) // 2).sum()) <= pairs else (low, cap)
        mixed = (self.item * 2_654_435_761 + self.row * 40_503) % (1 << 32)  # Knuth's hash
        order = np.lexsort((mixed, self.row))
        starts = np.cumsum(lengths) - lengths
        place = np.empty(len(self.row), np.int64)
        place[order] = np.arange(len(self.row)) - np.repeat(starts, lengths)
        keep = place < low
        return Profiles(self.row[keep], self.item[keep], self.value[keep], self.users, self.items)

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Every pair of entries of a user, the one with the lower item code first, (pairs,) each."""
        lengths = self.lengths
        starts = np.cumsum(lengths) - lengths
        after = lengths[self.row] - 1 - (np.arange(len(self.row)) - starts[self.row])
        first = np.repeat(np.arange(len(self.row)), after)
        step = np.arange(len(first)) - np.repeat(np.cumsum(after) - after, after)
        return first, first + 1 + step


class Together:
    """How many users chose two items together, as far as the profiles at hand tell."""

    def __init__(self, profiles: Profiles) -> None:
        first, second = profiles.pairs()
        key = profiles.item[first] * profiles.items + profiles.item[second]
        self._dense = profiles.items**2 <= _DENSE
        self._keys: NDArray[np.int64] = np.zeros(0, np.int64)
        if self._dense:
            self._counts = np.bincount(key, minlength=profiles.items**2)
        else:
            self._keys, self._counts = np.unique(key, return_counts=True)

    def counts(self, key: NDArray[np.int64]) -> NDArray[np.int64]:
        """Users of each pair ``low code * items + high code``, (pairs,)."""
        if self._dense or not len(self._keys):
            return self._counts[key] if len(self._counts) else np.zeros(len(key), np.int64)
        place = np.minimum(np.searchsorted(self._keys, key), len(self._keys) - 1)
        return np.where(self._keys[place] == key, self._counts[place], 0)
