"""What tells a made-up profile from a lived one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .profiles import Profiles, Together

Mean = Callable[[NDArray[np.floating]], NDArray[np.float64]]


def features(
    profiles: Profiles, known: Profiles, together: Together, own: bool
) -> NDArray[np.float64]:
    """One row of numbers a user; nobody is judged by what they added to the counts themselves.

    Of which items: how many, how well known they are (mean and spread of the log of their users),
    and how well they go together (see ``_fit``).

    Of ratings, where there are any, the attributes of Chirita, Nejdl & Zamfir (WIDM 2005) and Burke
    et al. (KDD 2006): the rating deviation from mean agreement, RDMA, weighted by the inverse of the
    item's ratings and by its square (WDMA); the mean and spread of the deviations; the spread of
    the ratings.

    Args:
        profiles: of the users asked about.
        known: the profiles that popularity and mean ratings are counted from.
        together: of ``known``.
        own: whether ``profiles`` are ``known``, so that each is taken out of the counts first.

    Returns:
        (users, features) float64, finite; zeros for a user without items.
    """
    lengths = profiles.lengths
    many = np.maximum(lengths, 1)

    def mean(value: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.bincount(profiles.row, value, profiles.users) / many

    fame = np.log1p(known.counts()[profiles.item] - float(own))
    average = mean(fame)
    spread = np.sqrt(np.maximum(mean(fame**2) - average**2, 0.0))
    columns = [np.log1p(lengths), average, spread, *_fit(profiles, known, together, own)]
    if not np.isnan(known.value).all():
        columns += _ratings(profiles, known, mean, own)
    found = np.stack(columns, axis=1)
    found[lengths == 0] = 0.0
    return np.asarray(np.nan_to_num(found), np.float64)


def _fit(
    profiles: Profiles, known: Profiles, together: Together, own: bool
) -> list[NDArray[np.float64]]:
    """How well the items of each user go together, three columns.

    The users who chose two of them against those expected if items were chosen by their popularity
    alone (the configuration model): the log of the ratio of the sums, the mean pointwise mutual
    information, and the share of pairs above expectation. Each without the item that fits best: the
    target of a large attack goes together with everything that the attackers chose.
    """
    first, second = profiles.pairs()
    user = profiles.row[first]
    left, right = profiles.item[first], profiles.item[second]
    count = known.counts() - float(own)
    lengths = known.lengths.astype(np.float64)
    scale = (lengths * (lengths - 1)).sum() / max(lengths.sum(), 1.0) ** 2
    expected = scale * count[left] * count[right]
    seen = together.counts(left * profiles.items + right) - float(own)
    information = np.log((seen + 0.1) / (expected + 0.1))
    by_entry = np.bincount(first, information, len(profiles.row))
    by_entry += np.bincount(second, information, len(profiles.row))
    order = np.lexsort((-by_entry, profiles.row))
    starts = np.cumsum(profiles.lengths) - profiles.lengths
    best = np.full(profiles.users, -1)
    full = profiles.lengths > 2
    best[full] = order[starts[full]]
    keep = (first != best[user]) & (second != best[user])
    user, seen, expected = user[keep], seen[keep], expected[keep]

    def total(value: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.bincount(user, value, profiles.users).astype(np.float64)

    pairs = np.maximum(np.bincount(user, minlength=profiles.users), 1)
    ratio = np.log((total(seen) + 0.5) / (total(expected) + 0.5))
    return [
        ratio,
        total(information[keep]) / pairs,
        total((seen > 1.5 * expected).astype(float)) / pairs,
    ]


def _ratings(
    profiles: Profiles, known: Profiles, mean: Mean, own: bool
) -> list[NDArray[np.float64]]:
    rated = ~np.isnan(known.value)
    count = np.bincount(known.item[rated], minlength=known.items).astype(np.float64)
    total = np.bincount(known.item[rated], known.value[rated], known.items)
    middle = float(known.value[rated].mean())
    given = np.nan_to_num(profiles.value, nan=middle)
    others, sums = count[profiles.item], total[profiles.item]
    if own:
        others, sums = others - rated, sums - np.where(rated, given, 0.0)
    off = given - (sums + middle) / (others + 1.0)  # one rating of the mean, so that none divides
    away, each = np.abs(off), 1.0 / (others + 1.0)
    return [
        np.log(mean(away * each) + 1e-6),
        np.log(mean(away * each**2) + 1e-9),
        mean(away),
        mean(off),
        np.sqrt(np.maximum(mean(given**2) - mean(given) ** 2, 0.0)),
    ]
