"""Counts that may be looked at whenever one likes: are the shares what they should be.

The Dirichlet-multinomial ratio of Lindon and Malek (2022, "Anytime-valid inference for multinomial
count data"): the likelihood of shares drawn from a Dirichlet distribution over that of the shares
asked about. It is a martingale while those are true, exactly, at any size; so it stays below
``1 / alpha`` forever with probability ``1 - alpha``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from penchant.core import UsageError

from .sequential import evidence

CONCENTRATION = 1000.0
"""Of the shares that a sample-ratio check looks for: of a half, some 0.016 more or less."""


def log_evidence(counts: Sequence[int], shares: Sequence[float], prior: Sequence[float]) -> float:
    """Log of the Dirichlet-multinomial ratio, in nats.

    Args:
        counts: of each kind.
        shares: of the hypothesis, of the same kinds; they sum to 1.
        prior: parameters of the Dirichlet distribution.

    Returns:
        infinity where something was counted whose share is 0.
    """
    total, mass = sum(counts), sum(prior)
    found = math.lgamma(mass) - math.lgamma(mass + total)
    for count, share, weight in zip(counts, shares, prior, strict=True):
        if not count:
            continue
        if share <= 0:
            return math.inf
        found += math.lgamma(weight + count) - math.lgamma(weight) - count * math.log(share)
    return found


def sample_ratio(
    counts: Sequence[int], shares: Sequence[float], concentration: float = CONCENTRATION
) -> float:
    """Always-valid p-value of users having been split as was meant.

    A split that is not as meant says that users are lost on one side, by a crash, a redirect, a bot or
    a wrong log, and no other figure of the experiment can be trusted (Fabijan et al., 2019).

    >>> sample_ratio([5030, 4970], [1, 1])
    1.0
    >>> f"{sample_ratio([5250, 4750], [1, 1]):.1e}"
    '3.8e-05'

    Args:
        counts: users of each arm.
        shares: that were meant, above 0; only their proportions count.
        concentration: of the Dirichlet distribution, whose mean are the shares. The higher, the smaller
            the deviations that are found soonest.

    Returns:
        at most 1. It is below ``alpha`` at any time ever with probability ``alpha``.

    Raises:
        UsageError: a share of 0 or less, a count below 0, or more of the one than of the other.
    """
    if len(counts) != len(shares) or not counts:
        raise UsageError(
            f"{len(counts)} counts for {len(shares)} shares: give each arm one of each"
        )
    if min(shares) <= 0 or min(counts) < 0:
        raise UsageError(f"shares lie above 0 and counts not below, got {shares} and {counts}")
    whole = sum(shares)
    meant = [share / whole for share in shares]
    found = log_evidence(counts, meant, [concentration * share for share in meant])
    return math.exp(min(0.0, -found))


def win_share(
    wins: int, losses: int, users: float = 1000, alpha: float = 0.05
) -> tuple[float, float, float]:
    """Whether one side wins more often: the interval of its share, and the p-value of a half.

    Exact at any number, at all times at once: the Beta mixture, with the spread that is best at
    ``users`` (its variance is that of ``sequential.mixing``).

    >>> low, high, p = win_share(230, 170)
    >>> f"{low:.3f} .. {high:.3f}, p {p:.3f}"
    '0.498 .. 0.650, p 0.065'

    Args:
        wins: of the one side.
        losses: of it; ties are left out.
        users: wins and losses at which a decision is expected.
        alpha: chance of a false alarm, ever.

    Returns:
        low and high of the share of wins, and the always-valid p-value.

    Raises:
        UsageError: a number below 0, or an alpha outside 0 .. 1.
    """
    if min(wins, losses) < 0 or not 0 < alpha < 1 or not users > 0:
        raise UsageError(f"cannot compare {wins} wins with {losses} losses at alpha {alpha}")
    prior = [max(2.0, users / evidence(alpha) - 1) / 2] * 2
    counts = (wins, losses)
    p = math.exp(min(0.0, -log_evidence(counts, (0.5, 0.5), prior)))
    if not wins + losses:
        return 0.0, 1.0, 1.0

    def falls(share: float) -> bool:
        return log_evidence(counts, (share, 1 - share), prior) >= -math.log(alpha)

    found = wins / (wins + losses)
    return _edge(found, 0.0, falls), _edge(found, 1.0, falls), p


def _edge(inside: float, outside: float, falls: Callable[[float], bool]) -> float:
    """Where a hypothesis begins to fall, between one that stands and the end of the scale."""
    if not falls(outside):
        return outside
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if falls(middle) else (middle, outside)
    return inside
