"""Read events and items, check them, and make a data set."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import polars as pl  # noqa: F401 - the example of the docstring uses it

from penchant.core import UsageError

from .assemble import make
from .dataset import Dataset
from .problems import Problems
from .settings import Options, check_encoding, checked
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


def _renamed(table: Table | None, columns: Mapping[str, str]) -> Table | None:
    if table is None:
        return None
    theirs = {old: new for old, new in columns.items() if old in table.columns}
    twice = [new for new, times in Counter(theirs.values()).items() if times > 1]
    if twice:
        both = " and ".join(repr(old) for old, new in theirs.items() if new == twice[0])
        raise UsageError(f"columns: {both} cannot both be {twice[0]!r}. Name one of them.")
    clash = [new for old, new in theirs.items() if new in table.columns]
    if clash:
        raise UsageError(
            f"columns: {table.where} already has a column {clash[0]!r}. Rename the other one."
        )
    return replace(table, frame=table.frame.rename(theirs))
