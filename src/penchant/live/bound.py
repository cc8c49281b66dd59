"""One user's events on one item, counted within a bound, whatever their order."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping

log = logging.getLogger(__name__)


class Bound:
    """How much of what each user did with an item was counted, by period.

    The events of a user on an item within a period count as their sum, but never more than
    ``most``: a function of the set of events, so that neither order nor duplicates leave a trace,
    and an event can be taken away again. Users are kept as hashes with their item (BLAKE2b, 8
    bytes), at about 128 bytes a pair.

    Memory is bounded: beyond ``room`` pairs the oldest period is forgotten, and of the only one
    those that count least; a pair that was forgotten begins anew.

    Args:
        most: units that a user's events on an item count at most within a period.
        room: pairs held at most.
    """

    def __init__(self, most: int, room: int) -> None:
        self.most = most
        self.room = room
        self._periods: dict[int, dict[int, int]] = {}
        self._held = 0

    def counted(self, pair: tuple[str, str], period: int, units: int, sign: int = 1) -> int | None:
        """How many units an event adds to what counts, or takes from it.

        Args:
            pair: user and item.
            period: of the event.
            units: that it would count alone.
            sign: 1, or -1 for an event that is taken away.

        Returns:
            0 to ``units``; without the sign. None where an event is to be taken away of a pair that
            was forgotten, so that nobody knows how much of it counted.
        """
        pairs = self._periods.setdefault(period, {})
        key = _key(pair)
        before = pairs.get(key)
        if before is None and sign < 0:
            if not pairs:
                del self._periods[period]
            return None
        old = before or 0
        new = max(old + sign * units, 0)
        if new:
            pairs[key] = new
        else:
            pairs.pop(key, None)
        self._held += (new > 0) - (before is not None)
        if not pairs:
            del self._periods[period]
        elif self._held > self.room:
            self._make_room()
        return abs(min(new, self.most) - min(old, self.most))

    def forget(self, since: int) -> None:
        """Let go of the periods before one."""
        for period in [period for period in self._periods if period < since]:
            self._held -= len(self._periods.pop(period))

    def __len__(self) -> int:
        return self._held

    def __iter__(self) -> Iterator[tuple[int, dict[int, int]]]:
        """The pairs of each period as they are now: their hashes, and the units of each."""
        for period, pairs in self._periods.items():
            yield period, pairs.copy()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bound) and self._told() == other._told()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def _told(self) -> tuple[object, ...]:
        return self.most, self.room, self._periods

    def restore(self, period: int, pairs: Mapping[str, int]) -> None:
        """Put pairs of a period back, as iterating told them, beside those that are there."""
        own = self._periods.setdefault(period, {})
        self._held -= len(own)
        own.update((int(key), units) for key, units in pairs.items())
        self._held += len(own)

    def _make_room(self) -> None:
        log.warning(
            "More than %s users and items are in use for what is popular: the oldest are forgotten, "
            "and a flood that goes on longer than that may count more. Give memory_mb more.",
            f"{self.room:,}",
        )
        if len(self._periods) > 1:
            self._held -= len(self._periods.pop(min(self._periods)))
            return
        ((period, pairs),) = self._periods.items()
        best = sorted(pairs.items(), key=lambda one: (-one[1], one[0]))[: self.room // 2]
        self._periods[period] = dict(best)
        self._held = len(best)


def _key(pair: tuple[str, str]) -> int:
    return int.from_bytes(hashlib.blake2b("\x1f".join(pair).encode(), digest_size=8).digest())
