"""A change found while it happens, with false alarms bounded however long one looks.

A test that is repeated for ever sooner or later cries wolf. Here evidence is *bet* instead (test
martingales: Ville, 1939; Shafer, 2021): whoever bets at fair odds that a rate has left its band has,
as long as it has not, no more than their stake on average, at whatever moment one looks. The moment
of the change is not known, so the stake of 1 is spread over all moments to come; the sum of the bets
is an e-detector (Shin, Ramdas and Rinaldo, 2022, "E-detectors: a nonparametric framework for
sequential change detection"), with weights that are spent once. So, by Ville's inequality, the chance
of *ever* reaching ``1 / alpha`` without a change is at most ``alpha``; where the bets begin anew after
each alarm, the number of false alarms *in all time* is at most ``alpha`` on average. The price is that
a change after n blocks takes ``ln(n) + 2 ln(ln(n))`` more evidence than one at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

Values = NDArray[np.float64]

STEPS = (0.35, 0.8, 1.6, 3.2)
"""By how much the odds may have changed: the logarithms of the factors that are bet on."""

_LEAST = 1e-9  # no rate is nearer to 0 or 1: a bet against the impossible has no odds


def stake(block: int) -> float:
    """What is bet on a change at this block (the first is 1): all together 1.

    >>> round(sum(stake(n) for n in range(1, 1000)) + 1 / math.log(math.e + 1000 - 1), 9)
    1.0
    """
    return 1 / math.log(math.e + block - 1) - 1 / math.log(math.e + block)


class ChangeDetector:
    """Tells when some rates have left their bands, which one, and since when.

    An observation is a number from 0 to 1 for each bin: a 1 for the bin that an event falls into, or
    the shares of it. What it supposes: given all before it, the mean of the next observation lies
    between ``low`` and ``high``; nothing about independence or distributions. Each bin is bet on
    upwards and downwards, and with each of ``STEPS``: for a bound m and a rate p beyond it the stake
    becomes ``(p / m) ** x * ((1 - p) / (1 - m)) ** (1 - x)`` times itself, which is 1 at most on
    average where the mean of x is within m (for x of 0 or 1 it is the likelihood ratio; between, the
    logarithm lies below the fair bet's).

    Args:
        low: lower bounds of the rates, (bins,).
        high: upper bounds of the rates, (bins,).

    Attributes:
        blocks: how many were told of.
    """

    def __init__(self, low: Values, high: Values) -> None:
        if low.shape != high.shape or (low > high).any():
            raise UsageError("the bands of a detector need low <= high, one of each a bin")
        self.low, self.high = low.astype(np.float64), high.astype(np.float64)
        bound = np.stack([self.high, self.low], axis=1).clip(_LEAST, 1 - _LEAST)  # (bins, 2)
        sign = np.array([1.0, -1.0])[None, :, None]
        odds = np.log(bound / (1 - bound))[..., None] + sign * np.array(STEPS)  # (bins, 2, steps)
        rate = 1 / (1 + np.exp(-odds))
        self._one = np.log(rate / bound[..., None])
        self._rest = np.log((1 - rate) / (1 - bound[..., None]))
        self.blocks = 0
        self.begin_anew()

    def begin_anew(self) -> None:
        """Let go of all bets so far, after an alarm; what was staked stays spent."""
        shape = self._one.shape
        self._wealth = np.full(shape, -np.inf)  # its logarithm
        self._run = np.zeros(shape)  # the same since its own best moment: CUSUM (Page, 1954)
        self._since = np.zeros((*shape, 2))

    def update(self, counts: Values, units: float, moment: tuple[float, float]) -> None:
        """Take in a block of observations.

        Args:
            counts: their sum, (bins,); each between 0 and ``units``.
            units: how many there are.
            moment: two numbers that name the beginning of the block, as ``since`` tells it.
        """
        self.blocks += 1
        x = counts[:, None, None]
        gain = x * self._one + (units - x) * self._rest  # (bins, 2, steps)
        self._wealth = np.logaddexp(self._wealth, math.log(stake(self.blocks))) + gain
        fresh = self._run <= 0
        self._since[fresh] = moment
        self._run = np.maximum(self._run, 0.0) + gain

    @property
    def evidence(self) -> float:
        """Logarithm of what the bets became, all together; an alarm from ``ln(1 / alpha)`` on."""
        top = float(self._wealth.max(initial=-np.inf))
        if not math.isfinite(top):
            return -math.inf
        return top + math.log(float(np.exp(self._wealth - top).mean()))

    @property
    def strongest(self) -> int:
        """The bin whose bets have won most."""
        return int(self._wealth.reshape(len(self._wealth), -1).max(axis=1).argmax())

    @property
    def since(self) -> tuple[float, float]:
        """The block with which the change most likely began, as it was named."""
        place = np.unravel_index(int(self._wealth.argmax()), self._wealth.shape)
        seq, time = self._since[place].tolist()
        return seq, time

    def to_json(self) -> dict[str, Any]:
        """Everything, in numbers that JSON keeps exactly."""
        wealth = np.where(np.isfinite(self._wealth), self._wealth, -1e308)
        return {
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "blocks": self.blocks,
            "wealth": wealth.tolist(),
            "run": self._run.tolist(),
            "since": self._since.tolist(),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """What ``to_json`` told; it goes on exactly as it would have."""
        found = cls(np.array(told["low"]), np.array(told["high"]))
        found.blocks = int(told["blocks"])
        wealth = np.array(told["wealth"])
        found._wealth = np.where(wealth <= -1e308, -np.inf, wealth)
        found._run, found._since = np.array(told["run"]), np.array(told["since"])
        return found


def bands(
    counts: Values, units: Values, tolerance: float, alpha: float
) -> tuple[Values, Values, Values]:
    """Between what bounds rates may be, by a reference in several parts.

    A bound is widest of three: what chance leaves open of the rate (Clopper and Pearson, 1934, at
    ``alpha`` over all bins and both sides), and beyond it what the parts of the reference differ by
    among themselves more than by chance (three standard deviations), and ``tolerance``.

    Args:
        counts: sums of the observations of each part, (parts, bins).
        units: how many observations each part has, (parts,).
        tolerance: by how much odds may change without anybody minding, such as 0.25.
        alpha: chance that some rate of the reference lies outside its bounds.

    Returns:
        the rates, their lower and their upper bounds, (bins,) each.
    """
    from scipy.special import betaincinv  # of the reference only, once

    n, total = float(units.sum()), counts.sum(axis=0)
    rate = total / n
    each = alpha / (2 * len(total))
    low = betaincinv(np.maximum(total, _LEAST), n - total + 1, each)
    high = betaincinv(total + 1, np.maximum(n - total, _LEAST), 1 - each)
    low, high = np.where(total <= 0, 0.0, low), np.where(total >= n, 1.0, high)
    own = counts / units[:, None]
    chance = rate * (1 - rate) * np.mean(1 / units)
    wanders = 3 * np.sqrt(np.maximum(own.var(axis=0, ddof=1) - chance, 0)) if len(units) > 1 else 0
    factor = 1 + tolerance
    low, high = np.minimum(low, rate - wanders), np.maximum(high, rate + wanders)
    low, high = low.clip(0, 1), high.clip(0, 1)
    return rate, low / (low + (1 - low) * factor), high * factor / (high * factor + 1 - high)
