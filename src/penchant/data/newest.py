"""Questions about single events: what was known just before each, and which item came."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import UNKNOWN, Holdout, Interactions, Requests, Sequences, before, generator

KNOWN, NEW = "known-user", "new-user"


def questions_at(
    interactions: Interactions,
    asked: NDArray[np.integer],
    trained: NDArray[np.bool_],
    most: int = 2000,
    seed: int = 0,
    protocol: str = "newest",
) -> Holdout:
    """One question for each of some events, with everything its user did strictly before.

    An event whose item the history holds already, or that stands alone in front of nothing, is no
    question: the one is not recommended again, the other asks about nobody.

    Args:
        interactions: all events.
        asked: which of them are asked about, (asked,) places in ``interactions.events``.
        trained: which of them a model may know, (events,); users without any are new.
        most: questions drawn at most.
        seed: of the draw.
        protocol: a name for the questions.
    """
    events = interactions.events
    asked = np.sort(asked)
    row, item, time = events.row[asked], events.item[asked], events.time[asked]
    history = before(events, row, time)
    repeats = history.item == item[history.row]
    fit = (history.lengths > 0) & (np.bincount(history.row[repeats], minlength=len(asked)) == 0)
    kept = np.flatnonzero(fit)
    if len(kept) > most:
        kept = np.sort(generator(seed, "newest").choice(kept, most, replace=False))
    row = row[kept]
    met = np.bincount(events.row[trained], minlength=len(events))[row] > 0
    slices = tuple(np.where(met, KNOWN, NEW).tolist())
    names = interactions.users.names(row)
    return Holdout(
        requests=Requests(
            interactions.users,
            interactions.items,
            np.where(met, row, UNKNOWN).astype(np.int32),
            history[kept],
        ),
        truth=Sequences.of_items(np.ones(len(kept), np.int64), item[kept], time[kept]),
        request_ids=tuple(f"{where}:{name}" for where, name in zip(slices, names, strict=True)),
        slices=slices,
        candidates=None,
        protocol=protocol,
        timed=interactions.timed,
    )
