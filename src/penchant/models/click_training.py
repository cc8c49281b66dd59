"""How the head of ClickModel learns: on the future of a past, again and again.

At each of several cuts the factors are fitted on what came before, and the events of the next block
are described with them: once with the state frozen at the cut, and once with histories and counters
that go on, strictly before each event. So the head meets in training the features that it will meet
when it is asked, and none of them has seen its own label.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.core import Interactions, Pairs, Requests, Sequences, before

from .click_features import FRESH, LATELY, NAMES, features, fresh_surplus
from .click_head import Head
from .pair_factors import PairFactors, Vectors

Array = NDArray[np.float64]

ENOUGH = 200
"""Events with both labels among them; fewer teach a head nothing."""
MOST = 20_000
"""Events that a block teaches with."""


@dataclass(frozen=True)
class Heads:
    """What weighs the features, in the two ways to ask.

    Attributes:
        frozen: the state is that of the end of training.
        live: histories and counters are up to date.
    """

    frozen: Head
    live: Head


def learn_heads(
    labelled: Interactions,
    fitted_on: Callable[[Sequences], PairFactors],
    cuts: list[float],
    l2: float,
    rng: np.random.Generator,
) -> Heads:
    """Heads from the blocks after each cut.

    Args:
        labelled: the training events, their values 0 or 1.
        fitted_on: fits factors on some of the events.
        cuts: shares of the events, ascending; a block ends where the next one begins. Without any
            the factors alone foretell.
        l2: penalty of the heads.
        rng: which events of a block too large are taken.
    """
    events = labelled.events
    when = moments(labelled)
    frozen, live, label = [], [], []
    ends = [*cuts[1:], 1.0] if cuts else []
    for cut, end in zip(cuts, ends, strict=True):
        block = np.flatnonzero((when >= cut) & (when < end if end < 1 else True))
        if len(block) > MOST:
            block = np.sort(rng.choice(block, MOST, replace=False))
        past = events.where(when < cut)
        if not len(past.item) or not len(block):
            continue
        factors = fitted_on(past)
        user = np.where(past.lengths[events.row[block]] > 0, events.row[block], -1)
        still, now = past[events.row[block]], before(events, events.row[block], events.time[block])
        asked = [
            Pairs(
                Requests(labelled.users, labelled.items, user.astype(np.int32), history),
                events.item[block],
                events.time[block],
            )
            for history in (still, now)
        ]
        value = events.value[block].astype(np.float64)
        frozen.append(described(factors, asked[0]))
        frozen[-1][:, LATELY] = 0.0  # long ago by then: a constant feature gets no weight
        live.append(replayed(factors, asked[1], value, timed=labelled.timed))
        label.append(value)
    if not label or min(np.bincount(np.concatenate(label).astype(int), minlength=2)) < ENOUGH / 2:
        mean = float(np.clip(events.value.mean(), 0.02, 0.98)) if len(events.item) else 0.5
        plain = _plain(mean)
        return Heads(plain, plain)
    truth = np.concatenate(label)
    return Heads(*(Head.fit(np.concatenate(part), truth, l2) for part in (frozen, live)))


def described(factors: PairFactors, pairs: Pairs, batch: int = 1024) -> Array:
    """Features of pairs whose histories are all that is known, (rows, features)."""
    parts = [
        features(factors, part, _vectors(factors, part))
        for part in (pairs[at : at + batch] for at in range(0, len(pairs), batch))
    ]
    return np.concatenate(parts) if parts else np.zeros((0, len(NAMES)))


def replayed(factors: PairFactors, pairs: Pairs, label: Array, *, timed: bool) -> Array:
    """Features of pairs in the order of time: an item's earlier events among them count too.

    Args:
        factors: fitted on events before any of the pairs.
        pairs: with histories up to date.
        label: of each pair, 0 or 1; NaN where nobody knows, (rows,).
        timed: whether the times of different users can be compared; fresh counters need that.
    """
    found = described(factors, pairs)
    if not timed or not len(pairs):
        return found
    foretold = factors.posterior.mean + found[:, :3].sum(axis=1)
    surplus = np.where(pairs.item >= 0, label - foretold, np.nan)
    size = np.where(pairs.item >= 0, factors.side.events[pairs.item], 0.0)
    found[:, FRESH] = fresh_surplus(pairs.item, pairs.time, surplus, size)
    return found


def moments(interactions: Interactions) -> Array:
    """When each event was, as a share of all: 0 the first, below 1 the last, (events,).

    Events of the same time share one. Positions cannot be compared between users: there it is the
    share of the user's own events.
    """
    events = interactions.events
    if interactions.timed:
        return np.searchsorted(np.sort(events.time), events.time) / max(1, len(events.time))
    place = np.arange(len(events.item)) - events.indptr[:-1][events.row]
    share: Array = place / np.maximum(events.lengths[events.row], 1)
    return share


def _vectors(factors: PairFactors, pairs: Pairs) -> Vectors:
    return factors.vectors(pairs.requests.user, pairs.requests.history)


def _plain(mean: float) -> Head:
    """A head that takes what the factors foretell as it is, where there is little to learn from."""
    weights = np.zeros(len(NAMES))
    weights[:3] = 1 / (mean * (1 - mean))  # the slope of the log-odds at the mean
    return Head(weights, float(np.log(mean / (1 - mean))))
