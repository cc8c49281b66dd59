"""A log under test, and what its checks share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from penchant.core import Event, Impression, UsageError
from penchant.store.log import EventStored, Log

NOW = 1_700_000_000.0
"""Seconds since 1970 by the clock of a log under test."""


@dataclass(frozen=True)
class LogCase:
    """A log under test.

    Attributes:
        opened: opens the log, given its clock; a second call opens the same one once more.
    """

    opened: Callable[[Callable[[], float]], Log]

    def open(self, now: float = NOW) -> Log:
        """The log, by a clock that stands still."""
        return self.opened(lambda: now)


def event(number: int, user: str = "u", **more: Any) -> Event:
    """The event ``e<number>`` on item ``i<number>``, ``number`` seconds after the start."""
    plain = Event(user, f"i{number}", NOW + number, f"e{number}", "click", float(number), "s")
    return replace(plain, **more)


def shown(number: int, **more: Any) -> Impression:
    """An impression of item ``i<number>`` in the place of its number."""
    plain = Impression("r", f"i{number}", number, "v1", NOW, "u", "arm", 0.5)
    return replace(plain, **more)


def stored(log: Log) -> list[EventStored]:
    """The events of a log in the order they came."""
    return [change for change in log.changes(0, 10**6) if isinstance(change, EventStored)]


def agree(found: object, wanted: object, what: str) -> None:
    """Fail a check unless two things are equal.

    Raises:
        AssertionError: they are not; says what they are.
    """
    if found != wanted:
        raise AssertionError(f"{what}: {found!r} in the place of {wanted!r}")


def refused(call: Callable[[], object]) -> str:
    """What the ``UsageError`` of a call says.

    Raises:
        AssertionError: there was none.
    """
    try:
        call()
    except UsageError as error:
        return str(error)
    raise AssertionError("what cannot be stored was not refused")
