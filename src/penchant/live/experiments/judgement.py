"""What an experiment tells so far, in figures that hold whenever they are looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from penchant.metrics import Sample, difference, mixing, preference, sample_ratio

from .experiment import Experiment
from .tally import Tally

DAY = 86_400.0
SPLIT_ALPHA = 0.01
"""Chance that a sample-ratio check alarms falsely, ever."""
_MOST_LOOKS = 400

Conclusion = Literal["undecided", "better", "worse", "split"]


@dataclass(frozen=True, slots=True)
class Look:
    """A comparison with the control at one moment.

    Attributes:
        at: seconds since 1970 (UTC).
        users: of the control and of the other arm that count by then; of an interleaving, who
            preferred the control's list and who the other.
        means: their outcomes; of an interleaving the shares of both.
        gap: of the other arm over the control; of an interleaving the share of the other beyond 1 / 2.
        low: lower end of its always-valid interval; minus infinity while too little is known.
        high: upper end.
        p: always-valid p-value.
    """

    at: float
    users: tuple[int, int]
    means: tuple[float, float]
    gap: float
    low: float
    high: float
    p: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside the interval."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """An arm against the control.

    Attributes:
        arm: its name.
        looks: at the end of each day, and last of all now.
        decided_at: when zero first lay outside the interval; None where it never did.
        conclusion: ``"better"`` or ``"worse"`` than the control, ``"undecided"``, or ``"split"`` where
            the users were not split as was meant, so that nothing may be concluded.
    """

    arm: str
    looks: tuple[Look, ...]
    decided_at: float | None
    conclusion: Conclusion

    @property
    def now(self) -> Look:
        """The last look."""
        return self.looks[-1]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an experiment tells.

    Attributes:
        users: that count, an arm each; of an interleaving they all see both.
        waiting: whose windows are not over, likewise.
        split_p: always-valid p-value of users having been split as was meant: the least of all looks.
        comparisons: of each arm but the control.
        crossed: users who were told lists of an arm that is not theirs.
        nameless: impressions without a user.
    """

    users: tuple[int, ...]
    waiting: tuple[int, ...]
    split_p: float
    comparisons: tuple[Comparison, ...]
    crossed: int
    nameless: int


def judge(experiment: Experiment, tally: Tally, now: float) -> Judgement:
    """Judge an experiment from what its users did.

    Where several arms are compared with the control, each has its share of ``alpha`` (Bonferroni).

    Args:
        experiment: which.
        tally: of it.
        now: seconds since 1970 (UTC); after it was stopped, that moment is taken.
    """
    if experiment.stopped_at is not None:
        now = min(now, experiment.stopped_at)
    moments = _moments(experiment, now)
    arms = range(len(experiment.arms))
    counts = [[int(np.sum((tally.arm == a) & (tally.ends <= at))) for a in arms] for at in moments]
    shares = [arm.share for arm in experiment.arms]
    split_p = min(sample_ratio(count, shares) for count in counts)
    comparisons = []
    if experiment.kind != "shadow":
        look = _preferred if experiment.kind == "interleave" else _compared
        for arm in arms[1:]:
            looks = tuple(look(experiment, tally, arm, at) for at in moments)
            comparisons.append(_concluded(experiment.arms[arm].name, looks, split_p))
    return Judgement(
        tuple(counts[-1]),
        tally.waiting,
        split_p,
        tuple(comparisons),
        tally.crossed,
        tally.nameless,
    )


def _moments(experiment: Experiment, now: float) -> list[float]:
    """The ends of the days since it began, and now; of a long experiment the newest days."""
    days = math.floor((now - experiment.started_at) / DAY)
    first = max(1, days - _MOST_LOOKS)
    ends = [experiment.started_at + day * DAY for day in range(first, days + 1)]
    return [*(at for at in ends if at < now), now]


def _compared(experiment: Experiment, tally: Tally, arm: int, at: float) -> Look:
    """Means of two arms."""
    control = Sample.of(tally.values(0, at, experiment.measure))
    other = Sample.of(tally.values(arm, at, experiment.measure))
    alpha = experiment.alpha / (len(experiment.arms) - 1)
    planned = experiment.users * _fraction(experiment, arm)
    found = difference(control, other, mixing(planned, alpha), alpha)
    means = control.mean, other.mean
    return Look(at, (control.n, other.n), means, found.gap, found.low, found.high, found.p)


def _fraction(experiment: Experiment, arm: int) -> float:
    """Of the users of an experiment, those of an arm and of the control."""
    shares = [one.share for one in experiment.arms]
    return (shares[0] + shares[arm]) / sum(shares)


def _preferred(experiment: Experiment, tally: Tally, arm: int, at: float) -> Look:
    """Votes for two lists; ``arm`` is the second."""
    sides = tally.sides[tally.ends <= at]
    found = preference(sides[:, 0], sides[:, arm], experiment.users, experiment.alpha)
    votes = found.wins + found.losses
    share = found.wins / votes if votes else 0.5
    low, high = (found.low - 0.5, found.high - 0.5) if votes else (-math.inf, math.inf)
    users = found.losses, found.wins
    return Look(at, users, (1 - share, share), share - 0.5, low, high, found.p)


def _concluded(name: str, looks: tuple[Look, ...], split_p: float) -> Comparison:
    first = next((look for look in looks if look.excludes_zero), None)
    decided_at = None if first is None else first.at
    if split_p < SPLIT_ALPHA:
        return Comparison(name, looks, decided_at, "split")
    if first is None:
        return Comparison(name, looks, None, "undecided")
    return Comparison(name, looks, decided_at, "better" if first.low > 0 else "worse")
