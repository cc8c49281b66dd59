"""From scores to ranked lists, a batch at a time, so that full scores are never all held at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    UNKNOWN,
    Catalogue,
    IdMap,
    Interactions,
    Model,
    Requests,
    TrainingFailed,
    UsageError,
    top_k,
)

from .histories import answerable, completed

Ranked = tuple[slice, NDArray[np.int32], NDArray[np.float32]]
"""Rows of the requests, item codes (rows, k) in the codes of the requests, scores (rows, k)."""

SCORES_A_BATCH = 1 << 26
"""Most scores held at once: 256 MB."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What is to be listed.

    Attributes:
        k: length of the lists.
        candidates: the only items to list, in the codes of the requests; None for all.
        batch: most requests at a time.
        keep_seen: whether items of the history may be listed.
    """

    k: int
    candidates: NDArray[np.integer] | None
    batch: int
    keep_seen: bool


def ranked(
    model: Model,
    catalogue: Catalogue,
    interactions: Interactions,
    requests: Requests,
    listing: Listing,
) -> Iterator[Ranked]:
    """The best candidates for each request; see ``Recommender.rank``."""
    k, batch = listing.k, listing.batch
    if k < 1 or batch < 1:
        raise UsageError(f"k and batch must be at least 1, got k={k} and batch={batch}.")
    theirs = catalogue.items.onto(requests.items)  # the asker's code of each of our items
    allowed = _allowed(theirs, listing.candidates, requests.items)
    own = requests.aligned(interactions.users, catalogue.items)
    batch = min(batch, max(1, SCORES_A_BATCH // max(1, len(catalogue))))
    for start in range(0, len(own), batch):
        rows = slice(start, min(start + batch, len(own)))
        part = completed(own[rows], interactions)
        codes = np.full((len(part), k), UNKNOWN, np.int32)
        best = np.full((len(part), k), -np.inf, np.float32)
        able = np.flatnonzero(answerable(part, interactions, model.abilities))
        if len(able):
            part = part[able]
            places, best[able] = best_of(
                _scores(model, part, allowed, listing.keep_seen), k, model.name
            )
            codes[able] = np.append(theirs[allowed], UNKNOWN)[places]  # place -1 is the last
        yield rows, codes, best


def _allowed(
    theirs: NDArray[np.int32], candidates: NDArray[np.integer] | None, items: IdMap
) -> NDArray[np.int64]:
    """Our codes of the items that may be listed, ascending: ties go to the lower one."""
    if candidates is None:
        return np.flatnonzero(theirs >= 0)
    codes = np.asarray(candidates, np.int64)
    if len(codes) and not -1 <= codes.min() <= codes.max() < len(items):
        raise UsageError(f"candidates must be codes of the {len(items)} items of the requests.")
    wanted = np.zeros(len(items) + 1, np.bool_)
    wanted[codes] = True
    wanted[-1] = False  # an unknown item, code -1, is nobody's candidate
    return np.flatnonzero(wanted[theirs])


def _scores(
    model: Model, part: Requests, allowed: NDArray[np.int64], keep_seen: bool
) -> NDArray[np.float32]:
    scores = np.asarray(model.score(part), np.float32)
    # a copy either way, as the model keeps its own; the plain one is several times as fast
    scores = scores[:, allowed] if len(allowed) < scores.shape[1] else scores.copy()
    if not keep_seen and len(allowed):
        place = np.full(len(part.items), -1)
        place[allowed] = np.arange(len(allowed))
        column = place[part.history.item]
        scores[part.history.row[column >= 0], column[column >= 0]] = -np.inf
    return scores


def best_of(
    scores: NDArray[np.float32], k: int, name: str
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The best ``k`` of each row of scores; see ``core.top_k``.

    Raises:
        TrainingFailed: the model of that name gave a score that is not a number.
    """
    try:
        return top_k(scores, k)
    except ValueError as error:
        raise TrainingFailed(
            f"{name} gives a score that is not a number. Fit it again with gentler settings "
            "(a smaller learning rate, more regularisation)."
        ) from error
