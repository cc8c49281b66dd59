"""Read events and items, check them, and make a data set."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.core import UsageError

from .build import core_only, interactions
from .columns import USER
from .dataset import Dataset
from .events import Events, checked_events, ids, known_only, present, without_repeats
from .feedback import weights
from .items import catalogue, checked_items
from .problems import Problems, several
from .settings import Options, Settings, check_encoding, checked
from .sources import Source, open_table
from .table import Table


def read(
    events: Source,
    items: Source,
    users: Source | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    **options: Unpack[Options],
) -> Dataset:
    """Read events and a catalogue with text, check both, and make a data set.

    Files are CSV (also with tabs or semicolons), JSON lines or Parquet, packed with gzip or not;
    frames are those of Polars, pandas and Arrow. Events have ``user_id``, ``item_id`` and
    ``timestamp`` or ``position``; optionally ``event`` (its kind) and ``value`` (a rating, a
    quantity). Items have ``item_id`` and any other columns. Ids are text: ``007`` stays ``007``.

    Events of a user are put in the order of time, or of position; equal ones stay in the order of
    the file. Exact copies (same user, item, time and kind) count once. What is dropped or converted
    is counted in ``notes``.

    >>> data = read(
    ...     pl.DataFrame({"user_id": ["u", "u"], "item_id": ["b", "a"], "position": [1, 0]}),
    ...     pl.DataFrame({"item_id": ["a", "b"], "title": ["Alien", "Heat"]}),
    ... )
    >>> data.interactions.items.names(data.interactions.events.items_of(0))
    ['a', 'b']

    Args:
        events: who did what, when.
        items: what can be recommended, and what is written about it.
        users: optionally what is known about the users, with ``user_id``.
        columns: other names of columns, theirs to ours, such as ``{"userId": "user_id"}``.
        encoding: of text files.
        **options: more settings:

            feedback: which events count, such as ``"rating >= 4"``, ``"click"``,
            ``"purchase * 3"``, or several in a list; all count 1 where nothing is given.

            template: the text of an item, such as ``"{title}. {genres}"``; made from the columns
            where nothing is given.

            k_core: leave out users and items with fewer events than this, again and again.

            unknown_items: what to do about events of items outside the catalogue: ``"error"`` or
            ``"drop"``.

            now: seconds since 1970, to know which times lie in the future; the clock's by default.

    Raises:
        DataError: with everything that is wrong with the data, each with file, line and remedy.
        UsageError: a wrong setting.
        MissingDependency: a pandas frame without pyarrow.
    """
    settings = checked(options)
    check_encoding(encoding)
    problems = Problems()
    given = {"events": events, "items": items, "users": users}
    tables = {
        what: open_table(source, what, encoding, problems)
        for what, source in given.items()
        if source is not None
    }
    opened = [table for table in tables.values() if table is not None]
    for theirs in columns or {}:
        if len(opened) == len(tables) and not any(theirs in t.columns for t in opened):
            raise UsageError(f"columns: no table has a column {theirs!r}.")
    tables = {what: _renamed(table, columns or {}) for what, table in tables.items()}
    name = Path(events).resolve().parent.name if isinstance(events, str | os.PathLike) else ""
    return make(
        tables["events"], tables["items"], problems, settings, users=tables.get("users"), name=name
    )


def make(
    events: Table | None,
    items: Table | None,
    problems: Problems,
    settings: Settings,
    *,
    users: Table | None = None,
    name: str = "",
) -> Dataset:
    """Check tables that were opened, and make a data set of them.

    Args:
        events: the events; None where they could not be opened, which ``problems`` says.
        items: the items, likewise.
        problems: what was found so far.
        settings: what the user asked for.
        users: the users, if there are any.
        name: of the data set.

    Raises:
        DataError: with everything that is wrong.
        UsageError: feedback or template names what is not there.
    """
    frame = checked_items(items, problems) if items is not None else None
    done = checked_events(events, settings.now, problems) if events is not None else None
    if events is not None and done is not None and frame is not None:
        done = known_only(done, events, frame["item_id"], settings.unknown_items, problems)
    people = _checked_users(users, problems) if users is not None else None
    if problems.found or events is None or items is None or done is None or frame is None:
        raise problems.error()
    things = catalogue(frame, settings.template, items.where, problems)
    done = without_repeats(done, events.where, problems)
    done, weight = _counted(done, events.where, settings, problems)
    made = interactions(done, weight, things.items)
    if settings.k_core:
        made, things = core_only(made, things, settings.k_core, problems)
    if not len(made):
        notes = " ".join(problems.notes)
        problems.add(events.where, None, "no events are left", f"What was left out: {notes}")
        raise problems.error()
    return Dataset(made, things, people, tuple(problems.notes), name)


def _counted(
    events: Events, where: str, settings: Settings, problems: Problems
) -> tuple[Events, NDArray[np.float32]]:
    """Only the events that count as feedback, and how much each counts."""
    if not settings.feedback:
        return events, np.ones(events.frame.height, np.float32)
    weight = weights(events.frame, settings.feedback)
    counts = weight > 0
    dropped = len(weight) - int(counts.sum())
    if dropped:
        rules = ", ".join(settings.feedback)
        problems.note(f"{where}: feedback {rules} leaves out {several(dropped, 'event')}.")
    return Events(events.frame.filter(pl.Series(counts)), events.timed), weight[counts]


def _checked_users(table: Table, problems: Problems) -> pl.DataFrame | None:
    if not present(table, (USER,), problems):
        return None
    users = table.frame.with_columns(ids(table, USER, problems))
    again = ~users[USER].is_first_distinct()
    problems.rows(table, USER, again.to_numpy(), "{value} stands here again", "Keep one line each.")
    return users


def _renamed(table: Table | None, columns: Mapping[str, str]) -> Table | None:
    if table is None:
        return None
    theirs = {old: new for old, new in columns.items() if old in table.columns}
    clash = [new for old, new in theirs.items() if new in table.columns]
    if clash:
        raise UsageError(
            f"columns: {table.where} already has a column {clash[0]!r}. Rename the other one."
        )
    return replace(table, frame=table.frame.rename(theirs))
