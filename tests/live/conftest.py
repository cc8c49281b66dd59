"""A clock that stands still until it is told, and events without ceremony."""

from __future__ import annotations

import pytest

from penchant.core import Event
from penchant.live import Follower, Live, LiveConfig
from penchant.testing import MemoryLog

NOW = 1_800_000_000.0


class Clock:
    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(clock: Clock) -> MemoryLog:
    return MemoryLog(clock)


@pytest.fixture
def did(log: MemoryLog, clock: Clock):
    """``did("u1", "i7", 5)``: an event 5 seconds after ``clock.now`` - 1000, in the log."""
    count = iter(range(1_000_000))

    def post(user: str, item: str, time: float = 0.0, kind: str = "click", event_id: str = ""):
        name = event_id or f"e{next(count)}"
        return log.append([Event(user, item, clock.now - 1000 + time, name, kind)])[0]

    return post


@pytest.fixture
def live(log: MemoryLog, clock: Clock) -> Live:
    return Live(Follower(log, LiveConfig(), clock=clock))


@pytest.fixture
def items(live: Live):
    """``items("u1")``: the item ids of somebody's past, oldest first, as of now."""

    def of(user: str) -> list[str]:
        live.catch_up()
        return [one.item_id for one in live.past(user)]

    return of
