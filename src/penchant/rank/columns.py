"""From the plain values of a column to arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import numpy as np

from penchant.core import IdMap, UsageError

from .masks import Holds, Mask, Rows, how_many
from .number_column import NumberColumn, NumberKind
from .word_column import WordColumn

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class BlankColumn:
    """A column without a single value: nothing is equal to it, nothing lies between."""

    name: str
    items: int
    separator: str | None = None

    @property
    def wants(self) -> str:
        """What an error asks for."""
        return "a number, text, a date, true or false, or a list"

    def any_of(self, values: Sequence[object]) -> Holds:
        """Holds for no item."""
        return self._all(False)

    def between(self, low: object, high: object) -> Holds:
        """Holds for no item."""
        return self._all(False)

    def missing(self) -> Holds:
        """Holds for every item."""
        return self._all(True)

    def takes(self, value: object) -> bool:
        """Any value that a column can hold may be its first."""
        return not isinstance(column_of(self.name, [value]), OpaqueColumn)

    def updated(self, changes: Mapping[int, object], items: int) -> Column:
        """A column of the kind of the values put."""
        values: list[object] = [None] * items
        for code, value in changes.items():
            values[code] = value
        return column_of(self.name, values, self.separator)

    def _all(self, truth: bool) -> Holds:
        return lambda rows: np.full(how_many(rows, self.items), truth)


@dataclass(frozen=True, slots=True)
class OpaqueColumn:
    """A column of records, bytes or the like, which no rule can read."""

    name: str
    items: int

    @property
    def wants(self) -> str:
        """What an error asks for."""
        return "anything"

    def any_of(self, values: Sequence[object]) -> Holds:
        """Refused.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{self.name} holds neither numbers, text, dates nor lists of them.")

    def between(self, low: object, high: object) -> Holds:
        """Refused.

        Raises:
            UsageError: always.
        """
        return self.any_of(())

    def missing(self) -> Holds:
        """Refused.

        Raises:
            UsageError: always.
        """
        return self.any_of(())

    def takes(self, value: object) -> bool:
        """Anything: it is never read."""
        return True

    def updated(self, changes: Mapping[int, object], items: int) -> OpaqueColumn:
        """The same for ``items`` items."""
        return OpaqueColumn(self.name, items)


@dataclass(frozen=True, slots=True)
class IdColumn:
    """The column of item ids."""

    name: str
    items: IdMap

    def any_of(self, values: Sequence[object]) -> Holds:
        """Whether an item is one of some; ids that the catalogue lacks are nobody's."""
        codes = np.unique(self.items.codes([str(value) for value in values]))
        codes = codes[codes >= 0]

        def holds(rows: Rows) -> Mask:
            if isinstance(rows, slice):
                found = np.zeros(len(self.items), np.bool_)
                found[codes] = True
                return found[rows]
            return np.isin(rows, codes)

        return holds

    def between(self, low: object, high: object) -> Holds:
        """Refused.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{self.name} holds ids, which have no min and max.")

    def missing(self) -> Holds:
        """Holds for no item."""
        return lambda rows: np.zeros(how_many(rows, len(self.items)), np.bool_)


Column = NumberColumn | WordColumn | BlankColumn | OpaqueColumn

_LISTS = (list, tuple, set, frozenset)
_WORDLIKE = (str, int, float, *_LISTS)


def column_of(name: str, values: Sequence[object], separator: str | None = None) -> Column:
    """A column by the types of its values; None and NaN are missing ones.

    Args:
        name: of the column.
        values: one an item: numbers, text, true and false, dates, or lists of these.
        separator: what stands between two words of one text; None where a text is one word.
    """
    if type(values).__module__.startswith("polars."):
        from .series import column_of_series  # it brings polars, which who has no table needs not

        return column_of_series(name, cast("pl.Series", values), separator, column_of)
    types = set(map(type, values)) - {type(None)}
    if not types:
        return BlankColumn(name, len(values), separator)
    if all(issubclass(kind, (str, *_LISTS)) for kind in types):
        return WordColumn.of(name, values, separator)
    kind = _number_kind(types)
    return NumberColumn.of(name, kind, values) if kind else _mixed(name, values, types, separator)


def _number_kind(types: set[type]) -> NumberKind | None:
    if types == {bool}:
        return "true or false"
    if all(issubclass(kind, int | float | Decimal) for kind in types) and bool not in types:
        return "number"
    if all(issubclass(kind, date) for kind in types):
        return "date"
    return None


def _mixed(
    name: str, values: Sequence[object], types: set[type], separator: str | None
) -> WordColumn | OpaqueColumn:
    """Words where each value can be one, as where some years are numbers and some text."""
    if all(issubclass(kind, _WORDLIKE) for kind in types):
        return WordColumn.of(name, values, separator)
    return OpaqueColumn(name, len(values))
