"""A log that forgets all when the process ends: dictionaries in the place of a database."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

from penchant.core import Event, Impression, Repeated
from penchant.store.log import (
    Change,
    EventStored,
    Fields,
    ImpressionStored,
    ItemPut,
    Once,
    Receipt,
    Remembered,
    UserErased,
    UserPut,
    checked_events,
    checked_impressions,
    checked_text,
    checked_things,
    fields_of,
    hashed,
)

Result = TypeVar("Result")
SALT = "memory"


class MemoryLog:
    """Does what ``penchant.store.log.Log`` does, for tests of the rooms above.

    Everything but ``export_events`` and ``backup``. Passes the same ``LOG_CHECKS``.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._seq = 0
        self._events: dict[str, EventStored] = {}
        self._items: dict[str, ItemPut] = {}
        self._users: dict[str, UserPut] = {}
        self._erased: list[UserErased] = []
        self._shown: dict[tuple[str, str], ImpressionStored] = {}
        self._number = 0
        self._keys: dict[str, tuple[Remembered, frozenset[str]]] = {}

    def append(self, events: Sequence[Event], once: Once | None = None) -> list[Receipt]:
        """As ``Log.append``."""
        given = checked_events(events)

        def write() -> list[Receipt]:
            return [self._store(event) for event in given]

        return self._write(write, once, {event.user_id for event in given})

    def submit(self, events: Sequence[Event], once: Once | None = None) -> Future[list[Receipt]]:
        """As ``Log.submit``; done when it returns."""
        future: Future[list[Receipt]] = Future()
        try:
            future.set_result(self.append(events, once))
        except Exception as error:  # noqa: BLE001 - handed on to whoever asks the future
            future.set_exception(error)
        return future

    def put_items(
        self, items: Sequence[Mapping[str, object]], once: Once | None = None
    ) -> list[int]:
        """As ``Log.put_items``."""
        given = checked_things(items, "item_id")

        def write() -> list[int]:
            for name, text in given:
                fields = fields_of(text)
                known = self._items.get(name)
                if known is None or known.fields != fields:
                    self._items[name] = ItemPut(self._next(), self._clock(), name, fields)
            return [self._items[name].seq for name, _ in given]

        return self._write(write, once, set())

    def put_users(
        self, users: Sequence[Mapping[str, object]], once: Once | None = None
    ) -> list[int]:
        """As ``Log.put_users``."""
        given = checked_things(users, "user_id")

        def write() -> list[int]:
            for name, text in given:
                fields = fields_of(text)
                known = self._users.get(name)
                if known is None or known.fields != fields:
                    self._users[name] = UserPut(self._next(), self._clock(), name, fields)
            return [self._users[name].seq for name, _ in given]

        return self._write(write, once, {name for name, _ in given})

    def add_impressions(self, rows: Sequence[Impression], once: Once | None = None) -> int:
        """As ``Log.add_impressions``."""
        given = checked_impressions(rows)

        def write() -> int:
            before = len(self._shown)
            for row in given:
                if (row.request_id, row.item_id) not in self._shown:
                    self._number += 1
                    stored = ImpressionStored(self._number, self._clock(), row)
                    self._shown[row.request_id, row.item_id] = stored
            return len(self._shown) - before

        return self._write(write, once, {row.user_id for row in given if row.user_id is not None})

    def remember(self, key: str, fingerprint: str, answer: str) -> None:
        """As ``Log.remember``."""
        self._write(lambda: None, Once(key, fingerprint, lambda _: answer), set())

    def recall(self, key: str) -> Remembered | None:
        """As ``Log.recall``."""
        with self._lock:
            found = self._keys.get(key)
            return found and found[0]

    def changes(self, after: int = 0, limit: int = 10_000) -> list[Change]:
        """As ``Log.changes``."""
        with self._lock:
            found: list[Change] = [
                change
                for kind in (
                    self._events.values(),
                    self._items.values(),
                    self._users.values(),
                    self._erased,
                )
                for change in kind
                if change.seq > after
            ]
        return sorted(found, key=lambda change: change.seq)[:limit]

    def check(self) -> None:
        """As ``Log.check``; nothing can be wrong."""

    def last_seq(self) -> int:
        """As ``Log.last_seq``."""
        return self._seq

    def events_of(
        self,
        user_id: str,
        limit: int = 100,
        before: float | None = None,
        before_seq: int | None = None,
    ) -> list[EventStored]:
        """As ``Log.events_of``."""

        def key(stored: EventStored) -> tuple[float, int]:
            return stored.event.event_time, stored.seq

        with self._lock:
            own = [stored for stored in self._events.values() if stored.event.user_id == user_id]
        if before is not None:
            end = (before, 0 if before_seq is None else before_seq)
            own = [stored for stored in own if key(stored) < end]
        return sorted(own, key=key, reverse=True)[:limit]

    def item(self, item_id: str) -> Fields | None:
        """As ``Log.item``."""
        with self._lock:
            found = self._items.get(item_id)
            return None if found is None else _copy(found.fields)

    def user(self, user_id: str) -> Fields | None:
        """As ``Log.user``."""
        with self._lock:
            found = self._users.get(user_id)
            return None if found is None else _copy(found.fields)

    def impressions(self, after: int = 0, limit: int = 10_000) -> list[ImpressionStored]:
        """As ``Log.impressions``."""
        with self._lock:
            return [row for row in self._shown.values() if row.number > after][:limit]

    def erase(self, user_id: str) -> dict[str, int]:
        """As ``Log.erase``."""
        checked_text("user_id", user_id)
        with self._lock:
            events = [k for k, stored in self._events.items() if stored.event.user_id == user_id]
            shown = [k for k, row in self._shown.items() if row.impression.user_id == user_id]
            keys = [k for k, (_, users) in self._keys.items() if user_id in users]
            for event in events:
                del self._events[event]
            for pair in shown:
                del self._shown[pair]
            for key in keys:
                done, users = self._keys[key]
                self._keys[key] = (replace(done, answer=None), users - {user_id})
            users_gone = int(self._users.pop(user_id, None) is not None)
            erased = UserErased(self._next(), self._clock(), self.user_hash(user_id), SALT)
            self._erased.append(erased)
        return {
            "events": len(events),
            "users": users_gone,
            "impressions": len(shown),
            "answers": len(keys),
        }

    def user_hash(self, user_id: str) -> str:
        """As ``Log.user_hash``."""
        return hashed(SALT, user_id)

    def close(self) -> None:
        """As ``Log.close``; nothing to do."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, write: Callable[[], Result], once: Once | None, users: set[str]) -> Result:
        with self._lock:
            if once is not None and once.key in self._keys:
                done = self._keys[once.key][0]
                raise Repeated(done.fingerprint, done.answer)
            if once is None:
                return write()
            numbers, before = (self._seq, self._number), list(map(dict, self._tables()))
            result = write()
            try:
                done = Remembered(once.fingerprint, once.answer(result))
            except BaseException:
                self._seq, self._number = numbers
                for table, old in zip(self._tables(), before, strict=True):
                    table.clear()
                    table.update(old)
                raise
            self._keys[once.key] = (done, frozenset(users))
            return result

    def _tables(self) -> tuple[dict[Any, Any], ...]:
        return self._events, self._items, self._users, self._shown

    def _store(self, event: Event) -> Receipt:
        known = self._events.get(event.event_id)
        if known is not None:
            return Receipt(event.event_id, known.seq, "duplicate")
        stored = EventStored(self._next(), self._clock(), event)
        self._events[event.event_id] = stored
        return Receipt(event.event_id, stored.seq, "stored")

    def _next(self) -> int:
        self._seq += 1
        return self._seq


def _copy(fields: Fields) -> Fields:
    copy: dict[str, Any] = json.loads(json.dumps(fields))
    return copy
