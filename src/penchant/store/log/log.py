"""The log itself: what it takes and what it tells."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self, TypeVar

from penchant.core import Event, Impression

from .changes import (
    Change,
    EventStored,
    Fields,
    ImpressionStored,
    Once,
    Receipt,
    Remembered,
    hashed,
)
from .checks import (
    checked_events,
    checked_impressions,
    checked_text,
    checked_things,
    fresh_id,
)
from .committer import Committer
from .config import LogConfig
from .erasing import Eraser
from .erasures import Erasure, ErasureFile
from .export import export_events, export_impressions, export_items
from .reading import (
    changes_after,
    events_of_user,
    impressions_after,
    item_fields,
    last_seq,
    meta_of,
    user_fields,
)
from .session import Database
from .witness import Witness
from .writing import Writing, key_of, recalled

Result = TypeVar("Result")


class Log:
    """Events, items, users and impressions, durable when a write returns.

    Safe to use from many threads, and from several processes that each open their own. Writes of
    all threads go through one, which commits what waits together. Made by ``open_log``; closes at
    the end of a ``with`` block.
    """

    def __init__(
        self,
        database: Database,
        config: LogConfig,
        clock: Callable[[], float],
        ends: ExitStack,
        beside: tuple[ErasureFile | None, Witness | None],
        in_place: Callable[[], None] = lambda: None,
    ) -> None:
        erasures, self._witness = beside
        self._in_place = in_place
        self._database = database
        self._config = config
        self._clock = clock
        self._ends = ends
        with database.session("read") as session:
            self._salt = meta_of(session)["salt"]
        self._committer = Committer(self._transaction, config.most_events, config.most_waiting)
        ends.callback(self._committer.close)
        self._eraser = Eraser(database, self._transaction, erasures)
        self._committer.alone(self._eraser.finish).result()

    # what it takes

    def append(self, events: Sequence[Event], once: Once | None = None) -> list[Receipt]:
        """Store events, each ``event_id`` once; durable when it returns.

        Args:
            events: in any order; their ``event_time`` may be any time.
            once: an idempotency key; its answer is made of the receipts.

        Returns:
            a receipt an event, in order.

        Raises:
            UsageError: an event cannot be stored; nothing was.
            Repeated: the key was used before; nothing was done now.
            Overloaded: too many writes wait already.
            LogError: they may or may not be stored; send them again.
        """
        return self.submit(events, once).result()

    def submit(self, events: Sequence[Event], once: Once | None = None) -> Future[list[Receipt]]:
        """As ``append``, without waiting: the future is done when the events are durable."""
        given = checked_events(events)
        if once is None:
            return self._committer.append(given)
        users = {event.user_id for event in given}
        return self._write(lambda writing: writing.events(given), len(given), once, users)

    def put_items(
        self, items: Sequence[Mapping[str, object]], once: Once | None = None
    ) -> list[int]:
        """Put items in the place of what was known of them; durable when it returns.

        Args:
            items: each with ``item_id`` and any fields, of JSON values. One that is already known
                just so stays as it is.
            once: an idempotency key; its answer is made of the ``seq``s.

        Returns:
            the ``seq`` of each item.

        Raises:
            as ``append``.
        """
        given = checked_things(items, "item_id")
        return self._write(lambda writing: writing.items(given), len(given), once).result()

    def put_users(
        self, users: Sequence[Mapping[str, object]], once: Once | None = None
    ) -> list[int]:
        """Put users, each with ``user_id``; as ``put_items``."""
        given = checked_things(users, "user_id")
        names = {name for name, _ in given}
        return self._write(lambda writing: writing.users(given), len(given), once, names).result()

    def add_impressions(self, rows: Sequence[Impression], once: Once | None = None) -> int:
        """Store what was shown, each item of a request once; durable when it returns.

        Returns:
            how many are new.

        Raises:
            as ``append``.
        """
        given = checked_impressions(rows)
        users = {row.user_id for row in given if row.user_id is not None}
        write = self._write(lambda writing: writing.impressions(given), len(given), once, users)
        return write.result()

    def remember(self, key: str, fingerprint: str, answer: str) -> None:
        """Remember that a request with an effect elsewhere was answered.

        Raises:
            Repeated: the key was used before.
        """
        self._write(lambda _: None, 1, Once(key, fingerprint, lambda _: answer)).result()

    def erase(self, user_id: str) -> dict[str, int]:
        """Delete whatever is known of a user, so that no byte of it is left in the files.

        What stays is a salted hash, in the log and beside it: an older copy of the log that is
        restored loses the user again. Afterwards the id is one like any other. How the bytes go
        says ``scrub`` of the database; backups of before hold them until they are deleted.

        Returns:
            how many rows went: ``events``, ``users``, ``impressions``, and remembered ``answers``.

        Raises:
            LogError: it was not finished, and is when it is called again or the log is opened.
        """
        checked_text("user_id", user_id)
        self._in_place()  # or the erasure would be recorded beside some other log
        erasure = Erasure(fresh_id(), self.user_hash(user_id), self._salt, self._clock())
        return self._committer.alone(lambda: self._eraser.erase(erasure, user_id)).result()

    # what it tells

    def changes(self, after: int = 0, limit: int = 10_000) -> list[Change]:
        """What changed after a ``seq``, ascending; nothing is ever added below what was told."""
        with self._database.session("read") as session:
            return changes_after(session, after, limit)

    def check(self) -> None:
        """Read the log, and see that its files are where they were; ``LogError`` if not."""
        self._in_place()
        self.last_seq()

    def last_seq(self) -> int:
        """The ``seq`` of the last change, of any process (microseconds with SQLite)."""
        with self._database.session("read") as session:
            return last_seq(session)

    def events_of(
        self,
        user_id: str,
        limit: int = 100,
        before: float | None = None,
        before_seq: int | None = None,
    ) -> list[EventStored]:
        """The events of a user, newest ``event_time`` first, then highest ``seq``.

        Args:
            user_id: external id.
            limit: events at most.
            before: only events of an earlier ``event_time``, seconds since 1970.
            before_seq: and those of that very time with a lower ``seq``: the page after an event
                begins before its time and its ``seq``.
        """
        with self._database.session("read") as session:
            return events_of_user(session, self._key(user_id), limit, before, before_seq)

    def item(self, item_id: str) -> Fields | None:
        """The fields of an item that was put, without its id; None where none was."""
        with self._database.session("read") as session:
            return item_fields(session, item_id)

    def user(self, user_id: str) -> Fields | None:
        """The fields of a user that was put, likewise."""
        with self._database.session("read") as session:
            return user_fields(session, self._key(user_id))

    def impressions(self, after: int = 0, limit: int = 10_000) -> list[ImpressionStored]:
        """What was shown, from after a ``number``, ascending."""
        with self._database.session("read") as session:
            return impressions_after(session, after, limit)

    def recall(self, key: str) -> Remembered | None:
        """What was done for an idempotency key; None where nothing was, or too long ago."""
        with self._database.session("read") as session:
            return recalled(session, self._key(key))

    def user_hash(self, user_id: str) -> str:
        """What ``UserErased.user_hash`` would be of this user."""
        return hashed(self._salt, user_id)

    # copies

    def export_events(self, path: str | Path) -> int:
        """Write all events to a Parquet file that ``penchant.read`` takes; how many."""
        with self._database.session("snapshot") as session:
            return export_events(session, Path(path))

    def export_impressions(self, path: str | Path) -> int:
        """Write all impressions to a Parquet file; how many."""
        with self._database.session("snapshot") as session:
            return export_impressions(session, Path(path))

    def export_items(self, path: str | Path) -> int:
        """Write all items that were put as JSON lines that ``penchant.read`` takes; how many."""
        with self._database.session("snapshot") as session:
            return export_items(session, Path(path))

    def backup(self, path: str | Path) -> dict[str, int]:
        """Copy the log as it is now into one file, while it goes on; rows by table.

        The file is an SQLite log, whatever this one is; ``restore`` takes it.

        Raises:
            UsageError: something is there already, or nothing can be written there.
        """
        from .backup import write_backup

        with self._database.session("snapshot") as session:
            return write_backup(session, Path(path))

    def close(self) -> None:
        """Finish the writes that wait and close the files; a second time does nothing."""
        self._ends.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(
        self,
        write: Callable[[Writing], Result],
        weight: int,
        once: Once | None,
        users: Collection[str] = (),
    ) -> Future[Result]:
        return self._committer.submit(
            lambda writing: writing.once(once, users, lambda: write(writing)), weight
        )

    @contextmanager
    def _transaction(self) -> Iterator[Writing]:
        with self._database.session("write") as session:
            writing = Writing(session, self._salt, self._clock(), self._config.answers_kept)
            yield writing
            writing.finish()
        if writing.changed and self._witness is not None:
            self._witness.write(writing.version, writing.seq)

    def _key(self, text: str) -> bytes:
        return key_of(self._salt, text)
