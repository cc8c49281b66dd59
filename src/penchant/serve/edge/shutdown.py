"""Leaving without anybody noticing: first a lame duck, then gone.

As in Beyer et al. 2016, "Site Reliability Engineering", chapter 20. uvicorn closes its door at once on SIGTERM, and whoever still sends requests here is refused. A load
balancer takes a while to notice: for that while ``/readyz`` says 503, and everything is answered.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from types import FrameType

import uvicorn

from .readiness import Readiness

log = logging.getLogger("penchant.serve")


class LameDuckServer(uvicorn.Server):
    """A uvicorn that goes on answering for a while after SIGTERM.

    Ctrl-C (SIGINT), and a second SIGTERM, end the while at once; requests that are being answered
    still are, for ``timeout_graceful_shutdown`` seconds.

    Args:
        config: of uvicorn.
        readiness: that says 503 meanwhile.
        seconds: of the while; longer than a load balancer needs to notice.
        clock: seconds, of any start.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        readiness: Readiness,
        *,
        seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(config)
        self._readiness = readiness
        self._seconds = seconds
        self._clock = clock
        self._leaves_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to leave; called on a signal."""
        first = self._leaves_at is None
        self._readiness.drain()
        if first and sig == signal.SIGTERM and self._seconds > 0:
            self._captured_signals.append(sig)
            self._leaves_at = self._clock() + self._seconds
            log.info("draining", extra={"told": {"seconds": self._seconds}})
            return
        self._leaves_at = self._leaves_at or self._clock()
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Look at the clock; uvicorn asks ten times a second."""
        if self._leaves_at is not None and self._clock() >= self._leaves_at:
            self.should_exit = True
        return await super().on_tick(counter)
