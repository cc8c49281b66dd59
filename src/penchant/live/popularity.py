"""How often each item was chosen of late, counted so that the order of arrival leaves no trace."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

_ONE = 1 << 20
"""An event of weight 1 at the beginning of a half-life, in the units that are counted."""

WINDOW = 24
"""Half-lives after which an event is forgotten: it would count less than 1e-7."""


class Popularity:
    """Counters that halve every half-life (exponential decay, as ``RecentPopularity`` has it).

    Sums of floats depend on their order, so nothing is summed in floats: an event counts
    ``weight * 2 ** (time / half_life)``, written as a whole number times a power of two, and whole
    numbers are added up by that power. Events can be taken away again without a trace, and a score
    at any moment is the same whichever way the counters came about. Nor does an event in the far
    future spoil anything: the powers beyond the moment of asking are left out.

    Args:
        half_life: seconds after which an event counts half.
        weights: how much an event of a kind counts; 1 where it is not listed, 0 for not at all.

    Attributes:
        since: half-lives since 1970 before which nothing is counted any more.
    """

    def __init__(self, half_life: float, weights: Mapping[str, float] | None = None) -> None:
        self.half_life = half_life
        self.weights = dict(weights or {})
        self.since = -(1 << 62)
        self._periods: dict[int, dict[str, int]] = {}  # half-lives since 1970: units of each item

    def add(self, item_id: str, time: float, kind: str, sign: int = 1) -> None:
        """Count an event, or take it away.

        Args:
            item_id: what was chosen.
            time: seconds since 1970 (UTC).
            kind: of event.
            sign: 1, or -1 for an event that was counted before.
        """
        age = time / self.half_life
        period = math.floor(age)
        units = round(self.weights.get(kind, 1.0) * _ONE * 2.0 ** (age - period))
        if not units or period < self.since:
            return
        counts = self._periods.setdefault(period, {})
        left = counts.get(item_id, 0) + sign * units
        if left:
            counts[item_id] = left
        else:
            del counts[item_id]
        if not counts:
            del self._periods[period]

    def scores(self, now: float) -> dict[str, float]:
        """What each item counts at a moment: an event of weight 1 at this moment counts 1.

        Args:
            now: seconds since 1970 (UTC).
        """
        age = now / self.half_life
        found: dict[str, float] = {}
        for period in sorted(self._periods):
            if math.floor(age) - WINDOW <= period <= age:
                one = 2.0 ** (period - age) / _ONE
                for item_id, units in self._periods[period].items():
                    found[item_id] = found.get(item_id, 0.0) + one * units
        return found

    def forget(self, now: float) -> bool:
        """Let go of what counts no more.

        Args:
            now: seconds since 1970 (UTC).

        Returns:
            whether the clock has gone back, so that something of what was let go counts again and
            all must be counted anew.
        """
        since = math.floor(now / self.half_life) - WINDOW
        if since == self.since - 1:  # back over the edge of a period, by a moment
            return False
        gone_back, self.since = since < self.since, since
        for period in [period for period in self._periods if period < since]:
            del self._periods[period]
        return gone_back

    def copy(self) -> Popularity:
        """The same counters once more."""
        other = self.anew()
        other.restore(self._periods, self.since)
        return other

    def anew(self) -> Popularity:
        """Counters of the same settings that have counted nothing."""
        other = Popularity(self.half_life, self.weights)
        other.since = self.since
        return other

    def __len__(self) -> int:
        """Counters held: items, once for each half-life in which somebody chose them."""
        return sum(map(len, self._periods.values()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Popularity) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __iter__(self) -> Iterator[tuple[int, Mapping[str, int]]]:
        """The counters of each half-life since 1970."""
        return iter(self._periods.items())

    def restore(self, periods: Mapping[int, Mapping[str, int]], since: int) -> None:
        """Put counters back, as iterating told them."""
        self._periods = {period: dict(counts) for period, counts in periods.items()}
        self.since = since
