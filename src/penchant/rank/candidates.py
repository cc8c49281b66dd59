"""The candidates of one request, cleaned and in the order of their relevance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .masks import Mask
from .places import moved


@dataclass(frozen=True, slots=True)
class Candidates:
    """Distinct items that may be listed.

    Attributes:
        codes: by falling relevance (n,).
        scores: of the model (n,).
        places: of each in the model's order of them, the first being 1 (n,).
        factors: what its place was divided by (n,); None where no place was.
        relevance: falling, in the unit of the scores (n,).
    """

    codes: NDArray[np.int32]
    scores: NDArray[np.float32]
    places: NDArray[np.int64]
    factors: NDArray[np.float64] | None
    relevance: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.codes)


def candidates_of(
    codes: NDArray[np.integer],
    scores: NDArray[np.float32],
    most: int,
    may: Callable[[NDArray[np.integer]], Mask | None],
    factors: Callable[[NDArray[np.integer]], NDArray[np.float64] | None],
) -> Candidates:
    """Candidates as a model gave them, without those that cannot be listed.

    Args:
        codes: (n,); negative ones count for nothing, of equal ones the first does.
        scores: (n,), higher is better; one that is not finite counts for nothing.
        most: how many are kept, the best.
        may: whether each of some items may be listed; None for all.
        factors: what the places of some items are divided by; None for nothing.
    """
    usable = (codes >= 0) & np.isfinite(scores)
    if not usable.all():
        codes, scores = codes[usable], scores[usable]
    if (scores[1:] > scores[:-1]).any():
        order = np.argsort(-scores, kind="stable")
        codes, scores = codes[order], scores[order]
    if len(set(codes.tolist())) < len(codes):  # a third of the time that np.unique takes
        first = np.sort(np.unique(codes, return_index=True)[1])
        codes, scores = codes[first], scores[first]
    kept = may(codes)
    if kept is not None and not kept.all():
        codes, scores = codes[kept], scores[kept]
    own, scores = np.asarray(codes[:most], np.int32), scores[:most]
    places = np.arange(1, len(own) + 1)
    dividing = factors(own)
    if dividing is None or not len(own):
        return Candidates(own, scores, places, None, scores)
    order, relevance = moved(scores, dividing)
    return Candidates(own[order], scores[order], places[order], dividing[order], relevance)
