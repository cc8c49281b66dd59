"""Tests that may be looked at whenever one likes: confidence sequences and always-valid p-values.

An interval of a fixed sample size holds at that size only: whoever looks every day and stops at the
first day on which it excludes zero is wrong far more often than it says. A confidence sequence holds
at all times at once: with probability ``1 - alpha`` no day of the whole experiment has an interval
without the truth.

What is behind it is the mixture sequential probability ratio test (mSPRT; Robbins, 1970; Johari,
Pekelis and Walsh, 2017 and 2022, "Always valid inference"): the likelihood of a mean drawn from
N(0, tau^2) over that of zero is a martingale while the mean is zero, and stays below ``1 / alpha``
forever with probability ``1 - alpha`` (Ville, 1939). With the variance estimated it is the asymptotic
confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021, "Time-uniform central
limit theory and asymptotic confidence sequences"), which asks nothing of the distribution but a
variance. As in every central limit theorem there must be some observations first: ``least``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

LEAST = 100
"""Observations of an arm below which nothing is concluded."""


class Sample(NamedTuple):
    """What is known of the values of one arm.

    Attributes:
        n: how many there are.
        mean: of them; 0 where there are none.
        variance: of them, with n - 1 below; 0 where there are fewer than two.
    """

    n: int
    mean: float
    variance: float

    @classmethod
    def of(cls, values: NDArray[np.floating]) -> Self:
        """The sample of some values, (n,).

        Raises:
            UsageError: a value is NaN or infinite.
        """
        if not np.isfinite(values).all():
            raise UsageError("a value is not a finite number: leave it out, or count it as 0")
        n = len(values)
        mean = float(np.mean(values)) if n else 0.0
        return cls(n, mean, float(np.var(values, ddof=1)) if n > 1 else 0.0)


@dataclass(frozen=True, slots=True)
class Sequential:
    """What a sequential test says at one moment.

    Attributes:
        gap: the estimate.
        low: lower end of its confidence sequence; minus infinity where nothing can be said yet.
        high: upper end.
        p: always-valid p-value of the gap being zero; it is at most ``alpha`` just where the interval
            excludes zero. The least over all looks is one too.
    """

    gap: float
    low: float
    high: float
    p: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside."""
        return self.low > 0 or self.high < 0


def mixing(users: float, alpha: float = 0.05) -> float:
    """The spread of the mixture, in standard deviations of a value, that is best at a sample size.

    The confidence sequence is narrowest at about that many observations, and valid at all.

    >>> round(mixing(10_000), 5)
    0.02866

    Args:
        users: observations at which a decision is expected.
        alpha: chance of a false alarm, ever.

    Returns:
        rho with ``rho^2 * users = x`` where ``x = log((x + 1) / alpha^2)``: the zero of the derivative
        of the width (Howard, Ramdas, McAuliffe and Sekhon, 2021, proposition 3).

    Raises:
        UsageError: no users, or an alpha outside 0 .. 1.
    """
    _check(alpha)
    if not users > 0:
        raise UsageError(f"a test is planned for at least one user, got {users}")
    return math.sqrt(evidence(alpha) / users)


def evidence(alpha: float) -> float:
    """``rho^2 * n`` at which the width is least; see ``mixing``."""
    x = 1.0
    for _ in range(60):  # a contraction: its slope is 1 / (x + 1)
        x = math.log((x + 1) / alpha**2)
    return x


def log_ratio(sample: Sample, rho: float, mean: float = 0.0) -> float:
    """Log of the mixture likelihood ratio against a mean, in nats: the mSPRT.

    With ``V`` the variance and ``tau = rho * sqrt(V)`` this is
    ``log(V / (V + n tau^2)) / 2 + n^2 tau^2 (mean of the sample - mean)^2 / (2 V (V + n tau^2))``.
    The hypothesis falls where it reaches ``log(1 / alpha)``.

    Args:
        sample: the values.
        rho: spread of the mixture; see ``mixing``.
        mean: of the hypothesis.
    """
    n, found, variance = sample
    if n < 2 or variance <= 0:
        return 0.0
    spread = n * rho**2  # n tau^2 / V
    squared = n * (found - mean) ** 2 / variance
    return (spread / (1 + spread) * squared - math.log1p(spread)) / 2


def confidence_sequence(sample: Sample, rho: float, alpha: float = 0.05) -> tuple[float, float]:
    """The interval of a mean that holds at all times at once (Waudby-Smith et al., 2021, theorem 2.2).

    Args:
        sample: the values so far.
        rho: spread of the mixture; see ``mixing``.
        alpha: chance that any interval, ever, lacks the mean.

    Returns:
        low and high; infinite below two values, or where all are the same.

    Raises:
        UsageError: an alpha outside 0 .. 1.
    """
    _check(alpha)
    n, mean, variance = sample
    if n < 2 or variance <= 0:
        return -math.inf, math.inf
    spread = n * rho**2
    wide = math.sqrt(variance * (1 + spread) / (n * spread) * math.log((1 + spread) / alpha**2))
    return mean - wide, mean + wide


def one_mean(sample: Sample, rho: float, alpha: float = 0.05, least: int = LEAST) -> Sequential:
    """Whether a mean is zero.

    Args:
        sample: the values so far.
        rho: spread of the mixture; see ``mixing``.
        alpha: chance of a false alarm, ever.
        least: values below which nothing is said.
    """
    if sample.n < least or sample.variance <= 0:
        return Sequential(sample.mean, -math.inf, math.inf, 1.0)
    low, high = confidence_sequence(sample, rho, alpha)
    return Sequential(sample.mean, low, high, math.exp(min(0.0, -log_ratio(sample, rho))))


def difference(
    control: Sample, treatment: Sample, rho: float, alpha: float = 0.05, least: int = LEAST
) -> Sequential:
    """Whether two arms have the same mean.

    Each of the ``n`` users of both arms gives one pseudo-outcome whose mean is the difference: the
    augmented inverse-probability weighting of Waudby-Smith et al. (2021, section 3) with the mean of
    an arm as its model. Its variance is ``n / n0 * v0 + n / n1 * v1``.

    >>> found = difference(Sample(5000, 0.10, 0.09), Sample(5000, 0.14, 0.12), mixing(10_000))
    >>> f"{found.low:.3f} .. {found.high:.3f}, p {found.p:.1e}"
    '0.020 .. 0.060, p 1.3e-07'

    Args:
        control: the values of one arm, a user each.
        treatment: of the other.
        rho: spread of the mixture, for the users of both; see ``mixing``.
        alpha: chance of a false alarm, ever.
        least: users of an arm below which nothing is said.

    Returns:
        treatment minus control.

    Raises:
        UsageError: an alpha outside 0 .. 1.
    """
    n = control.n + treatment.n
    gap = treatment.mean - control.mean
    if min(control.n, treatment.n) < max(least, 2):
        return Sequential(gap, -math.inf, math.inf, 1.0)
    variance = n * (control.variance / control.n + treatment.variance / treatment.n)
    return one_mean(Sample(n, gap, variance), rho, alpha, least)


def _check(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise UsageError(f"alpha must lie between 0 and 1, got {alpha}")
