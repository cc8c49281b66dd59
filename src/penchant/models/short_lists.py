"""Short lists of a first stage for users whose next item is known: what a second stage learns from."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.core import Holdout, Requests, generator
from penchant.data import validation_split

from .two_stage import TwoStage, shortlist

if TYPE_CHECKING:
    from penchant.data import Dataset

    from .base import ModelClass

log = logging.getLogger(__name__)

LEAST = 5
"""Held-out users that are too few to learn from: a fifth of them, at least one, is for validation."""

CELLS = 2**27
"""Scores of a first stage that are held at once: 0.5 GB."""


class Asked(Protocol):
    """How many users' last events are held out, and how long their lists are."""

    @property
    def depth(self) -> int:
        """Items in a list."""
        ...

    @property
    def users(self) -> int:
        """Users to learn from."""
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
        lists: to learn from.
        held: to validate on.
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
    """Lists of a first stage for held-out last events; None, and said, where there are too few.

    Args:
        asked: how many users, and how long the lists.
        first_stage: its class and config.
        data: all training events.
        seed: which users, and which of them are for validation.
        owner: the model that asks, for the message, and the name of its draw.
    """
    inner, holdout = validation_split(data, asked.users + asked.validation_users, seed)
    if len(holdout) < LEAST or not any(text.strip() for text in data.catalogue.texts):
        log.warning(
            "%s: too few users have 3 events, or no item has a text; there is nothing to learn from, "
            "and the first stage's order stays",
            owner[0],
        )
        return None
    model_class, settings = first_stage
    first = model_class.fit(settings, inner, seed)
    lists = lists_of(first, holdout, asked.depth)
    order = generator(seed, owner[1]).permutation(len(lists))
    kept = max(1, min(asked.validation_users, len(lists) // LEAST))
    return Material(first, lists[order[kept:]], lists[order[:kept]])


def lists_of(first: Any, holdout: Holdout, depth: int) -> Lists:
    """What a fitted first stage lists for held-out users."""
    requests = holdout.requests
    step = max(1, CELLS // max(1, len(requests.items)))
    parts = [slice(start, start + step) for start in range(0, len(requests), step)]
    found, codes = (
        np.concatenate(part)
        for part in zip(*(_listed(first, requests[rows], depth) for rows in parts), strict=True)
    )
    target = holdout.truth.item[holdout.truth.indptr[:-1]]
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
