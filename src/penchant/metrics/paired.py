"""Whether one model is better than another on the same requests, or was lucky."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

from .interval import interval, per_user

_CELLS = 1 << 22  # signs held at once


@dataclass(frozen=True, slots=True)
class Paired:
    """The difference of two models on the same requests.

    Attributes:
        gap: mean of the first minus mean of the second.
        low: lower end of the gap's interval.
        high: upper end of the gap's interval.
        p: chance of a gap at least this wide, either way, if the two were the same.
    """

    gap: float
    low: float
    high: float
    p: float


def paired(  # noqa: PLR0913 - what is compared, and how it is resampled
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    seed: int = 0,
    draws: int = 2000,
    flips: int = 10_000,
    *,
    users: NDArray[np.generic] | None = None,
    level: float = 0.95,
) -> Paired:
    """Compare two models request by request.

    The interval resamples users (paired bootstrap). The p-value is that of the sign-flip
    randomisation test: if the models were the same, each user's difference could as well have had
    the other sign (Smucker, Allan and Carterette, 2007).

    Args:
        a: the first model's value for each request, (rows,).
        b: the second model's, same rows.
        seed: of the resampling and of the flips.
        draws: how often the users are resampled.
        flips: how often the signs are drawn; the p-value is never below 1 / (flips + 1).
        users: the user of each row, (rows,); None where each row is a user of its own.
        level: of confidence of the interval.

    Raises:
        UsageError: the rows differ, or there are none.
    """
    if a.shape != b.shape:
        raise UsageError(f"{len(a)} values cannot be paired with {len(b)}")
    gap = np.subtract(a, b, dtype=np.float64)
    low, high = interval(gap, seed, draws, level, users)
    sums = per_user(gap[:, None], users)[:, 0]
    return Paired(float(gap.mean()), float(low), float(high), _flip_p(sums, seed, flips))


def holm(p: NDArray[np.floating]) -> NDArray[np.float64]:
    """P-values corrected for the number of tests made (Holm, 1979), in the order given.

    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    steps = np.asarray(p, np.float64)[order] * np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


def _flip_p(gaps: NDArray[np.float64], seed: int, flips: int) -> float:
    """Two-sided p-value of the sum of ``gaps`` under random signs."""
    seen = abs(gaps.sum())
    sizes, counts = np.unique(np.abs(gaps[gaps != 0]), return_counts=True)
    if not len(sizes):
        return 1.0
    rng = np.random.default_rng([seed, 1])
    few = 4 * len(sizes) < counts.sum()
    wide = np.repeat(sizes, counts)
    step = max(1, _CELLS // (len(sizes) if few else len(wide)))
    as_wide = 0
    for start in range(0, flips, step):
        part = min(step, flips - start)
        if few:  # of n equal gaps, a binomial number keeps its sign
            sums = (2 * rng.binomial(counts, 0.5, size=(part, len(sizes))) - counts) @ sizes
        else:
            kept = rng.integers(0, 2, (part, len(wide)), dtype=np.int8)
            sums = 2 * (kept @ wide) - wide.sum()
        as_wide += int(np.count_nonzero(np.abs(sums) >= seen * (1 - 1e-12)))
    return (as_wide + 1) / (flips + 1)
