"""Events as likes and dislikes."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from penchant.core import Interactions, Sequences

log = logging.getLogger(__name__)


def liked(events: Sequences, least: float) -> Sequences:
    """Events with 1 for a value of at least ``least``, else 0; one without a value is a like."""
    value = np.where(np.isnan(events.value), 1.0, events.value >= least).astype(np.float32)
    return replace(events, value=value)


def labelled(interactions: Interactions, least: float, rng: np.random.Generator) -> Interactions:
    """The events as likes and dislikes, with dislikes drawn where there is none.

    Drawn ones are items that the user has no event with, one for each event, at its time; as many
    as the catalogue allows.

    Args:
        interactions: the training events.
        least: the smallest value of a like.
        rng: which items stand for dislikes.
    """
    events = liked(interactions.events, least)
    if not len(events.item) or not (events.value == 1).all():
        return interactions.with_events(events)
    log.warning(
        "click-model: every event is a like, so items that nobody was shown stand for dislikes: scores "
        "rank, and are no rates. If there are dislikes, give them in the column 'value' "
        "(--column label=value)."
    )
    items = len(interactions.items)
    drawn = rng.integers(0, items, len(events.item)).astype(np.int32)
    seen = events.row.astype(np.int64) * items + events.item
    new = ~np.isin(events.row.astype(np.int64) * items + drawn, seen)
    return interactions.with_events(_with_dislikes(events, drawn, new))


def _with_dislikes(
    events: Sequences, drawn: NDArray[np.int32], new: NDArray[np.bool_]
) -> Sequences:
    """Each event followed by its drawn one, where that is new."""
    source = np.repeat(np.arange(len(drawn)), 1 + new)
    second = np.zeros(len(source), bool)
    second[1:] = source[1:] == source[:-1]
    total = np.concatenate([[0], np.cumsum(1 + new)])
    return Sequences(
        total[events.indptr].astype(np.int64),
        np.where(second, drawn[source], events.item[source]).astype(np.int32),
        events.time[source],
        events.weight[source],
        events.kind[source],
        np.where(second, 0.0, 1.0).astype(np.float32),
    )
