"""Check tables that were opened, and put them together."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .build import core_only, interactions
from .columns import ITEM, USER
from .dataset import Dataset
from .events import Events, checked_events, ids, known_only, present, without_repeats
from .feedback import weights
from .items import catalogue, checked_items
from .problems import Problems, several
from .settings import Settings
from .table import Table


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
        done = known_only(done, events, frame[ITEM], settings.unknown_items, problems)
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
