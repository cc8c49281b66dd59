"""What a policy chooses from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

Source = Literal["model", "similar", "popular", "none"]

ScoreOf = Callable[[NDArray[np.integer]], NDArray[np.float32]]
"""Item codes (n,) -> the model's score of each (n,); NaN where it has none."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many candidates, and of what.

    Attributes:
        most: how many.
        allowed: which items may be among them, (items,); None for all.
        shared: whether ``allowed`` is that of every question without a filter, so that they can be
            searched for together.
    """

    most: int
    allowed: Mask | None
    shared: bool


@dataclass(frozen=True, slots=True)
class Candidates:
    """Items with scores, best first.

    Attributes:
        codes: of the items (n,).
        scores: of each (n,).
        source: where they come from; ``"none"`` where nothing is known of the asker, nor which
            items are popular, so that the policy has to fill the list.
        score_of: scores of other items.
    """

    codes: NDArray[np.int32]
    scores: NDArray[np.float32]
    source: Source
    score_of: ScoreOf


def product(items: NDArray[np.float32], user: NDArray[np.float32]) -> ScoreOf:
    """Scores by the vectors of all items (items, dim) and of one user (dim,)."""

    def score_of(codes: NDArray[np.integer]) -> NDArray[np.float32]:
        vectors = items[codes]
        known = np.any(vectors, axis=1)
        found: NDArray[np.float32] = np.where(known, vectors @ user, np.float32("nan"))
        return found

    return score_of


def unknown(codes: NDArray[np.integer]) -> NDArray[np.float32]:
    """No item has a score."""
    return np.full(len(codes), np.nan, np.float32)
