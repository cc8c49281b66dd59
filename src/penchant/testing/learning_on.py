"""Checks of what a model does with new events."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from penchant.data import Dataset
from penchant.engine import Recommender, updated
from penchant.models import UpdateConfig

from .case import Case, expect, valid
from .tiny import FILMS, tiny_catalogue, tiny_dataset

QUICK = UpdateConfig(epochs=1, elastic=1.0, distil=1.0)


def learns_on_from_new_events(case: Case) -> None:
    """After an update new items are scored, the given model is as it was, and the seed decides."""
    before = case.scores().copy()
    data, new = _later()
    after = updated(case.fitted, data, new, QUICK)
    requests = case.requests().aligned(after.interactions.users, after.catalogue.items)
    scores = after.model.score(requests)
    valid(scores, len(requests), len(FILMS) + 1)
    expect(np.isfinite(scores[:, -1]).all(), "an item that came with new events has no score")
    expect(np.array_equal(case.scores(), before), "an update changed the model that it was given")
    again = updated(case.fitted, data, new, QUICK)
    expect(np.array_equal(again.model.score(requests), scores), "the same seed gives other scores")
    with tempfile.TemporaryDirectory() as folder:
        after.save(Path(folder) / "run")
        loaded = Recommender.load(Path(folder) / "run", models=(case.model_class,))
    expect(np.array_equal(loaded.model.score(requests), scores), "an update is lost in saving")


def _later() -> tuple[Dataset, np.ndarray]:
    """The tiny data with an item more, which every third user met last; which events are new."""
    data = tiny_dataset()
    catalogue = tiny_catalogue({**FILMS, "late": "Orbit of Love. Robots in space, gentle music"})
    people = data.interactions
    events, late = people.events, len(FILMS)
    met = (np.arange(len(events)) % 3 == 0) & (events.lengths > 0)
    last = events[met].last(1)
    last = replace(last, item=np.full(len(last.item), late, np.int32), time=last.time + 60.0)
    both = events.joined(last)
    row = np.concatenate([events.row, np.flatnonzero(met)])
    order = np.lexsort((both.time, row))
    indptr = np.concatenate([[0], np.cumsum(events.lengths + met)]).astype(np.int64)
    columns = {
        name: getattr(both, name)[order] for name in ("item", "time", "weight", "kind", "value")
    }
    whole = replace(both, indptr=indptr, **columns)
    now = replace(people, items=catalogue.items, events=whole)
    return replace(data, interactions=now, catalogue=catalogue), whole.item == late
