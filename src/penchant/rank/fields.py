"""What is known about each item, by column of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from penchant.core import IdMap, UsageError

from .columns import BlankColumn, Column, IdColumn, OpaqueColumn, column_of
from .wording import did_you_mean

if TYPE_CHECKING:
    from penchant.core import Catalogue

ITEM = "item_id"


@dataclass(frozen=True, slots=True)
class _Raw:
    """The values of a column as they came, and what was put since.

    Attributes:
        values: of the items that came first; any sequence, a Polars column too.
        put: code -> value, for newer items and changed ones.
    """

    values: Sequence[object]
    put: Mapping[int, object]

    def whole(self, items: int) -> list[object]:
        to_list = getattr(self.values, "to_list", getattr(self.values, "tolist", None))
        found: list[object] = to_list() if to_list else list(self.values)
        found += [None] * (items - len(found))
        for code, value in self.put.items():
            found[code] = value
        return found


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
            values = self._raw[name].whole(len(self))
            self._made[name] = column_of(name, values, self._separators.get(name))
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
        return self._like(self.items, self._raw, made, {**self._separators, **separators})

    def with_items(self, rows: Sequence[Mapping[str, object]], items: IdMap) -> ItemFields:
        """The fields after items were put: new ones, or known ones with changed columns.

        Columns that a row does not name stay as they are. A value of another kind than its column
        holds counts as missing (``problems`` tells beforehand); a column met for the first time is
        added.

        Args:
            rows: each has ``item_id`` and any columns.
            items: the ids behind the codes, these rows included; codes so far stay.
        """
        changes: dict[str, dict[int, object]] = {}
        for row in rows:
            code = items.code(str(row[ITEM]))
            if code < 0:
                raise ValueError(f"{row[ITEM]!r} is not among the ids given")
            for name, value in row.items():
                if name != ITEM:
                    changes.setdefault(name, {})[code] = value
        raw = dict(self._raw)
        for name, values in changes.items():
            old = raw.get(name, _Raw((), {}))
            raw[name] = _Raw(old.values, {**old.put, **values})
        made = {
            name: column.updated(changes.get(name, {}), len(items))
            for name, column in self._made.items()
        }
        return self._like(items, raw, made, self._separators)

    def problems(self, row: Mapping[str, object]) -> tuple[str, ...]:
        """What is wrong with the values of a row before it is put; empty where nothing is."""
        found = []
        for name, value in row.items():
            column = self.column(name) if name in self._raw else BlankColumn(name, 0)
            if not isinstance(column, IdColumn) and name != ITEM and not column.takes(value):
                found.append(f"{name} = {value!r}: write {column.wants}, as other items have.")
        return tuple(found)

    def _like(
        self,
        items: IdMap,
        raw: Mapping[str, _Raw],
        made: Mapping[str, Column],
        separators: Mapping[str, str],
    ) -> ItemFields:
        other = ItemFields(items, {}, separators)
        other._raw, other._made = dict(raw), dict(made)
        return other
