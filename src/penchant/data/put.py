"""Items put into a catalogue one by one: new rows, and known ones with other fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.core import Catalogue, UsageError

from .columns import ITEM
from .items import catalogue as rendered
from .problems import Problems
from .template import fields_of

Fields = Mapping[str, object]

_WIDE = 2**63


def put_items(catalogue: Catalogue, rows: Sequence[Fields]) -> tuple[Catalogue, NDArray[np.int32]]:
    """A catalogue with rows put into it, their texts rendered by its template.

    A field that a row of a known item does not name stays as it is. A value that its column cannot
    hold becomes a missing one. A field that no item had so far becomes a column.

    Args:
        catalogue: stays as it is.
        rows: each has ``item_id``; of several with the same id each adds to those before.

    Returns:
        the catalogue, codes so far staying, and the codes of the items put, each once, ascending.

    Raises:
        UsageError: a row without an id.
    """
    given = _by_id(rows)
    items = catalogue.items.extended(given)
    put = sorted((items.code(name), fields) for name, fields in given.items())
    codes = np.array([code for code, _ in put], np.int32)
    known = len(catalogue)
    stored = catalogue.table[codes[codes < known]].to_dicts()
    full = [old | dict(new) for old, (_, new) in zip(stored, put, strict=False)]
    full += [dict(new) for _, new in put[len(stored) :]]
    frame = _frame(full, catalogue)
    part = rendered(frame, catalogue.template, "items", Problems())
    table = pl.concat([catalogue.table, part.table], how="diagonal_relaxed")
    if stored:  # their new rows stand at the end, with those of new items behind
        place = np.arange(len(items))
        place[codes] = known + np.arange(len(codes))
        table = table[place]
    texts, titles = list(catalogue.texts), list(catalogue.titles)
    for all_of, fresh in ((texts, part.texts), (titles, part.titles)):
        for code, text in zip(codes.tolist(), fresh, strict=True):
            all_of[code : code + 1] = [text]  # a code one past the end appends
    merged = Catalogue(items, tuple(texts), tuple(titles), table, catalogue.template)
    return merged, codes


def _by_id(rows: Sequence[Fields]) -> dict[str, dict[str, object]]:
    """Fields by item, later rows over earlier ones."""
    found: dict[str, dict[str, object]] = {}
    for row in rows:
        name = row.get(ITEM)
        if not isinstance(name, str) or not name:
            raise UsageError(f"an item needs an {ITEM}, a text that is not empty, got {name!r}.")
        found.setdefault(name, {}).update(row)
    return found


def _frame(rows: Sequence[Fields], catalogue: Catalogue) -> pl.DataFrame:
    """Rows as a table with every column of the catalogue, and those that its template names."""
    schema = catalogue.table.schema
    named = [name for row in rows for name in row]
    names = dict.fromkeys([*schema, *named, *fields_of(catalogue.template)])
    return pl.DataFrame(
        [_column(name, [row.get(name) for row in rows], schema.get(name)) for name in names]
    )


def _column(name: str, values: Sequence[object], kind: pl.DataType | None) -> pl.Series:
    """Values as a column of the kind that the catalogue has, or of one that holds both."""
    if kind is not None and kind.is_temporal():
        return _moments(name, values, kind)
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and (kind is None or kind.is_numeric() or kind == pl.Null):
        return _numbers(name, values)  # joined as the wider of both
    try:
        column = pl.Series(name, values)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        column = pl.Series(name, values, dtype=kind or pl.String, strict=False)
    if kind is None or column.dtype == kind:
        return column
    try:
        return column.cast(kind, strict=False)
    except pl.exceptions.PolarsError:
        return pl.Series(name, [None] * len(values), dtype=kind)


def _numbers(name: str, values: Sequence[Any]) -> pl.Series:
    """Whole numbers where all are and 64 bits hold them."""
    given = [value for value in values if value is not None]
    whole = all(isinstance(value, int) and abs(value) < _WIDE for value in given)
    kind = pl.Int64 if whole else pl.Float64
    return pl.Series(name, values if whole else _floats(values), kind)


def _floats(values: Sequence[Any]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def _moments(name: str, values: Sequence[object], kind: pl.DataType) -> pl.Series:
    """Dates and datetimes from Python or from ISO 8601, UTC where no zone is named."""
    told = pl.Series(name, [_moment(value) for value in values], pl.Datetime("us"))
    if isinstance(kind, pl.Datetime):
        zoned = told.dt.replace_time_zone("UTC").dt.convert_time_zone(kind.time_zone or "UTC")
        told = zoned if kind.time_zone else told
        return told.cast(kind)
    if kind == pl.Date:
        return told.cast(kind)
    return pl.Series(name, [None] * len(values), dtype=kind)


def _moment(value: object) -> datetime | None:
    """A moment in UTC, without a zone; None where the value is none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return datetime.combine(value, time()) if isinstance(value, date) else None
