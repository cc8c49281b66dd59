"""Columns of a Polars table as arrays, without a Python object for each item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import polars as pl

from .number_column import NumberColumn, NumberKind
from .word_column import WordColumn

if TYPE_CHECKING:
    from .columns import Column

MICROSECONDS = 1e6


def column_of_series(
    name: str,
    values: pl.Series,
    separator: str | None,
    plain: Callable[[str, Sequence[object], str | None], Column],
) -> Column:
    """A column: 10 to 100 times as fast as from plain values, of which it holds the same.

    Args:
        name: of the column.
        values: one an item.
        separator: what stands between two words of one text; None where a text is one word.
        plain: makes a column of plain values: where each item has to be looked at.
    """
    kind = values.dtype
    if values.null_count() < len(values):
        if kind.is_numeric():
            return _numbers(name, "number", values)
        if kind == pl.Boolean:
            return _numbers(name, "true or false", values)
        if kind in (pl.Date, pl.Datetime):
            moments = values.cast(pl.Datetime("us", getattr(kind, "time_zone", None)))
            return _numbers(name, "date", moments.dt.timestamp("us") / MICROSECONDS)
        if kind == pl.String:
            return _texts(name, values, separator)
    return plain(name, values.to_list(), separator)


def first_text(values: object) -> str | None:
    """The first text of a column of texts; None where it is another column or has none."""
    if not isinstance(values, pl.Series) or values.dtype != pl.String:
        return None
    at = values.is_not_null().arg_max()
    found: str | None = None if at is None else values[at]
    return found


def _numbers(name: str, kind: NumberKind, values: pl.Series) -> NumberColumn:
    numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
    return NumberColumn(name, kind, numbers)


def _texts(name: str, values: pl.Series, separator: str | None) -> WordColumn:
    """The distinct texts are looked at, and no other."""
    asked = values.alias("text").to_frame()
    known = asked.unique(maintain_order=True).with_row_index("place")
    place = asked.join(known, "text", how="left", maintain_order="left", nulls_equal=True)["place"]
    return WordColumn.of(name, known["text"].to_list(), separator).at(place.to_numpy())
