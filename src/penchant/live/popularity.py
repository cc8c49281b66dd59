"""How often each item was chosen of late, counted so that the order of arrival leaves no trace."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Iterator, Mapping

from .bound import Bound

log = logging.getLogger(__name__)

_ONE = 1 << 20
"""An event of weight 1 at the beginning of a half-life, in the units that are counted."""

WINDOW = 24
"""Half-lives after which an event is forgotten: it would count less than 1e-7."""

COUNTER = 128
"""Bytes of a counter, about: a place in a dictionary, a number, a share of the id of its item."""

MOST = 4_000_000
"""Counters held at most, unless told otherwise."""


class Popularity:
    """Counters that halve every half-life (exponential decay, as ``RecentPopularity`` has it).

    Sums of floats depend on their order, so nothing is summed in floats: an event counts
    ``weight * 2 ** (time / half_life)``, written as a whole number times a power of two, and whole
    numbers are added up by that power. Events can be taken away again without a trace, and a score
    at any moment is the same whichever way the counters came about. Nor does an event in the far
    future spoil anything: the powers beyond the moment of asking are left out.

    Memory is bounded: an event may name any item, also one that does not exist. Where more counters
    than ``most`` are needed, the oldest half-lives are forgotten, as far as there is need, and of the
    oldest of those that are left the items chosen least; only then may the order of arrival leave a
    trace, among items that hardly count.

    Args:
        half_life: seconds after which an event counts half.
        weights: how much an event of a kind counts; 1 where it is not listed, 0 for not at all.
        most: counters held at most.
        repeats: events of the heaviest kind as which one user's events on one item count at most
            within a half-life, so that no flood of one user makes an item popular; 0 for no bound.

    Attributes:
        bound: what was counted of each user and item; None without a bound.
        since: half-lives since 1970 before which nothing is counted any more.
        cut: ``since`` is never below this, as what was before had to be forgotten for want of room.
    """

    def __init__(
        self,
        half_life: float,
        weights: Mapping[str, float] | None = None,
        most: int = MOST,
        repeats: int = 0,
    ) -> None:
        self.half_life = half_life
        self.weights = dict(weights or {})
        self.most = most
        self.repeats = repeats
        heaviest = max([1.0, *self.weights.values()])
        self.bound = Bound(round(repeats * heaviest * _ONE), most // 2) if repeats else None
        self.since = self.cut = -(1 << 62)
        self._periods: dict[int, dict[str, int]] = {}  # half-lives since 1970: units of each item
        self._shared: set[int] = set()  # those that a copy has too: copied before they change
        self._held = 0

    def add(
        self, item_id: str, time: float, kind: str, sign: int = 1, user_id: str | None = None
    ) -> bool:
        """Count an event, or take it away.

        Args:
            item_id: what was chosen.
            time: seconds since 1970 (UTC).
            kind: of event.
            sign: 1, or -1 for an event that was counted before.
            user_id: who did it, for the bound; None for somebody unknown, who has none.

        Returns:
            whether it was done: not where an event is to be taken away of which the bound forgot, for
            want of room, how much of it counted. Nothing changed then; count all anew.
        """
        age = time / self.half_life
        period = math.floor(age)
        units = round(self.weights.get(kind, 1.0) * _ONE * 2.0 ** (age - period))
        if not units or period < self.since:
            return True
        if self.bound is not None and user_id is not None:
            counted = self.bound.counted((user_id, item_id), period, units, sign)
            if not counted:
                return counted is not None
            units = counted
        counts = self._periods.get(period, {})
        if not counts or period in self._shared:
            counts = self._periods[period] = counts.copy()
            self._shared.discard(period)
        before = len(counts)
        left = counts.get(item_id, 0) + sign * units
        if left > 0:
            counts[sys.intern(item_id)] = left  # one string for all half-lives
        else:
            counts.pop(item_id, None)
        self._held += len(counts) - before
        if not counts:
            del self._periods[period]
        elif self._held > self.most:
            self._make_room()
        return True

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
        since = max(math.floor(now / self.half_life) - WINDOW, self.cut)
        if since == self.since - 1:  # back over the edge of a period, by a moment
            return False
        gone_back, self.since = since < self.since, since
        for period in [period for period in self._periods if period < since]:
            self._drop(period)
        if self.bound is not None:
            self.bound.forget(since)
        return gone_back

    def copy(self) -> Popularity:
        """The same counters once more; quick, as what no longer changes is shared.

        To be asked: the copy begins anew with what each user may count.
        """
        other = self.anew()
        other._periods, other._held = dict(self._periods), self._held
        self._shared, other._shared = set(self._periods), set(self._periods)
        return other

    def anew(self) -> Popularity:
        """Counters of the same settings that have counted nothing."""
        other = Popularity(self.half_life, self.weights, self.most, self.repeats)
        other.since, other.cut = self.since, self.cut
        return other

    def __len__(self) -> int:
        """Counters held: items, once for each half-life in which somebody chose them."""
        return self._held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Popularity) and self._told() == other._told()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __iter__(self) -> Iterator[tuple[int, Mapping[str, int]]]:
        """The counters of each half-life since 1970."""
        return iter(self._periods.items())

    def restore(self, period: int, counts: Mapping[str, int]) -> None:
        """Put counters of a half-life back, as iterating told them, beside those that are there."""
        own = self._periods.setdefault(period, {})
        self._held -= len(own)
        own.update((sys.intern(item_id), units) for item_id, units in counts.items())
        self._held += len(own)

    def _told(self) -> tuple[object, ...]:
        settings = self.half_life, self.weights, self.most, self.repeats
        return *settings, self.since, self.cut, self._periods, self.bound

    def _make_room(self) -> None:
        """Forget a tenth of the counters: the oldest, and of one half-life those that count least."""
        wanted = self.most - self.most // 10
        log.warning(
            "More than %s counters are needed for what is popular: the oldest and least are "
            "forgotten. Do events name items that do not exist?",
            f"{self.most:,}",
        )
        while self._held > wanted:
            oldest = min(self._periods)
            counts = self._periods[oldest]
            left = len(counts) - (self._held - wanted)
            if left > 0:
                best = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
                self._periods[oldest] = dict(best[:left])
                self._shared.discard(oldest)
                self._held = wanted
            else:
                self._drop(oldest)
                self.since = self.cut = oldest + 1

    def _drop(self, period: int) -> None:
        self._held -= len(self._periods.pop(period))
        self._shared.discard(period)
