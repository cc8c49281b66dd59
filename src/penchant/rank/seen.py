"""Which items of somebody's past are not listed again."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

from .context import Seen
from .moments import DAY

NEVER = "never"
ALLOW = "allow"


def day_limit(again: object, where: str) -> float:
    """Days for which an item is hidden after an event: infinity for ever, its negative for never.

    >>> day_limit("never", "seen.purchase"), day_limit(7, "seen.click"), day_limit("allow", "")
    (inf, 7.0, -inf)

    Raises:
        UsageError: neither of the words, nor a number of days.
    """
    if again in (NEVER, ALLOW):
        return float("inf") if again == NEVER else float("-inf")
    if isinstance(again, bool) or not isinstance(again, int | float) or not 0 < again < 1e9:
        raise UsageError(
            f'{where} = {again!r}: write "{NEVER}" (not listed again), "{ALLOW}" (may be listed), or '
            "the days after which it may be, such as 7."
        )
    return float(again)


class SeenRules:
    """How long an item is hidden after an event of each kind.

    Args:
        again: by kind of event ``"never"``, ``"allow"`` or days.
        others: the same for other kinds.
    """

    def __init__(self, again: Mapping[str, object], others: object) -> None:
        self._limits = {kind: day_limit(rule, f"seen.{kind}") for kind, rule in again.items()}
        self._others = day_limit(others, "seen_others")
        self._all = {self._others, *self._limits.values()} == {float("inf")}

    def hidden(self, seen: Seen, now: float) -> NDArray[np.integer]:
        """Codes of the items that may not be listed now; an item may stand there twice.

        Events after ``now``, and those without a time, count as of now.
        """
        if not len(seen.codes) or self._all:
            return seen.codes
        return seen.codes[self._age(seen, now) < self._limit(seen)]

    def reason(self, code: int, seen: Seen, now: float) -> str | None:
        """Why an item of the past may not be listed now, in words; None where it may be."""
        limits, ages = self._limit(seen), self._age(seen, now)
        found = np.flatnonzero((seen.codes == code) & (ages < limits))
        if not len(found):
            return None
        longest = int(found[np.argmax(limits[found] - np.maximum(ages[found], 0))])
        until = limits[longest] - max(ages[longest], 0.0)
        when = "never again" if np.isinf(until) else f"not for another {until:.1f} days"
        return f"seen already: {seen.kinds[longest]}, to be listed {when}"

    def _limit(self, seen: Seen) -> NDArray[np.float64]:
        limits = map(self._limits.get, seen.kinds, repeat(self._others))
        return np.fromiter(limits, np.float64, len(seen.kinds))

    def _age(self, seen: Seen, now: float) -> NDArray[np.float64]:
        """Days since each event, (events,)."""
        age = (now - seen.times) / DAY
        # 0 rather than less: -inf would be under no limit, and "allow" hides nothing at any age
        return np.where(age > 0, age, 0.0)
