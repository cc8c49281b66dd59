"""Boosts, burials and freshness, as factors on the places that the model gave.

Scores of different models have nothing in common: some are probabilities, some are negative, so
that 1.5 times one means something else each time, or the reverse. Places mean the same in every
list. An item at place p with factor f counts as if it stood at place ``p / f``, and its relevance
is the score that the model's list has there, between the scores of the places around.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .config import Freshness
from .moments import DAY


def freshness_factors(
    config: Freshness, created: NDArray[np.float64], now: float
) -> NDArray[np.float64]:
    """``0.5 ** (age / half-life)``, at least ``least``, which is also that of an item without a date.

    >>> freshness_factors(Freshness(10, least=0.1), np.array([0.0, 10 * DAY, np.nan]), 10 * DAY)
    array([0.5, 1. , 0.1])

    Args:
        config: half-life and least factor.
        created: seconds since 1970 (n,); a date after ``now`` counts as now.
        now: seconds since 1970.
    """
    age = np.maximum(now - created, 0.0) / DAY
    factors = np.exp2(-age / config.half_life_days)
    return np.fmax(factors, config.least)  # fmax passes over NaN


def moved(
    scores: NDArray[np.float32], factors: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The order of candidates after their places were multiplied.

    Equal places are settled by the greater factor, then by the model.

    Args:
        scores: of the model, falling, (n,).
        factors: above 1 moves up, below 1 moves down, (n,).

    Returns:
        indices of the candidates, best first, (n,), and the relevance of each in that order,
        falling, in the unit of the scores, (n,).
    """
    places = np.arange(1.0, len(scores) + 1)
    counts_as = places / factors
    order = np.lexsort((-factors, counts_as))
    return order, np.interp(counts_as[order], places, scores).astype(np.float32)


def scaled(relevance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Falling relevance brought to 0 .. 1, (n,); all 1 where every item has the same."""
    if not len(relevance):
        return relevance
    low, high = relevance[-1], relevance[0]
    if not high > low:
        return np.ones_like(relevance)
    scaled: NDArray[np.float32] = (relevance - low) / (high - low)
    return scaled
