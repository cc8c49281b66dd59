"""From a table of items to a catalogue."""

from __future__ import annotations

import polars as pl

from penchant.core import Catalogue, IdMap

from .columns import ITEM
from .events import ids, present
from .problems import Problems, several, some
from .table import Table
from .template import render
from .text import default_template, title_column, words

TITLE_LENGTH = 80  # characters


def checked_items(table: Table, problems: Problems) -> pl.DataFrame | None:
    """The items with distinct ids as text; None where there is no column of ids."""
    if not present(table, (ITEM,), problems):
        return None
    names = ids(table, ITEM, problems)
    if names.null_count() == len(names):
        return None
    frame = _storable(table, problems).with_columns(names)
    copies = frame[ITEM].is_duplicated() & frame[ITEM].is_not_null()
    if not copies.any():
        return frame
    first = frame[ITEM].is_first_distinct()
    # lists cannot be compared as they are: their text can
    shown = pl.DataFrame([words(frame[name]) for name in frame.columns])
    differing = shown.select(pl.struct(pl.all()).is_first_distinct()).to_series() & ~first
    if not problems.rows(
        table,
        ITEM,
        differing.to_numpy(),
        "{value} stands here again with other text",
        "Keep one line for each item.",
    ):
        dropped = several(int((~first).sum()), "repeated line")
        problems.note(f"{table.where}: dropped {dropped} of items.")
    return frame.filter(first)


def _storable(table: Table, problems: Problems) -> pl.DataFrame:
    """The columns that a Parquet file can hold: no Python objects, no records without a field."""
    bad = [name for name, kind in table.frame.schema.items() if _is_unstorable(kind)]
    if bad:
        problems.note(f"{table.where}: left out {some(bad)}: nothing in there can be stored.")
    return table.frame.drop(bad)


def _is_unstorable(kind: pl.DataType) -> bool:
    if isinstance(kind, pl.Struct):
        return not kind.fields or any(_is_unstorable(f.dtype) for f in kind.fields)  # type: ignore[arg-type]  # polars types dtype loosely
    inner = getattr(kind, "inner", None)
    return kind == pl.Object or (inner is not None and _is_unstorable(inner))


def catalogue(
    frame: pl.DataFrame, template: str | None, where: str, problems: Problems
) -> Catalogue:
    """The items with their text and titles.

    Raises:
        UsageError: the template names a column that is not there.
    """
    template = default_template(frame) if template is None else template
    names = frame[ITEM].to_list()
    texts = render(frame, template) if template else [""] * len(names)
    empty = [name for name, text in zip(names, texts, strict=True) if not text]
    if empty:
        problems.note(f"{where}: {several(len(empty), 'item')} without text: {some(empty)}.")
    column = title_column(frame)
    titles = words(frame[column]).to_list() if column else [_short(text) for text in texts]
    titles = [title or name for title, name in zip(titles, names, strict=True)]
    return Catalogue(IdMap(names), tuple(texts), tuple(titles), frame, template)


def _short(text: str) -> str:
    if len(text) <= TITLE_LENGTH:
        return text
    return text[:TITLE_LENGTH].rsplit(" ", 1)[0] + " ..."
