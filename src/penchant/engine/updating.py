"""A recommender that has learned from new events: one call for every model."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    Catalogue,
    Interactions,
    Model,
    Textual,
    UsageError,
    checked_seed,
)
from penchant.models import UpdateConfig, settings_of, updated_model

from .catalogues import with_more_items
from .recommender import Recommender
from .versions import version_of

if TYPE_CHECKING:
    from penchant.data import Dataset

Since = float | NDArray[np.bool_] | None
"""Seconds since 1970 (UTC), or one flag for each event; None: whatever the recommender lacks."""


def updated(
    recommender: Recommender,
    data: Dataset,
    since: Since = None,
    config: UpdateConfig | None = None,
    seed: int = 0,
    resume: str | Path | None = None,
) -> Recommender:
    """A recommender that has learned from new events too; the given one stays as it is.

    A model that learns by gradients goes on from where it is; any other is fitted again with its
    settings. New users, new items and other texts of known items are taken up.

    Args:
        recommender: the one that serves.
        data: all events, old and new, and the catalogue. Items that it lacks stay known.
        since: which events are new.
        config: the settings of the update.
        seed: the same seed, settings, recommender and data give the same result.
        resume: a folder in which checkpoints are kept; where it holds those of an update that was
            killed, that one goes on.

    Raises:
        UsageError: positions where there were times or the other way round; ``since`` a number
            where events have no times; the folder is of another run.
        TrainingFailed: a loss or a vector is not a number.
    """
    seed, config = checked_seed(seed), config or UpdateConfig()
    before = recommender.interactions
    if len(before) and before.timed != data.interactions.timed:
        words = {True: "times", False: "positions"}
        raise UsageError(
            f"the recommender learned from events with {words[before.timed]}, these have "
            f"{words[data.interactions.timed]}. Give events of one kind, or fit anew."
        )
    catalogue, model = _catalogue(recommender, data.catalogue)
    aligned = _aligned(data.interactions, before, catalogue)
    new = _new(before, aligned, since)
    whole = replace(data, interactions=aligned, catalogue=catalogue)
    with _kept(recommender, whole, new, config, seed, resume):
        model = updated_model(model, config, whole, new, seed)
    return Recommender(model, catalogue, aligned)


def _catalogue(recommender: Recommender, newer: Catalogue) -> tuple[Catalogue, Model]:
    """The catalogue from now on, and the model over the texts of its known items."""
    known, model = recommender.catalogue, recommender.model
    if newer is known:
        return known, model
    place = newer.items.onto(known.items)
    if not np.array_equal(place[: len(known)], np.arange(len(known))):
        # in another order, or without some: those known stay as they are
        return with_more_items(known, newer), model
    texts = list(newer.texts[: len(known)])
    changed = [n for n, (now, was) in enumerate(zip(texts, known.texts, strict=True)) if now != was]
    if changed and isinstance(model, Textual):
        model = model.with_texts(np.array(changed), [texts[n] for n in changed])
    return newer, model


def _aligned(
    interactions: Interactions, before: Interactions, catalogue: Catalogue
) -> Interactions:
    """The events in the codes of a catalogue that has all their items, kinds of before first."""
    events, kinds = interactions.events, interactions.kinds
    if len(before):
        kinds = (*before.kinds, *(kind for kind in kinds if kind not in before.kinds))
    kind = np.array([kinds.index(name) for name in interactions.kinds], np.int16)
    moved = replace(
        events,
        item=interactions.items.onto(catalogue.items)[events.item],
        kind=kind[events.kind],
    )
    return replace(interactions, items=catalogue.items, events=moved, kinds=kinds)


def _new(before: Interactions, now: Interactions, since: Since) -> NDArray[np.bool_]:
    """Which events are new, (events,)."""
    if isinstance(since, np.ndarray):
        return since
    if since is None:
        return ~_met(before, now)
    if not now.timed:
        raise UsageError(
            f"since={since:g}: these events have an order but no times. Give one flag for each "
            "event, or leave it out: then those are new that the recommender lacks."
        )
    return now.events.time >= since


def _met(before: Interactions, now: Interactions) -> NDArray[np.bool_]:
    """Which of the events of now there were before, each of before standing for one of now."""
    first = len(before.events.item)
    user = before.users.onto(now.users)[before.events.row]  # -1 for somebody who is gone
    keys = [
        np.concatenate([user, now.events.row]),
        np.concatenate([before.events.item, now.events.item]),
    ]
    if now.timed:
        keys.append(np.concatenate([before.events.time, now.events.time]))
    order = np.lexsort(keys)  # stable: of one key those of before come first
    late = order >= first
    starts = np.ones(len(order), np.bool_)
    starts[1:] = np.any([key[order][1:] != key[order][:-1] for key in keys], axis=0)
    group = np.cumsum(starts) - 1
    there = np.bincount(group[~late], minlength=len(order))
    place = np.arange(len(order)) - np.flatnonzero(starts)[group]  # within the group
    found = np.zeros(len(now.events.item), np.bool_)
    found[order[late] - first] = (place < 2 * there[group])[late]
    return found


def _kept(
    recommender: Recommender,
    data: Dataset,
    new: NDArray[np.bool_],
    config: UpdateConfig,
    seed: int,
    folder: str | Path | None,
) -> AbstractContextManager[object]:
    """A block whose trainings keep checkpoints in a folder that only this update may use."""
    if folder is None:
        return nullcontext()
    from penchant.tune import run_folder  # light, and only where something is kept

    about = {
        "update of": version_of(recommender),
        "settings": settings_of(config),
        "seed": seed,
        "data": data.digest,
        "new": hashlib.sha256(np.packbits(new).tobytes()).hexdigest(),
    }
    return run_folder(folder, about=about)
