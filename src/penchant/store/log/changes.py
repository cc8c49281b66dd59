"""What a log tells whoever follows it: one sequence of numbers over everything that changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from penchant.core import Event, Impression

Fields = Mapping[str, object]
"""What an item or a user has besides its id: JSON values by name."""


FUTURE = 300.0
"""Seconds that an event may lie ahead of the log's clock and still be believed."""


@dataclass(frozen=True, slots=True)
class EventStored:
    """An event became durable.

    Attributes:
        seq: its number: later changes have higher ones; numbers may be missing, never added below.
        received_at: seconds since 1970 (UTC), by the clock of the log.
        event: the event.
    """

    seq: int
    received_at: float
    event: Event

    @property
    def time(self) -> float:
        """When it happened, as far as that can be: a clock that runs ahead is not believed."""
        return bounded(self.event.event_time, self.received_at)


@dataclass(frozen=True, slots=True)
class ItemPut:
    """An item got new fields in place of all its earlier ones.

    Of several puts of one item the log tells the last only.

    Attributes:
        seq: as in ``EventStored``.
        received_at: likewise.
        item_id: external id.
        fields: everything but the id.
    """

    seq: int
    received_at: float
    item_id: str
    fields: Fields

    @property
    def is_withdrawn(self) -> bool:
        """Whether it says that the item cannot be had: ``"available": false``."""
        return self.fields.get("available") is False


@dataclass(frozen=True, slots=True)
class UserPut:
    """A user got new fields in place of all earlier ones; as ``ItemPut``."""

    seq: int
    received_at: float
    user_id: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class UserErased:
    """A user was erased: everything of theirs with a lower ``seq`` is gone.

    The log may not remember whom it forgot, so this names nobody: a follower asks ``is_of`` of the
    users it holds, or looks ``user_hash`` up among ``Log.user_hash`` of them.

    Attributes:
        seq: as in ``EventStored``.
        received_at: likewise.
        user_hash: ``hashed(salt, user_id)``, hex.
        salt: of this log, hex.
    """

    seq: int
    received_at: float
    user_hash: str
    salt: str

    def is_of(self, user_id: str) -> bool:
        """Whether it is this user who was erased (1 µs)."""
        return hashed(self.salt, user_id) == self.user_hash


Change = EventStored | ItemPut | UserPut | UserErased


def bounded(event_time: float, received_at: float) -> float:
    """The time to go by: one further ahead than ``FUTURE`` becomes ``received_at``."""
    return event_time if event_time <= received_at + FUTURE else received_at


def hashed(salt: str, text: str) -> str:
    """A salted SHA-256, 32 hex digits: recognises an id without holding it.

    Who has the log has the salt too, and can try ids; but can never read one.
    """
    return hashlib.sha256(f"{salt}\x1f{text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one event.

    Attributes:
        event_id: its id, the fresh one where it came without.
        seq: of the event in the log; for a duplicate that of the first.
        status: ``stored``, or ``duplicate`` where the log has this id already (the first stays).
    """

    event_id: str
    seq: int
    status: Literal["stored", "duplicate"]


@dataclass(frozen=True, slots=True)
class ImpressionStored:
    """An impression in the log.

    Attributes:
        number: rises with each; not a ``seq``, as impressions change nobody's state.
        received_at: seconds since 1970 (UTC), by the clock of the log.
        impression: what was shown.
    """

    number: int
    received_at: float
    impression: Impression


@dataclass(frozen=True, slots=True)
class Once:
    """Makes a write happen once for an ``Idempotency-Key``, in the write's own transaction.

    Attributes:
        key: whatever names the request; scoped by its sender.
        fingerprint: of the request's content, to tell a repetition from a different request.
        answer: what to remember of the result of the write, as text.
    """

    key: str
    fingerprint: str
    answer: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was done for an ``Idempotency-Key``.

    Attributes:
        fingerprint: of the request that did it.
        answer: what ``Once.answer`` gave; None where a user in it was erased since.
    """

    fingerprint: str
    answer: str | None
