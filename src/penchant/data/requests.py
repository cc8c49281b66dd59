"""Requests and candidates from files, for a batch of rankings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.core import UNKNOWN, Catalogue, IdMap, Requests, Sequences

from .build import codes
from .columns import USER, near
from .events import OnUnknown, ids
from .files import contents, text
from .jsonl import read_jsonl
from .problems import Problems, several
from .table import Table

REQUEST, HISTORY, QUERY = "request_id", "history", "query"
EXAMPLE = '{"request_id": "r1", "history": ["i7", "i9"]}'


@dataclass(frozen=True)
class RequestFile:
    """A file of requests.

    Attributes:
        ids: the name of each request, (rows,).
        requests: the questions; its users are those of the file, its items the catalogue's.
        notes: what was dropped, counted; for people.
    """

    ids: tuple[str, ...]
    requests: Requests
    notes: tuple[str, ...] = ()


def read_requests(
    path: str | os.PathLike[str], catalogue: Catalogue, unknown_items: OnUnknown = "error"
) -> RequestFile:
    """Read requests: JSON lines with ``request_id`` and ``user_id``, ``history``, ``query`` or several.

    Other keys are left alone.

    Args:
        path: the file, packed with gzip or not.
        catalogue: what the items of histories are looked up in.
        unknown_items: what to do about history items outside the catalogue: ``"error"`` or
            ``"drop"``.

    Raises:
        DataError: with everything that is wrong with the file.
    """
    problems = Problems()
    data = contents(Path(path), problems)
    readable = text(data, str(path), "utf-8", problems) if data is not None else None
    table = read_jsonl(readable, str(path), problems) if readable is not None else None
    if table is None or not _names(table, problems):
        raise problems.error()
    user, query = _texts(table, USER, problems), _texts(table, QUERY, problems)
    history = _histories(table, catalogue, unknown_items, problems)
    asks_nothing = user.is_null().to_numpy() & query.is_null().to_numpy()
    asks_nothing &= _empty(table) & (not problems.found)
    problems.rows(
        table,
        REQUEST,
        asks_nothing,
        f"{{value}} has neither {USER} nor {HISTORY} nor {QUERY}",
        f"Write one of them, such as {EXAMPLE}.",
    )
    if problems.found:
        raise problems.error()
    users = user.drop_nulls().unique(maintain_order=True)
    place = np.where(
        user.is_null().to_numpy(), UNKNOWN, pl.Series(codes(user, users)).fill_null(UNKNOWN)
    )
    return RequestFile(
        tuple(table.frame[REQUEST].cast(pl.String).to_list()),
        Requests(
            IdMap(users.to_list()),
            catalogue.items,
            place.astype(np.int32),
            history,
            tuple(query.to_list()) if query.is_not_null().any() else None,
        ),
        tuple(problems.notes),
    )


def _names(table: Table, problems: Problems) -> bool:
    """Whether every request has a name of its own."""
    if REQUEST not in table.columns:
        guess = near(REQUEST, table.columns)
        remedy = f"Rename {guess!r}." if guess else f"Give each line one, such as {EXAMPLE}."
        what = f"no key {REQUEST!r}; it has {', '.join(table.columns) or 'none at all'}"
        problems.add(table.where, None, what, remedy)
        return False
    names = ids(table, REQUEST, problems)
    again = ~names.is_first_distinct() & names.is_not_null()
    problems.rows(
        table, REQUEST, again.to_numpy(), "{value} stands here again", "Give each its own name."
    )
    return True


def _texts(table: Table, name: str, problems: Problems) -> pl.Series:
    """A column of text or whole numbers as text; null where there is none or nothing in it."""
    column = table.frame[name] if name in table.columns else _nothing(table.frame.height)
    if column.dtype not in (pl.String, pl.Null) and not column.dtype.is_integer():
        problems.add(table.where, None, f"{name} holds {column.dtype}", f"Write text for {name}.")
        return _nothing(len(column))
    text = column.cast(pl.String)
    return text.set(text.str.strip_chars() == "", None)


def _histories(
    table: Table, catalogue: Catalogue, unknown: OnUnknown, problems: Problems
) -> Sequences:
    rows = table.frame.height
    column = table.frame[HISTORY] if HISTORY in table.columns else _nothing(rows)
    if column.dtype == pl.Null:
        column = _nothing(rows)
    if not isinstance(column.dtype, pl.List):
        # a column of mixed types was read as text: what was a list still begins as one
        bad = column.is_not_null() & ~column.cast(pl.String).str.starts_with("[").fill_null(True)
        problems.rows(
            table,
            HISTORY,
            bad.to_numpy(),
            "{value} is not a list",
            f"Write a list of item ids, such as {EXAMPLE}.",
        )
        return Sequences.of_items(np.zeros(rows, np.int64), np.zeros(0, np.int32))
    column = column.fill_null([])
    lengths = column.list.len().to_numpy()
    items = column.explode(empty_as_null=False)
    if items.dtype not in (pl.String, pl.Null) and not items.dtype.is_integer():
        what = f"{HISTORY} holds lists of {items.dtype}"
        problems.add(table.where, None, what, f"Write item ids, such as {EXAMPLE}.")
        return Sequences.of_items(np.zeros(rows, np.int64), np.zeros(0, np.int32))
    items = items.cast(pl.String).fill_null("null")
    item = catalogue.items.codes(items.to_list())
    strange = item == UNKNOWN
    row = np.repeat(np.arange(rows), lengths)
    if strange.any() and unknown == "drop":
        gone = several(int(strange.sum()), "history item")
        problems.note(f"{table.where}: dropped {gone} outside the catalogue.")
        lengths = np.bincount(row[~strange], minlength=rows)
        item = item[~strange]
    elif strange.any():
        place = int(np.flatnonzero(strange)[0])
        problems.add(
            table.where,
            table.line(int(row[place])),
            f"{HISTORY}: {items[place]!r} is not in the catalogue",
            "Add the item, or leave it out with {setting}.",
            int(strange.sum()),
            ("unknown_items", "drop"),
        )
    return Sequences.of_items(lengths, item)


def _empty(table: Table) -> NDArray[np.bool_]:
    """Whether a request has no history, or an empty one."""
    if HISTORY not in table.columns:
        return np.ones(table.frame.height, np.bool_)
    column = table.frame[HISTORY]
    if isinstance(column.dtype, pl.List):
        return (column.list.len().fill_null(0) == 0).to_numpy()
    return column.is_null().to_numpy()


def _nothing(rows: int) -> pl.Series:
    return pl.Series([None] * rows, dtype=pl.String)
