"""A log in memory, and people who look at lists."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from penchant.core import Event, Impression
from penchant.live.experiments import Experiment
from penchant.testing.memory_log import MemoryLog

DAY = 86_400.0


class Clock:
    """A clock that stands where it is put."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def show(log: MemoryLog, clock: Clock) -> Callable[..., None]:
    """``show(experiment, user, items)``: a list of the user's arm, told as shown now."""
    shown = iter(range(10**9))

    def tell(experiment: Experiment, user: str, items: str, request: str = "") -> None:
        arm = experiment.arm_of(user)
        assert arm is not None
        request = request or f"r{next(shown)}"
        version, policy = experiment.arms[arm].version, experiment.policy(arm)
        log.add_impressions(
            [
                Impression(request, item, place, version, clock.now, user, policy)
                for place, item in enumerate(items)
            ]
        )

    return tell


@pytest.fixture
def do(log: MemoryLog, clock: Clock) -> Callable[..., None]:
    """``do(user, item)``: a click, now."""

    def tell(user: str, item: str, event: str = "click") -> None:
        log.append([Event(user, item, clock.now, event=event)])

    return tell
