"""Short lists of a first stage for users whose next item is known: what a second stage learns from."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.core import Requests, generator

from .two_stage import TwoStage, shortlist

if TYPE_CHECKING:
    from penchant.data import Dataset

    from .base import ModelClass

log = logging.getLogger(__name__)

ENOUGH = 3
"""Events of a user that can be learned from: one that is asked about and two before it."""

LEAST = 5
"""Held-out users that are too few to learn from: a fifth of them, at least one, is for validation."""

CELLS = 2**27
"""Scores of a first stage that are held at once: 0.5 GB."""


class Asked(Protocol):
    """Whose newest events are held out, how many, and how long their lists are."""

    @property
    def depth(self) -> int:
        """Items in a list."""
        ...

    @property
    def users(self) -> int:
        """Users to learn from."""
        ...

    @property
    def events(self) -> int:
        """Newest events of each of them that are asked about."""
        ...

    @property
    def validation_users(self) -> int:
        """Users to validate on."""
        ...


@dataclass(frozen=True, slots=True)
class Lists:
    """Short lists of a first stage, and what came next.

    Attributes:
        requests: whom for, (rows,).
        codes: the first stage's best items, (rows, depth) int32; -1 where there are fewer.
        scores: its scores of them, the same shape; ``-inf`` where there are fewer.
        target: the item that came next, (rows,) int32.
    """

    requests: Requests
    codes: NDArray[np.int32]
    scores: NDArray[np.float32]
    target: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, rows: NDArray[np.int64]) -> Lists:
        """Some of the lists."""
        return Lists(self.requests[rows], self.codes[rows], self.scores[rows], self.target[rows])

    @property
    def hit(self) -> NDArray[np.bool_]:
        """Where the item stands that came next, (rows, depth)."""
        found: NDArray[np.bool_] = self.codes == self.target[:, None]
        return found

    def second(self, stages: TwoStage) -> NDArray[np.float32]:
        """The second stage's scores, (rows, depth); zero where it was not asked."""
        row, column, scores = stages.pairs(self.requests, self.codes)
        found = np.zeros(self.codes.shape, np.float32)
        found[row, column] = scores
        return found


@dataclass(frozen=True, slots=True)
class Material:
    """What a second stage learns from.

    Attributes:
        first: the first stage, fitted without the events that the lists ask about.
        lists: to learn from; each holds the item that came next.
        held: of other people, to validate on; they too.
    """

    first: Any
    lists: Lists
    held: Lists


def material(
    asked: Asked,
    first_stage: tuple[type[ModelClass], Any],
    data: Dataset,
    seed: int,
    owner: tuple[str, str],
) -> Material | None:
    """Lists of a first stage before held-out events; None, and said, where there are too few.

    A second stage is asked about lists only, and what is not in a list it cannot bring there. So it
    learns from lists that hold what came next: of the others, their right item put in by hand, it
    would learn that the right item is one that the first stage leaves out.

    Args:
        asked: whom, how many events, and how long the lists.
        first_stage: its class and config.
        data: all training events.
        seed: which users, and which of them are for validation.
        owner: the model that asks, for the message, and the name of its draw.
    """
    chosen = _people(data, asked.users + asked.validation_users, seed)
    order = generator(seed, owner[1]).permutation(len(chosen))
    kept = max(1, min(asked.validation_users, len(chosen) // LEAST))
    if len(chosen) < LEAST or not any(text.strip() for text in data.catalogue.texts):
        log.warning(
            "%s: too few users have 3 events, or no item has a text; there is nothing to learn from, "
            "and the first stage's order stays",
            owner[0],
        )
        return None
    held, learners = np.sort(chosen[order[:kept]]), np.sort(chosen[order[kept:]])
    model_class, settings = first_stage
    first = model_class.fit(settings, _without(data, chosen, asked.events), seed)
    both = (
        lists_of(first, *questions_of(data, rows, asked.events), asked.depth)
        for rows in (learners, held)
    )
    lists, to_validate = (found[np.flatnonzero(found.hit.any(axis=1))] for found in both)
    if not len(lists) or not len(to_validate):
        log.warning(
            "%s: of what came next, the first stage lists nothing among its best %d; there is nothing "
            "to learn from, and its order stays. Ask about more with depth, or for another first stage",
            owner[0],
            asked.depth,
        )
        return None
    log.info("%s: learns from %d lists", owner[0], len(lists))
    return Material(first, lists, to_validate)


def questions_of(
    data: Dataset, rows: NDArray[np.int64], events: int
) -> tuple[Requests, NDArray[np.int32]]:
    """What some users did before each of their newest events, and the item of that event.

    Args:
        data: all training events.
        rows: of the users.
        events: newest events of each that are asked about, as far as two are left before; not those
            whose item the history holds already.

    Returns:
        the questions, and what came next (questions,).
    """
    people = data.interactions
    back = np.repeat(np.arange(events), len(rows))
    asked = np.tile(rows, events)
    whole = people.events[asked]
    end = whole.lengths - 1 - back  # place of the event that is asked about
    fit = np.flatnonzero(end >= ENOUGH - 1)
    asked, whole, end = asked[fit], whole[fit], end[fit]
    place = np.arange(len(whole.item)) - whole.indptr[:-1][whole.row]
    before = place < end[whole.row]
    target = whole.item[whole.indptr[:-1] + end]
    again = np.bincount(
        whole.row, weights=before & (whole.item == target[whole.row]), minlength=len(whole)
    )
    new = np.flatnonzero(again == 0)
    users = asked[new].astype(np.int32)
    return Requests(people.users, people.items, users, whole.where(before)[new]), target[new]


def _people(data: Dataset, most: int, seed: int) -> NDArray[np.int64]:
    """Rows of some users with enough events."""
    chosen = np.flatnonzero(data.interactions.events.lengths >= ENOUGH)
    if len(chosen) > most:
        chosen = generator(seed, "short-lists").choice(chosen, most, replace=False)
    return np.sort(chosen)


def _without(data: Dataset, rows: NDArray[np.int64], events: int) -> Dataset:
    """The data without the events of these users that will be asked about."""
    whole = data.interactions.events
    cut = np.zeros(len(whole), np.int64)
    cut[rows] = np.minimum(events, whole.lengths[rows] - (ENOUGH - 1))
    left = whole.where(np.arange(len(whole.item)) < (whole.indptr[1:] - cut)[whole.row])
    return replace(data, interactions=data.interactions.with_events(left))


def lists_of(first: Any, requests: Requests, target: NDArray[np.int32], depth: int) -> Lists:
    """What a fitted first stage lists.

    Args:
        first: the first stage.
        requests: the questions.
        target: the item that came next, (questions,).
        depth: items in a list.
    """
    step = max(1, CELLS // max(1, len(requests.items)))
    parts = [slice(start, start + step) for start in range(0, max(1, len(requests)), step)]
    found, codes = (
        np.concatenate(part)
        for part in zip(*(_listed(first, requests[rows], depth) for rows in parts), strict=True)
    )
    return Lists(requests, codes, found, target)


def _listed(
    first: Any, requests: Requests, depth: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Scores and codes of a first stage's best items, (rows, depth) each."""
    scores = first.score(requests)
    codes = shortlist(scores, requests.history, depth)
    found = np.take_along_axis(scores, np.maximum(codes, 0).astype(np.int64), axis=1)
    found[codes < 0] = -np.inf
    return found, codes
