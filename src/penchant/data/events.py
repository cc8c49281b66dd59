"""From a table of events to checked columns, whatever is wrong with them collected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .columns import EVENT, ITEM, POSITION, TIME, USER, VALUE, WHEN, meant
from .problems import Problems, several
from .table import Table
from .times import seconds

OnUnknown = Literal["error", "drop"]
MOST_KINDS = 1000
"""Kinds of events; more of them, and the column holds something else."""


@dataclass(frozen=True)
class Events:
    """Checked events in the order of their file.

    Attributes:
        frame: ``user_id`` and ``item_id`` as text, ``__when__`` as seconds or positions, ``event``
            and ``value``, and every other column of the file.
        timed: whether ``__when__`` holds seconds.
    """

    frame: pl.DataFrame
    timed: bool


def ids(table: Table, name: str, problems: Problems) -> pl.Series:
    """A column of ids as text."""
    column = table.frame[name]
    kind = column.dtype
    if not (kind in (pl.String, pl.Categorical, pl.Enum, pl.Null) or kind.is_integer()):
        held = "numbers with a decimal point" if kind.is_float() else str(kind)
        what = f"{name} holds {held}"
        problems.add(table.where, None, what, "Write ids as text or whole numbers.")
        return pl.Series(name, [None] * len(column), pl.String)
    text = column.cast(pl.String)
    missing = (text.is_null() | (text == "")).to_numpy()
    problems.rows(table, name, missing, "", "Write the id.")
    return text


def present(table: Table, wanted: tuple[str, ...], problems: Problems) -> bool:
    """Whether the columns are all there; each that is not is a problem, with a likely name."""
    missing = [name for name in wanted if name not in table.columns]
    for name in missing:
        _say_missing(table, name, f"no column {name!r}", "Add the column.", problems)
    return not missing


def checked_events(table: Table, now: float, problems: Problems) -> Events | None:
    """Check every column of the events; None where a needed column is missing.

    Args:
        table: the events as they were read.
        now: seconds since 1970, to know what lies in the future.
        problems: takes what is wrong.
    """
    complete = present(table, (USER, ITEM), problems)
    timed = TIME in table.columns
    if not timed and POSITION not in table.columns:
        what = f"no column {TIME!r} or {POSITION!r}"
        otherwise = "Add one: when it happened, or 0, 1, 2, ... for each user."
        _say_missing(table, TIME, what, otherwise, problems)
        complete = False
    if not complete:
        return None
    if timed and POSITION in table.columns:
        problems.note(f"{table.where}: both {TIME} and {POSITION}: {TIME} gives the order.")
    time = seconds(table, now, problems) if timed else _positions(table, problems)
    frame = table.frame.with_columns(
        ids(table, USER, problems),
        ids(table, ITEM, problems),
        pl.Series(WHEN, time),
        _kinds(table, problems),
        _values(table, problems),
    )
    return Events(frame, timed)


def without_repeats(events: Events, where: str, problems: Problems) -> Events:
    """Without exact copies: same user, item, time and kind. The first stays; the rest are counted."""
    key = [USER, ITEM, WHEN, EVENT]
    first = events.frame.select(pl.struct(key).is_first_distinct()).to_series()
    copies = len(first) - int(first.sum())
    if not copies:
        return events
    problems.note(f"{where}: dropped {several(copies, 'exact copy', 'exact copies')} of events.")
    return Events(events.frame.filter(first), events.timed)


def known_only(
    events: Events, table: Table, known: pl.Series, unknown: OnUnknown, problems: Problems
) -> Events:
    """Without events of items that are not in the catalogue: an error, or dropped and counted."""
    strange = ~events.frame[ITEM].is_in(known.implode())
    count = int(strange.sum())
    if not count:
        return events
    if unknown == "drop":
        items = events.frame[ITEM].filter(strange).n_unique()
        problems.note(
            f"{table.where}: dropped {several(count, 'event')} of {several(items, 'item')} "
            "outside the catalogue."
        )
        return Events(events.frame.filter(~strange), events.timed)
    problems.rows(
        table,
        ITEM,
        strange.fill_null(False).to_numpy(),
        "{value} is not in the catalogue",
        "Add the item, or leave such events out with {setting}.",
        ("unknown_items", "drop"),
    )
    return events


def _kinds(table: Table, problems: Problems) -> pl.Series:
    if EVENT not in table.columns:
        return pl.repeat("event", table.frame.height, eager=True).alias(EVENT)
    column = plain_only(table, EVENT, problems)
    kinds = column.cast(pl.String).fill_null("event")
    if kinds.n_unique() > MOST_KINDS:
        what = f"{EVENT} holds {several(kinds.n_unique(), 'kind')} of events"
        problems.add(table.where, None, what, "Name the kind there, such as click or purchase.")
    return kinds


def plain_only(table: Table, name: str, problems: Problems) -> pl.Series:
    """A column of one value a row; nulls in its place where it holds lists or the like."""
    column = table.frame[name]
    if column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        what = f"{name} holds {column.dtype}"
        problems.add(table.where, None, what, "Write one value a row.")
        return pl.Series(name, [None] * len(column), pl.String)
    return column


def _positions(table: Table, problems: Problems) -> NDArray[np.float64]:
    column = plain_only(table, POSITION, problems)
    if column.null_count() == len(column) and table.frame[POSITION].null_count() < len(column):
        return np.zeros(len(column))  # said already
    position = column.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
    problems.rows(
        table, POSITION, ~np.isfinite(position), "{value} is no number", "Write 0, 1, 2, ..."
    )
    return position


def _values(table: Table, problems: Problems) -> pl.Series:
    if VALUE not in table.columns:
        return pl.Series(VALUE, np.full(table.frame.height, np.nan, np.float32))
    column = plain_only(table, VALUE, problems)
    if column.dtype == pl.String:
        column = column.replace("", None)
    value = column.cast(pl.Float32, strict=False)
    bad = (value.is_null() & column.is_not_null()) | value.is_nan() | value.is_infinite()
    problems.rows(
        table,
        VALUE,
        bad.fill_null(False).to_numpy(),
        "{value} is no number",
        "Write a number, or leave it empty.",
    )
    return value.fill_null(float("nan"))


def _say_missing(table: Table, name: str, what: str, otherwise: str, problems: Problems) -> None:
    """Remember that a column is missing; the remedy names the one that was probably meant."""
    what += f"; it has {', '.join(table.columns) or 'no columns at all'}"
    guess = meant(name, table.columns)
    if guess is None:
        problems.add(table.where, table.header, what, otherwise)
        return
    remedy = f"Rename {guess!r}, or pass {{setting}}."
    problems.add(table.where, table.header, what, remedy, setting=("columns", {guess: name}))
