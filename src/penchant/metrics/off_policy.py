"""What another policy would have earned, from what was logged of the one that answered.

Each estimate weighs what happened by how much more, or less, often the other policy would have done
it. That needs the probability with which each item was put there (``Impression.propensity``) and a
logging policy that leaves nothing out which the other does. With a ``Logged`` per shown item:

- ``ips``: inverse propensity scoring (Horvitz and Thompson, 1952): unbiased, of high variance.
- ``snips``: its self-normalised form (Swaminathan and Joachims, 2015): a bias that vanishes as 1 / n,
  and mostly a far lower variance; between the least and the greatest reward.
- ``doubly_robust``: IPS of what a model of the reward leaves unexplained (Dudik, Langford and Li, 2011):
  unbiased whatever the model says, and the better the model the narrower.

The intervals are those of the central limit theorem over users (the delta method for ``snips``): they
hold for many users of moderate weight, which ``effective`` (Kish, 1965) tells; see ``warnings``.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

from .propensities import Logged, Weights

Floats = NDArray[np.float64]

FEW = 100.0
"""Effective observations below which an interval is not to be relied on."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The value of a policy: rewards a list.

    Attributes:
        value: the estimate.
        low: lower end of its interval.
        high: upper end.
        lists: that it is made of.
        effective: Kish's effective sample size, ``(sum w)^2 / sum w^2`` over the lists: of how many
            equally weighted lists it has the information. Of ranked lists that of the worst position.
        mean_weight: 1 in expectation; well below, the logging policy never did what the other would.
        clipped: share of the weight that was cut off; each estimate is too low or too high by what
            it would have earned.
        warnings: why the interval may not hold, in words; empty where nothing speaks against it.
    """

    value: float
    low: float
    high: float
    lists: int
    effective: float
    mean_weight: float
    clipped: float = 0.0
    warnings: tuple[str, ...] = ()


def ips(logged: Logged, level: float = 0.95) -> Estimate:
    """Inverse propensity scoring.

    >>> shown = Logged(np.array([1.0, 0, 0, 1]), np.full(4, 0.5), np.array([1.0, 0, 0, 1]))
    >>> ips(shown).value
    1.0

    Args:
        logged: what was shown and what came of it.
        level: of the interval.

    Raises:
        UsageError: fewer than two users.
    """
    weights = logged.weights()
    return _estimate(logged, weights, weights.sums(weights.weight * logged.reward), level)


def snips(logged: Logged, level: float = 0.95) -> Estimate:
    """Self-normalised inverse propensity scoring: the weights of each position sum to the lists.

    Args:
        logged: what was shown and what came of it.
        level: of the interval.

    Raises:
        UsageError: fewer than two users, or a position whose weights are all 0: the other policy would
            have shown nothing of what was.
    """
    weights = logged.weights()
    w, place = weights.weight, weights.position
    total = np.bincount(place, weights=w)
    if (total <= 0).any():
        raise UsageError(
            f"at position {int(np.argmin(total))} all weights are 0: the logged lists hold nothing "
            "that the other policy would have shown there, so nothing can be said of it"
        )
    values = np.bincount(place, weights=w * logged.reward) / total  # of each position
    influence = w * (logged.reward - values[place]) * (weights.lists / total[place])
    per_list = (
        weights.sums(influence) + values.sum()
    )  # their mean is the estimate: the delta method
    return _estimate(logged, weights, per_list, level)


def doubly_robust(
    logged: Logged, predicted: Floats, expected: Floats, level: float = 0.95
) -> Estimate:
    """IPS of what a model of the reward leaves unexplained, on top of what it says.

    Fit the model on other lists than these, or on other folds of them. Under ``"cascade"`` the
    estimate is that of Kiyohara et al. (2022), narrowest where both arrays tell the rewards from the
    position to the end of the list.

    Args:
        logged: what was shown and what came of it.
        predicted: the model's reward of what was shown, (rows,).
        expected: the model's mean reward at that position if the other policy chose the item, (rows,).
        level: of the interval.

    Raises:
        UsageError: fewer than two users, or other rows.
    """
    weights = logged.weights()
    if not len(predicted) == len(expected) == len(logged.reward):
        raise UsageError(
            f"{len(predicted)} predicted and {len(expected)} expected rewards for "
            f"{len(logged.reward)} logged ones: give each row one of each"
        )
    rest = weights.weight * (logged.reward - predicted) + weights.before * expected
    return _estimate(logged, weights, weights.sums(rest), level)


def _estimate(logged: Logged, weights: Weights, per_list: Floats, level: float) -> Estimate:
    """The mean over lists, with an interval that takes the lists of a user as one observation."""
    value = float(per_list.mean())
    users, rows = _users(logged, weights)
    if users < 2:
        raise UsageError("an interval needs the lists of at least two users")
    centred = np.bincount(rows, weights=per_list - value, minlength=users)
    variance = float(centred @ centred) * users / (users - 1) / weights.lists**2
    wide = NormalDist().inv_cdf((1 + level) / 2) * variance**0.5
    effective, mean = weights.effective(), weights.mean()
    told = _warnings(effective, mean, weights)
    return Estimate(
        value, value - wide, value + wide, weights.lists, effective, mean, weights.clipped, told
    )


def _users(logged: Logged, weights: Weights) -> tuple[int, NDArray[np.intp]]:
    """How many users there are, and whose each list is."""
    if logged.users is None:
        return weights.lists, np.arange(weights.lists)
    owner: NDArray[Any] = np.empty(weights.lists, np.asarray(logged.users).dtype)
    owner[weights.row_list] = logged.users
    found, rows = np.unique(owner, return_inverse=True)
    return len(found), rows


def _warnings(effective: float, mean: float, weights: Weights) -> tuple[str, ...]:
    told = []
    if effective < FEW:
        told.append(
            f"The effective sample size is {effective:.0f}, below {FEW:.0f}: a few lists decide, and "
            "the interval may be far too narrow. Log more, explore more, or clip."
        )
    error = weights.error()
    if mean < 1 - max(0.05, 3 * error) and not weights.clipped:
        told.append(
            f"The weights average {mean:.2f} in the place of 1: the other policy shows what the logged "
            "one never did, and nothing here tells what that would earn."
        )
    elif mean > 1 + max(0.05, 3 * error):
        told.append(
            f"The weights average {mean:.2f} in the place of 1: the logged propensities are too low."
        )
    if weights.clipped > 0.01:
        told.append(
            f"Clipping cut {weights.clipped:.1%} of the weight: the estimate is biased by what it "
            "would have earned."
        )
    return tuple(told)
