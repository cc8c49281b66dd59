"""Token buckets: so many at once, so many a second."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from penchant.core import UsageError


@dataclass(slots=True)
class Bucket:
    """How full it is, and since when."""

    tokens: float
    filled_at: float

    def take(self, rate: float, burst: float, now: float) -> float:
        """Fill it for the time that passed, and take a token.

        Returns:
            0 where there was one; else the seconds until there is.
        """
        passed = max(0.0, now - self.filled_at)
        self.tokens = min(burst, self.tokens + passed * rate)
        self.filled_at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / rate


class Buckets(Protocol):
    """A token bucket for each of many callers, in bounded memory."""

    def take(self, caller: str, *, rate: float | None = None) -> float:
        """Take a token.

        Args:
            caller: whose.
            rate: tokens a second of this caller, where it has a rate of its own; the burst is then
                in the same proportion.

        Returns:
            0 where there was one; else the seconds until there is.
        """


@dataclass(frozen=True, slots=True)
class Rates:
    """What a caller may do.

    Attributes:
        rate: tokens that come back each second.
        burst: tokens of a full bucket.

    Raises:
        UsageError: a rate or burst that lets nothing through, or all.
    """

    rate: float
    burst: float

    def __post_init__(self) -> None:
        bounded = math.isfinite(self.rate) and math.isfinite(self.burst)
        if not (bounded and self.rate > 0 and self.burst >= 1):
            raise UsageError(
                f"rate must be above 0, burst at least 1, both finite; got {self.rate}, {self.burst}."
            )

    def of(self, rate: float | None) -> tuple[float, float]:
        """Rate and burst of a caller with a rate of its own, or None."""
        rate = rate or self.rate
        return rate, max(1.0, self.burst * rate / self.rate)


class OwnBuckets:
    """Buckets of one process.

    Args:
        rates: of a caller.
        most: callers remembered; the one longest unseen is forgotten, its bucket being full again
            or nearly so.
        clock: seconds, of any start.

    Raises:
        UsageError: nobody would be remembered.
    """

    def __init__(
        self, rates: Rates, *, most: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if most < 1:
            raise UsageError(f"most must be at least 1; got {most}.")
        self._rates = rates
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, caller: str, *, rate: float | None = None) -> float:
        """Take a token; see ``Buckets``."""
        own, burst = self._rates.of(rate)
        now = self._clock()
        return self._bucket(caller, burst, now).take(own, burst, now)

    def _bucket(self, caller: str, burst: float, now: float) -> Bucket:
        bucket = self._buckets.get(caller)
        if bucket is None:
            bucket = self._buckets[caller] = Bucket(burst, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(caller)
        return bucket
