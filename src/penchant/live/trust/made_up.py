"""Profiles that nobody lived: what injected ones are expected to look like."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import generator

from .profiles import Profiles

FEWEST = 4
"""Distinct items from which a profile is told from a made-up one."""


def made_up(known: Profiles, count: int, seed: int) -> Profiles:
    """Fake profiles in the manner of the known attacks and of everything between them.

    Fillers are drawn uniformly (the random attack of Lam & Riedl, WWW 2004), in proportion to
    popularity, and among the best-known items (bandwagon; Mobasher et al., ACM TOIT 2007), in
    shares that are drawn anew for each profile. They are rated around the mean of the data, around
    each item's mean (Lam & Riedl's average attack), or highest; each in a third of the profiles.
    Lengths are those of real users. A little-known item at the highest rating is the target.

    Args:
        known: the profiles of the data.
        count: how many.
        seed: of the draws.

    Returns:
        ``count`` profiles over the same items.
    """
    rng = generator(seed, "made-up profiles")
    counts, lengths = known.counts(), known.lengths
    warm = np.flatnonzero(counts)
    wide = np.minimum(rng.choice(lengths[lengths >= FEWEST], count), max(len(warm) // 2, 1))
    row = np.repeat(np.arange(count), wide)
    by_fame = warm[np.argsort(-counts[warm], kind="stable")]
    best, poor = by_fame[: max(10, len(warm) // 100)], by_fame[len(warm) // 2 :]

    def drawn(pool: NDArray[np.int64]) -> NDArray[np.int64]:
        return pool[rng.integers(0, len(pool), len(row))]

    shares = np.cumsum(rng.dirichlet([0.3, 0.3, 0.1], count), axis=1)[row]  # (entries, 3)
    lot = rng.random(len(row))
    popular = drawn(known.item)  # an entry of the data is in proportion to popularity
    item = np.where(
        lot < shares[:, 0], drawn(warm), np.where(lot < shares[:, 1], popular, drawn(best))
    )
    target = np.diff(row, append=-1) != 0
    item = np.where(target, drawn(poor), item)
    highest = target | (lot >= shares[:, 1])
    value = _ratings(known, item, rng.integers(0, 3, count)[row], highest, rng)
    key = row * known.items + item
    _, first = np.unique(key, return_index=True)  # distinct items, in the order of users
    return Profiles(row[first], item[first], value[first], count, known.items)


def _ratings(
    known: Profiles,
    item: NDArray[np.int64],
    style: NDArray[np.int64],
    highest: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Ratings in one of three styles, on the scale of the data; NaN where nobody rates."""
    given = ~np.isnan(known.value)
    if not given.any():
        return np.full(len(item), np.nan)
    value = known.value[given]
    count = np.maximum(np.bincount(known.item[given], minlength=known.items), 1)
    centre = np.bincount(known.item[given], value, known.items) / count
    square = np.bincount(known.item[given], value**2, known.items) / count
    width = np.sqrt(np.maximum(square - centre**2, 0.0))
    own = style == 1
    drawn = rng.normal(
        np.where(own, centre[item], value.mean()), np.where(own, width[item], value.std())
    )
    levels = np.unique(value)
    if len(levels) <= 20:  # a scale such as 1 to 5: the nearest step of it
        drawn = levels[np.abs(drawn[:, None] - levels).argmin(axis=1)]
    drawn = np.clip(drawn, value.min(), value.max())
    return np.where(highest | (style == 2), value.max(), drawn)
