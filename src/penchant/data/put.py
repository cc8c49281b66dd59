"""Items put into a catalogue one by one: new rows, and others in the place of known ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.core import Catalogue, SharedTuple, UsageError

from .columns import ITEM
from .items import catalogue as rendered
from .problems import Problems
from .template import fields_of

Fields = Mapping[str, object]

_WIDE = 2**63

_PIECES = 64
"""Most pieces of memory that a table is left in."""


def put_items(catalogue: Catalogue, rows: Sequence[Fields]) -> tuple[Catalogue, NDArray[np.int32]]:
    """A catalogue with rows put into it, their texts rendered by its template.

    A row takes the place of all that was known of its item, as in the event log: a field that it
    does not name becomes a missing one, and so does a value that its column cannot hold. A field
    that no item had so far becomes a column.

    Args:
        catalogue: stays as it is.
        rows: each has ``item_id``; of several with the same id the last counts.

    Returns:
        the catalogue, codes so far staying, and the codes of the items put, each once, ascending.

    Raises:
        UsageError: a row without an id.
    """
    given = _by_id(rows)
    items = catalogue.items.extended(given)
    put = sorted((items.code(name), fields) for name, fields in given.items())
    codes = np.array([code for code, _ in put], np.int32)
    known = codes[codes < len(catalogue)]
    frame = _frame([fields for _, fields in put], catalogue)
    part = rendered(frame, catalogue.template, "items", Problems())
    table = _placed(catalogue.table, part.table, known)
    texts = _reworded(catalogue.texts, part.texts, known)
    titles = _reworded(catalogue.titles, part.titles, known)
    return Catalogue(items, texts, titles, table, catalogue.template), codes


def _placed(table: pl.DataFrame, rows: pl.DataFrame, known: NDArray[np.int32]) -> pl.DataFrame:
    """The first rows in the places of known items, ascending, and the others behind all.

    What stands between is not copied, unless it has come to many pieces: the cost of a row does not
    grow with the table.
    """
    parts, start = [], 0
    for at, code in enumerate(known.tolist()):
        parts += [table[start:code], rows[at : at + 1]]
        start = code + 1
    parts += [table[start:], rows[len(known) :]]
    merged = pl.concat([part for part in parts if len(part)] or parts, how="diagonal_relaxed")
    return merged.rechunk() if max(merged.n_chunks("all"), default=0) > _PIECES else merged


def _reworded(
    before: Sequence[str], fresh: Sequence[str], known: NDArray[np.int32]
) -> SharedTuple[str]:
    """The texts with the first of ``fresh`` in the places of known items, and the others behind."""
    own = list(zip(known.tolist(), fresh, strict=False))
    if any(before[code] != text for code, text in own):
        before = list(before)
        for code, text in own:
            before[code] = text
    return SharedTuple(before).extended(fresh[len(known) :])


def _by_id(rows: Sequence[Fields]) -> dict[str, Fields]:
    """Fields by item, the last row of each."""
    found: dict[str, Fields] = {}
    for row in rows:
        name = row.get(ITEM)
        if not isinstance(name, str) or not name:
            raise UsageError(f"an item needs an {ITEM}, a text that is not empty, got {name!r}.")
        found[name] = row
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
