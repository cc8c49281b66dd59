"""At most so many items with the same value."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .masks import Mask
from .rules import Cap
from .word_column import WordColumn


class CapCount:
    """How often each word of a column stands in a list that grows from place to place.

    Args:
        rule: how many, and after how many places the count begins anew.
        column: the words by item.
        pinned: code by place (the first is 0) of the items whose place is settled: they are counted
            from the start of their stretch of places, so that nothing takes their room.

    Attributes:
        version: grows whenever ``full`` may answer otherwise than before.
    """

    def __init__(self, rule: Cap, column: WordColumn, pinned: Mapping[int, int]) -> None:
        self.rule, self.column = rule, column
        self.version = 0
        self._pinned = pinned
        self._counts = np.zeros(len(column.words), np.int64)
        self._counted: set[int] = set()  # pinned items that are counted before their place comes

    def open(self, place: int) -> None:
        """Begin anew where a stretch of places begins; ``place`` counts from 0."""
        per = self.rule.per
        if place and (per is None or place % per):
            return
        self._counts[:] = 0
        self.version += 1
        self._counted = set()
        for at, code in self._pinned.items():
            if per is None or place <= at < place + per:
                self.count(code)
                self._counted.add(code)

    def count(self, code: int) -> None:
        """An item was placed."""
        if code in self._counted:
            return
        for word in self.column.sets[self.column.code[code]]:
            self._counts[word] += 1
            self.version += int(self._counts[word] == self.rule.most)

    def full(self, pairs: tuple[NDArray[np.int64], NDArray[np.int32]], items: int) -> Mask:
        """Which of some items would be one too many, (items,).

        Args:
            pairs: their words, as ``WordColumn.pairs`` gives them.
            items: how many items.
        """
        place, words = pairs
        found = np.zeros(items, np.bool_)
        found[place[self._counts[words] >= self.rule.most]] = True
        return found

    def broken_by(self, code: int) -> str:
        """What an item would be one too many of, in words; "" where it has room."""
        if code in self._counted:
            return ""
        for word in self.column.sets[self.column.code[code]]:
            if self._counts[word] >= self.rule.most:
                return f"{self.text}, and this is one more of {self.column.words[word]!r}"
        return ""

    @property
    def text(self) -> str:
        """The cap in words."""
        per = f" in {self.rule.per} places" if self.rule.per else ""
        return f"at most {self.rule.most} of the same {self.rule.column}{per}"
