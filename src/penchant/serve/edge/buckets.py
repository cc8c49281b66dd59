"""Token buckets: so many at once, so many a second."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from penchant.core import UsageError


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class Buckets:
    """A token bucket for each of many callers, in bounded memory.

    Args:
        rate: tokens that come back each second.
        burst: tokens of a full bucket.
        most: callers remembered; the one longest unseen is forgotten, its bucket being full again
            or nearly so.
        clock: seconds, of any start.

    Raises:
        UsageError: a rate or burst that lets nothing through.
    """

    def __init__(
        self,
        rate: float,
        burst: float,
        *,
        most: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not (rate > 0 and burst >= 1 and most >= 1):
            raise UsageError(
                f"rate must be above 0, burst and most at least 1; got {rate}, {burst}, {most}."
            )
        self._rate = rate
        self._burst = burst
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, caller: str, *, rate: float | None = None) -> float:
        """Take a token.

        Args:
            caller: whose.
            rate: tokens a second of this caller, where it has a rate of its own; the burst is then
                in the same proportion.

        Returns:
            0 where there was one; else the seconds until there is.
        """
        rate = rate or self._rate
        burst = max(1.0, self._burst * rate / self._rate)
        bucket = self._bucket(caller, burst)
        now = self._clock()
        passed = max(0.0, now - bucket.filled_at)
        bucket.tokens = min(burst, bucket.tokens + passed * rate)
        bucket.filled_at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        return (1 - bucket.tokens) / rate

    def _bucket(self, caller: str, burst: float) -> _Bucket:
        bucket = self._buckets.get(caller)
        if bucket is None:
            bucket = self._buckets[caller] = _Bucket(burst, self._clock())
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(caller)
        return bucket
