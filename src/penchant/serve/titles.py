"""Items found by letters of their id or title, among a million in hundredths of a second.

Ids and titles lie beside each other in small letters, a block for so many items. A block is made
when it is first searched, and anew when a title in it has changed. Polars looks through them without
the interpreter's lock, so lists are answered meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.core import Catalogue

BLOCK = 1 << 15
"""Items of a block."""

_Words = tuple[Sequence[str], Sequence[str]]

_BETWEEN = "\x1f"  # id and title; neither holds one that anybody would look for


class Titles:
    """The titles of a catalogue, which may be another one each time. Thread-safe; one search at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: list[tuple[_Words, pl.Series]] = []

    def find(self, catalogue: Catalogue, query: str) -> NDArray[np.int64]:
        """The codes of the items whose id or title holds some letters, large or small, ascending."""
        wanted = query.casefold()
        if _BETWEEN in wanted:
            return np.zeros(0, np.int64)
        found = [np.zeros(0, np.int64)]
        with self._lock:
            for number, start in enumerate(range(0, len(catalogue), BLOCK)):
                holds = self._block(catalogue, number, start).str.contains(wanted, literal=True)
                found.append(start + np.flatnonzero(holds.to_numpy()))
            del self._blocks[-(-len(catalogue) // BLOCK) :]
        return np.concatenate(found)

    def _block(self, catalogue: Catalogue, number: int, start: int) -> pl.Series:
        ids, titles = (
            catalogue.items.ids[start : start + BLOCK],
            catalogue.titles[start : start + BLOCK],
        )
        if number < len(self._blocks):
            known, block = self._blocks[number]
            # by identity, nearly always: a catalogue that grows keeps the strings that it has
            if known == (ids, titles):
                return block
        small = [
            f"{name}{_BETWEEN}{title}".casefold() for name, title in zip(ids, titles, strict=True)
        ]
        block = pl.Series(_writable(small), dtype=pl.String)
        self._blocks[number : number + 1] = [((ids, titles), block)]
        return block


def _writable(texts: list[str]) -> list[str]:
    """Texts without halves of characters, which nothing can write down."""
    return [text if text.isascii() else text.encode("utf-8", "replace").decode() for text in texts]
