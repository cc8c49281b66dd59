"""The ways to cut a data set, each a function of the events alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.core import Interactions, Sequences, UsageError

Mask = NDArray[np.bool_]

ENOUGH = 3  # events: fewer, and a user has no question in leave-last-out
GIVEN = 5  # events that a new user of time:F gives before the first recommendation
FOLD_IN = 0.8  # of a new user's events are given, Liang et al. 2018, "Variational Autoencoders ..."


@dataclass(frozen=True, slots=True)
class Cut:
    """Which events are for what; all masks (events,).

    Attributes:
        train: may be learned from.
        history: given with the question.
        answer: to be found.
        slices: the slice of each user's question, (users,).
        candidates: the only items that may be ranked; None for all.
    """

    train: Mask
    history: Mask
    answer: Mask
    slices: NDArray[np.str_]
    candidates: NDArray[np.int32] | None = None


def _leave_last_out(events: Interactions, _: float, seed: int) -> Cut:
    e = events.events
    enough = (e.lengths >= ENOUGH)[e.row]
    last = _from_end(e) == 1
    return _warm(events, enough & ~last, enough & last)


def _ratio(events: Interactions, share: float, seed: int) -> Cut:
    e = events.events
    # 1e-9: 0.3 of 10 events are 3, though 0.3 * 10 may come out a hair lower
    held = np.maximum(np.floor(share * e.lengths + 1e-9), 1)
    held[e.lengths < ENOUGH] = 0
    late = _from_end(e) <= held[e.row]
    return _warm(events, ~late & (held > 0)[e.row], late)


def _few_shot(events: Interactions, k: float, seed: int) -> Cut:
    e = events.events
    place = _from_end(e)
    enough = (e.lengths >= ENOUGH)[e.row]
    shots = np.where(enough, (place > 1) & (place <= k + 1), place <= k)
    cut = _warm(events, shots & enough, enough & (place == 1))
    return Cut(shots, cut.history, cut.answer, cut.slices)


def _time(events: Interactions, share: float, seed: int) -> Cut:
    if not events.timed:
        raise UsageError("split 'time:F' needs times; this data set has positions only.")
    e = events.events
    past = e.time <= np.quantile(e.time, 1 - share) if len(e.time) else e.time > 0
    met = e.where(past).lengths > 0
    # somebody the training never saw: five events in, the rest to be found
    new = ~met & (e.lengths > GIVEN)
    given = new[e.row] & (_from_start(e) < GIVEN)
    return Cut(
        train=past,
        history=past | given,
        answer=~past & ~given & (met | new)[e.row],
        slices=np.where(met, "warm-user", "new-user"),
    )


def _cold_items(events: Interactions, share: float, seed: int) -> Cut:
    e = events.events
    cold = _drawn(events.items.ids, share, "cold", seed) & (events.counts() > 0)
    is_cold = cold[e.item]
    slices = np.full(len(e), "cold-item")
    return Cut(~is_cold, ~is_cold, is_cold, slices, np.flatnonzero(cold).astype(np.int32))


def _new_users(events: Interactions, share: float, seed: int) -> Cut:
    e = events.events
    new = _drawn(events.users.ids, share, "new", seed)[e.row]
    given = np.maximum(np.floor(FOLD_IN * e.lengths + 1e-9), 1)[e.row]
    early = _from_start(e) < given
    return Cut(~new, new & early, new & ~early, np.full(len(e), "new-user"))


def _warm(events: Interactions, history: Mask, answer: Mask) -> Cut:
    return Cut(~answer, history, answer, np.full(len(events.events), "warm-user"))


def _from_end(e: Sequences) -> NDArray[np.int64]:
    """1 for the last event of each row, 2 for the one before, (events,)."""
    return e.indptr[1:][e.row] - np.arange(len(e.item))


def _from_start(e: Sequences) -> NDArray[np.int64]:
    """0 for the first event of each row, (events,)."""
    return np.arange(len(e.item)) - e.indptr[:-1][e.row]


def _drawn(ids: Sequence[str], share: float, salt: str, seed: int) -> Mask:
    """A share of ids, chosen by their hash: the same ids whatever else the data set holds."""
    salt = salt if seed == 0 else f"{salt}{seed}"
    draw = [int(hashlib.sha256(f"{salt}:{i}".encode()).hexdigest()[:8], 16) for i in ids]
    return np.array(draw, np.float64) / 2**32 < share


PROTOCOLS: dict[str, Callable[[Interactions, float, int], Cut]] = {
    "leave-last-out": _leave_last_out,
    "time": _time,
    "ratio": _ratio,
    "cold-items": _cold_items,
    "new-users": _new_users,
    "few-shot": _few_shot,
}
USAGE = {
    "leave-last-out": "leave-last-out",
    "time": "time:0.1",
    "ratio": "ratio:0.2",
    "cold-items": "cold-items:0.1",
    "new-users": "new-users:0.1",
    "few-shot": "few-shot:5",
}
