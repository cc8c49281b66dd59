"""What is known about each item, by column of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from penchant.core import IdMap, UsageError, did_you_mean

from .columns import BlankColumn, Column, IdColumn, OpaqueColumn, column_of

if TYPE_CHECKING:
    from penchant.core import Catalogue

ITEM = "item_id"

MOST_COLUMNS = 1_024
"""Columns that items which are put may bring about, those of the catalogue included."""

_Rows = dict[int, dict[str, object]]
"""By the code of an item, the values that it has; a column that is not there is missing."""


@dataclass(frozen=True, slots=True)
class _Raw:
    """The values of a column as they came, and what kinds of values were put since.

    Attributes:
        values: of the items that came first; any sequence, a Polars column too.
        put: a value of each type that was put.
    """

    values: Sequence[object]
    put: Mapping[type, object]

    def column(self, name: str, items: int, separator: str | None, put: Sequence[_Rows]) -> Column:
        """As arrays; what was put has the kind of what came first, or is missing."""
        first = column_of(name, self.values, separator)
        if items == len(self.values) and not put:
            return first
        return first.updated(
            {code: row.get(name) for rows in put for code, row in rows.items()}, items
        )

    def like(self, name: str, separator: str | None) -> Column:
        """A column that takes the same values, without looking at every text."""
        if type(self.values).__module__.startswith("polars."):
            from .series import first_text

            text = first_text(self.values)
            if text is not None:
                return column_of(name, [text], separator)
        first = column_of(name, self.values, separator)
        if isinstance(first, BlankColumn):
            return column_of(name, list(self.put.values()), separator)
        return first


class ItemFields:
    """Columns of a catalogue as arrays by item code; each is made when it is first asked for.

    Never changed: ``with_items`` gives another one.

    >>> fields = ItemFields(IdMap(["a", "b"]), {"price": [3, None], "genres": [["War"], []]})
    >>> fields.names
    ('price', 'genres')

    Args:
        items: the ids behind the codes.
        columns: values by column, one an item in the order of the codes; None is a missing one.
        separators: for columns whose text holds several words, what stands between them.
    """

    def __init__(
        self,
        items: IdMap,
        columns: Mapping[str, Sequence[object]],
        separators: Mapping[str, str] | None = None,
    ) -> None:
        for name, values in columns.items():
            if len(values) != len(items):
                raise ValueError(f"{name} has {len(values)} values for {len(items)} items")
        self.items = items
        self._separators = dict(separators or {})
        self._raw = {name: _Raw(values, {}) for name, values in columns.items() if name != ITEM}
        self._put: tuple[
            _Rows, ...
        ] = ()  # newer items and changed ones; the last that has one counts
        self._made: dict[str, Column] = {}

    @classmethod
    def of(cls, catalogue: Catalogue) -> ItemFields:
        """The fields of a catalogue as it was read."""
        table = catalogue.table
        return cls(
            catalogue.items, {name: cast("Sequence[object]", table[name]) for name in table.columns}
        )

    def __len__(self) -> int:
        return len(self.items)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, without that of the ids."""
        return tuple(self._raw)

    def column(self, name: str) -> Column | IdColumn:
        """One column as arrays.

        Raises:
            UsageError: there is none of that name; the message has the near name.
        """
        if name == ITEM:
            return IdColumn(ITEM, self.items)
        if name not in self._raw:
            known = ", ".join((ITEM, *self.names))
            guess = did_you_mean(name, (ITEM, *self.names))
            raise UsageError(f"items have no column {name!r}{guess} Columns: {known}.")
        if name not in self._made:  # made twice at worst, and alike, where two threads ask
            self._made[name] = self._raw[name].column(
                name, len(self), self._separators.get(name), self._put
            )
        return self._made[name]

    def moments(self, name: str) -> NDArray[np.float64]:
        """A column as seconds since 1970; NaN where an item has no date, (items,).

        Raises:
            UsageError: there is no such column, or it holds no dates.
        """
        column = self.column(name)
        if isinstance(column, IdColumn | OpaqueColumn):
            raise UsageError(f"{name} holds no dates.")
        found = getattr(column, "moments", lambda: np.full(len(self), np.nan))()
        if len(found) and np.isnan(found).all() and not column.missing()(slice(None)).all():
            raise UsageError(
                f"{name} holds no dates: write ISO 8601 such as 2026-01-31, or seconds since 1970."
            )
        return np.asarray(found, np.float64)

    def separated(self, separators: Mapping[str, str]) -> ItemFields:
        """The same fields, where the text of some columns holds several words.

        Raises:
            UsageError: there is no such column.
        """
        if all(self._separators.get(name) == mark for name, mark in separators.items()):
            return self
        for name in separators:
            if name not in self._raw:
                self.column(name)  # says so
        made = {name: col for name, col in self._made.items() if name not in separators}
        return self._like(
            self.items, self._raw, self._put, made, {**self._separators, **separators}
        )

    def with_items(self, rows: Sequence[Mapping[str, object]], items: IdMap) -> ItemFields:
        """The fields after items were put: new ones, or others in the place of known ones.

        An item that was put has what its row names, and nothing else. A value of another kind than
        its column holds counts as missing (``problems`` tells beforehand); a column met for the
        first time is added, while there are fewer than ``MOST_COLUMNS``: a further one is left out.

        Args:
            rows: each has ``item_id`` and any columns; of several with the same id the last counts.
            items: the ids behind the codes, these rows included; codes so far stay.
        """
        put: _Rows = {}
        raw = dict(self._raw)
        for row in rows:
            code = items.code(str(row[ITEM]))
            if code < 0:
                raise ValueError(f"{row[ITEM]!r} is not among the ids given")
            put[code] = _noted(row, raw)
        made = {
            name: column.updated({code: row.get(name) for code, row in put.items()}, len(items))
            for name, column in self._made.items()
        }
        return self._like(items, raw, _added(self._put, put), made, self._separators)

    def problems(self, row: Mapping[str, object]) -> tuple[str, ...]:
        """What is wrong with the values of a row before it is put; empty where nothing is."""
        unknown = [name for name in row if name != ITEM and name not in self._raw]
        found = [
            f"{name} would be one column more than the {MOST_COLUMNS:,} that items may have: "
            "leave it out."
            for name in unknown[max(MOST_COLUMNS - len(self._raw), 0) :]
        ]
        for name, value in row.items():
            column = self._like_of(name)
            if name != ITEM and not column.takes(value):
                found.append(f"{name} = {value!r}: write {column.wants}, as other items have.")
        return tuple(found)

    def _like_of(self, name: str) -> Column:
        """A column that takes the same values as one; any where there is none of that name."""
        if name not in self._raw:
            return BlankColumn(name, 0)
        if name not in self._made:
            return self._raw[name].like(name, self._separators.get(name))
        return self._made[name]

    def _like(
        self,
        items: IdMap,
        raw: Mapping[str, _Raw],
        put: tuple[_Rows, ...],
        made: Mapping[str, Column],
        separators: Mapping[str, str],
    ) -> ItemFields:
        other = ItemFields(items, {}, separators)
        other._raw, other._put, other._made = dict(raw), put, dict(made)
        return other


def _noted(row: Mapping[str, object], raw: dict[str, _Raw]) -> dict[str, object]:
    """The values that a row has; ``raw`` gets the columns and types that are new."""
    values = {}
    for name, value in row.items():
        if name == ITEM or (name not in raw and len(raw) >= MOST_COLUMNS):
            continue
        known = raw.setdefault(name, _Raw((), {}))
        if value is not None:
            values[name] = value
            if type(value) not in known.put:
                raw[name] = _Raw(known.values, {**known.put, type(value): value})
    return values


def _added(parts: tuple[_Rows, ...], more: _Rows) -> tuple[_Rows, ...]:
    """Rows with some more behind them.

    Each part is more than twice as long as the next (O'Neil et al. 1996, "The log-structured
    merge-tree"): a row is copied a logarithmic number of times, and few are kept that no longer count.
    """
    if not more:
        return parts
    *rest, last = *parts, more
    while rest and len(rest[-1]) <= 2 * len(last):
        last = {**rest.pop(), **last}
    return (*rest, last)
