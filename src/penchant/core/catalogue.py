"""What can be recommended, and what is written about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .ids import IdMap

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Catalogue:
    """Items with their rendered text.

    Attributes:
        items: external ids, in the order of the catalogue file.
        texts: one rendered text an item, as the language model reads it; "" where there is none.
        titles: a short name an item for people; the id where there is none.
        table: every column of the catalogue as it was read, one row an item.
        template: how ``texts`` was rendered, such as ``"{title}. {genres}"``.
    """

    items: IdMap
    texts: Sequence[str]
    titles: Sequence[str]
    table: pl.DataFrame
    template: str

    def __len__(self) -> int:
        return len(self.items)
