"""What the live state needs of a log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from penchant.store.log import Change, EventStored


class Followed(Protocol):
    """A log that can be followed, such as ``penchant.store.log.Log``."""

    def last_seq(self) -> int:
        """Number of the last change."""
        ...

    def changes(self, after: int = 0, limit: int = 10_000) -> Sequence[Change]:
        """Changes with a higher ``seq`` than ``after``, ascending; none becomes visible later."""
        ...

    def events_of(self, user_id: str, limit: int = 100) -> Sequence[EventStored]:
        """The newest events of a user by the time that they came with, newest first."""
        ...
