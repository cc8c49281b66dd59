"""Percentile intervals by resampling users (Efron, 1979), in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

_CELLS = 1 << 22  # counts held at once


def interval(
    values: NDArray[np.floating],
    seed: int = 0,
    draws: int = 2000,
    level: float = 0.95,
    users: NDArray[np.generic] | None = None,
) -> NDArray[np.float64]:
    """The interval of the mean over resampled users.

    Users are drawn with replacement, each with all of their requests, ``draws`` times; the interval
    holds the middle ``level`` of the means. Users with the same values are drawn together, by a
    multinomial over the distinct values: the same distribution, in a fraction of the time.

    >>> low, high = interval(np.array([0.0, 1.0, 1.0, 0.0]))
    >>> bool(low < 0.5 < high)
    True

    Args:
        values: one row a request, (rows,) or (rows, metrics).
        seed: of the resampling.
        draws: how often the users are resampled.
        level: of confidence.
        users: the user of each row, (rows,); None where each row is a user of its own.

    Returns:
        low and high, (2,), or (2, metrics).

    Raises:
        UsageError: there are no rows, a value is NaN, or there are more or fewer users than rows.
    """
    table = values[:, None] if values.ndim == 1 else values
    if not len(table) or np.isnan(table).any():
        raise UsageError("an interval needs at least one value, none of them NaN")
    if users is not None and len(users) != len(table):
        raise UsageError(f"{len(users)} users for {len(table)} values: give one a value")
    sums = per_user(np.asarray(table, np.float64), users)  # (users, metrics + 1)
    rng = np.random.default_rng(seed)
    means = np.concatenate([part[:, :-1] / part[:, -1:] for part in _resampled(sums, draws, rng)])
    ends = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.asarray(ends[:, 0] if values.ndim == 1 else ends, np.float64)


def per_user(table: NDArray[np.float64], users: NDArray[np.generic] | None) -> NDArray[np.float64]:
    """Each user's sums and, in the last column, their number of rows (users, metrics + 1)."""
    table = np.column_stack([table, np.ones(len(table))])
    if users is None:
        return table
    _, row = np.unique(users, return_inverse=True)
    sums = [np.bincount(row, weights=column) for column in table.T]
    return np.stack(sums, axis=1)


def _resampled(
    sums: NDArray[np.float64], draws: int, rng: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    """Column sums over resampled rows, (some draws, columns) at a time."""
    n = len(sums)
    distinct, counts = np.unique(sums, axis=0, return_counts=True)
    few = 4 * len(distinct) < n  # a binomial costs about as much as drawing and counting 4 users
    step = max(1, _CELLS // (len(distinct) if few else n))
    for start in range(0, draws, step):
        part = min(step, draws - start)
        if few:
            yield rng.multinomial(n, counts / n, size=part) @ distinct
        else:
            yield np.stack([_counts(n, rng) for _ in range(part)]) @ sums


def _counts(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    drawn = rng.integers(0, n, n, dtype=np.uint32 if n < 1 << 32 else np.uint64)
    return np.bincount(drawn, minlength=n).astype(np.float64)
