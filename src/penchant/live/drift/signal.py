"""One thing that is watched: its reference, its newest window, its bets, its alerts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.metrics import SMALL, ChangeDetector, bands, psi

from .alert import REMEDIES, Alert
from .config import DriftConfig

PARTS = 10
"""Parts of the reference: as far as they differ among themselves nobody is alarmed."""

MOST_ALERTS = 20
"""Alerts of a signal that are kept, the newest."""

Moment = tuple[int, float]
Values = NDArray[np.float64]


class Signal:
    """Shares of some bins, watched block by block.

    First the reference is gathered, then each block is bet on; see ``penchant.metrics.ChangeDetector``.

    Args:
        name: what it is.
        bins: names of the bins.
        config: sizes.
        alpha: false alarms to be expected of it in all time.
        exclusive: whether the shares of an observation sum to 1.

    Attributes:
        alerts: the newest last.
    """

    def __init__(
        self,
        name: str,
        bins: Sequence[str],
        config: DriftConfig,
        alpha: float,
        exclusive: bool = True,
    ) -> None:
        self.name, self.bins, self.exclusive = name, tuple(bins), exclusive
        self.alerts: list[Alert] = []
        self._config, self._alpha = config, alpha
        self._enough = math.log(2 / alpha)  # half of it is spent on the reference
        self._reference: list[list[float]] = []  # of each block its units and counts
        self._window: list[list[float]] = []  # of each block seq, time, units and counts
        self._total: list[float] = []  # of the whole reference, likewise
        self._detector: ChangeDetector | None = None

    @property
    def watches(self) -> bool:
        """Whether the reference is whole."""
        return self._detector is not None

    @property
    def open(self) -> Alert | None:
        """The alert that is not over."""
        return self.alerts[-1] if self.alerts and self.alerts[-1].over is None else None

    @property
    def psi(self) -> float:
        """Of the newest window against the reference; the worst bin's where each is by itself."""
        if not self._window:
            return 0.0
        now = np.array(self._window).sum(axis=0)[2:]
        before = np.array(self._total)
        if self.exclusive:
            return psi(before[1:], now[1:])
        pairs = [
            (np.array([a, before[0] - a]), np.array([b, now[0] - b]))
            for a, b in zip(before[1:], now[1:], strict=True)
        ]
        return max(psi(a, b) for a, b in pairs)

    @property
    def shares(self) -> list[tuple[str, float, float]]:
        """Name, share of the reference and share of the newest window of each bin."""
        before, now = np.array(self._total), np.zeros(1 + len(self.bins))
        if not self.watches:
            before = np.array(self._reference or [now.tolist()]).sum(axis=0)
        if self._window:
            now = np.array(self._window).sum(axis=0)[2:]
        old, new = before[1:] / max(before[0], 1), now[1:] / max(now[0], 1)
        return list(zip(self.bins, old.tolist(), new.tolist(), strict=True))

    @property
    def evidence(self) -> tuple[float, float]:
        """Natural logarithm of what the bets became, and of what makes an alert of it."""
        found = -math.inf if self._detector is None else self._detector.evidence
        return found, self._enough

    def begin(self) -> None:
        """What was told of so far is the reference; what comes is watched."""
        rows = np.array(self._reference)
        parts = np.array_split(rows, min(PARTS, len(rows)))
        sums = np.stack([part.sum(axis=0) for part in parts])
        _, low, high = bands(sums[:, 1:], sums[:, 0], self._config.tolerance, self._alpha / 2)
        self._detector = ChangeDetector(low, high)
        self._total = rows.sum(axis=0).tolist()
        self._reference = []

    def tell(self, counts: Values, units: float, began: Moment, ends: Moment) -> None:
        """Take in a block.

        Args:
            counts: the sums of its observations, (bins,).
            units: how many there are.
            began: seq and time of its first event.
            ends: of its last.
        """
        if self._detector is None:
            self._reference.append([units, *counts.tolist()])
            return
        self._window.append([*began, units, *counts.tolist()])
        del self._window[: -self._config.window]
        self._detector.update(counts, units, began)
        if self.open is not None:
            self._see_whether_over(ends)
        elif self._detector.evidence >= self._enough:
            self._raise(ends)

    def _raise(self, ends: Moment) -> None:
        assert self._detector is not None  # noqa: S101 - only then is there evidence
        since = self._detector.since
        since = int(since[0]), since[1]
        place = self._detector.strongest
        rows = np.array([row for row in self._window if row[0] >= since[0]] or self._window)
        now = rows[:, 3 + place].sum() / rows[:, 2].sum()
        before = self._total[1 + place] / self._total[0]
        what = f"{self.bins[place]} {share(before)} before, {share(now)}"
        told = Alert(
            self.name,
            what,
            REMEDIES.get(self.name, "Check the feed, then re-tune."),
            *since,
            *ends,
            self.psi,
            self._detector.evidence,
        )
        self.alerts = [*self.alerts, told][-MOST_ALERTS:]

    def _see_whether_over(self, ends: Moment) -> None:
        """A whole window like the reference ends the alert, and the bets begin anew."""
        found, detector = self.open, self._detector
        if found is None or detector is None or len(self._window) < self._config.window:
            return
        if self._window[0][0] <= found.found_seq or self.psi >= SMALL:
            return
        now = np.array(self._window).sum(axis=0)[2:]
        rate = now[1:] / now[0]
        slack = 2 * np.sqrt(rate * (1 - rate) / now[0])
        if (rate + slack >= detector.low).all() and (rate - slack <= detector.high).all():
            self.alerts[-1] = found.ended(ends[1])
            detector.begin_anew()

    def to_json(self) -> dict[str, Any]:
        """Everything, to go on exactly."""
        return {
            "bins": self.bins,
            "reference": self._reference,
            "window": self._window,
            "total": self._total,
            "detector": None if self._detector is None else self._detector.to_json(),
            "alerts": [one.to_json() for one in self.alerts],
        }

    def restore(self, told: Mapping[str, Any]) -> None:
        """Go on from what ``to_json`` told."""
        self.bins = tuple(told["bins"])
        self._reference, self._window = told["reference"], told["window"]
        self._total = told["total"]
        known = told["detector"]
        self._detector = None if known is None else ChangeDetector.from_json(known)
        self.alerts = [Alert.from_json(one) for one in told["alerts"]]


def share(part: float) -> str:
    """A share in per cent, with as many digits as it needs.

    >>> share(0.5), share(0.0123), share(0.0)
    ('50 %', '1.2 %', '0 %')
    """
    return f"{100 * part:.0f} %" if part >= 0.1 or part < 0.0005 else f"{100 * part:.1f} %"
