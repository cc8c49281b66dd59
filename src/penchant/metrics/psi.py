"""Population stability: how far the shares of some bins are from those of a reference."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

SMALL, LARGE = 0.1, 0.25
"""Below the first nothing to speak of, above the second a different population: the custom of credit
scoring (Siddiqi, 2006, "Credit Risk Scorecards")."""

Counts = NDArray[np.floating] | NDArray[np.integer]


def psi(reference: Counts, counts: Counts, prior: float = 0.5) -> float:
    """The population stability index of some counts against those of a reference.

    ``sum((q - p) * ln(q / p))`` over the bins: the symmetric Kullback-Leibler divergence (Jeffreys,
    1946). ``prior`` is added to each bin of both, so that an empty one has no infinite weight.

    >>> round(psi(np.array([50, 50]), np.array([80, 20]), prior=0), 4)
    0.4159

    Args:
        reference: how many of the reference fell into each bin, (bins,).
        counts: likewise of what is compared, (bins,).
        prior: added to every count; 0 where no bin is empty.

    Returns:
        0 where the shares are the same; 0 too where either is empty.

    Raises:
        UsageError: not the same bins.
    """
    if reference.shape != counts.shape:
        raise UsageError(f"{len(counts)} bins cannot be compared with {len(reference)}")
    if not reference.sum() or not counts.sum():
        return 0.0
    return float(psi_terms(reference, counts, prior).sum())


def psi_terms(reference: Counts, counts: Counts, prior: float = 0.5) -> NDArray[np.float64]:
    """What each bin adds to the index, (bins,); none is below 0."""
    p = (reference + prior) / (reference + prior).sum()
    q = (counts + prior) / (counts + prior).sum()
    return np.asarray((q - p) * np.log(q / p), np.float64)


def psi_expected(bins: int, reference: float, count: float) -> tuple[float, float]:
    """What the index of two samples of one population is: its mean, and what 95 % stay below.

    ``psi / (1 / reference + 1 / count)`` is chi-squared with ``bins - 1`` degrees of freedom, for
    large samples (Yurdakul, 2018, "Statistical Properties of Population Stability Index"). The
    quantile is that of Wilson and Hilferty (1931), right to about 1 %.

    >>> [round(one, 4) for one in psi_expected(10, 1_000, 1_000)]
    [0.018, 0.0338]

    Args:
        bins: how many there are.
        reference: size of the reference sample.
        count: size of the other.
    """
    free = bins - 1
    if free < 1 or not reference or not count:
        return 0.0, 0.0
    wide = 1 / reference + 1 / count
    root = 1 - 2 / (9 * free) + 1.6448536269514722 * math.sqrt(2 / (9 * free))
    return free * wide, free * root**3 * wide


def quantile_cuts(sample: NDArray[np.floating], bins: int = 10) -> NDArray[np.float64]:
    """Ascending bounds, at most ``bins - 1``, that share a sample out evenly; see ``bin_of``.

    Values that many of the sample have would make bounds that are the same: each is there once.

    >>> quantile_cuts(np.array([1.0, 1.0, 1.0, 1.0, 2.0, 3.0]), 4).tolist()
    [1.0, 1.75]
    """
    if not len(sample):
        return np.empty(0)
    return np.unique(np.quantile(sample.astype(np.float64), np.arange(1, bins) / bins))


def bin_of(value: float, cuts: NDArray[np.float64]) -> int:
    """The bin of a value: how many of the bounds it is above.

    >>> [bin_of(value, np.array([1.0, 2.75])) for value in (0.5, 1.0, 2.0, 9.0)]
    [0, 0, 1, 2]
    """
    return int(np.searchsorted(cuts, value, side="left"))
