"""A log's database in one SQLite file, through apsw.

Durable: write-ahead log, ``synchronous=FULL``: the disk has a commit before it returns. Of 300
simulated power cuts that lost nothing, and NORMAL lost acknowledged writes in 230.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from penchant.core import DamagedLog, LogError

from .config import LogConfig
from .in_place import InPlace
from .page_checksums import REMEDY, RESERVED, VFS, load_checksums
from .session import Kind, Row
from .sqlite_errors import told
from .sqlite_schema import MIGRATIONS

PART = 1_000_000
"""Bytes read at a time. No power of two, which the checksums would take for a page."""

_CHECKSUM = f"error code={apsw.SQLITE_IOERR_DATA}"
_BEGIN = {"read": None, "snapshot": "BEGIN", "write": "BEGIN IMMEDIATE"}


class SqliteSession:
    """A connection for the length of a block."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """As ``Session.rows``."""
        return self._connection.execute(sql, tuple(values)).fetchall()

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """As ``Session.many``."""
        self._connection.executemany(sql, rows)


class SqliteDatabase:
    """The file, checked when it is opened; a connection that writes and some that read.

    Erasing (``scrub``): what is deleted is overwritten with zeros (``secure_delete``), the
    write-ahead log is moved into the file and cut to nothing, and the file is written anew
    (``VACUUM``) where it is small or the bytes of the user are still found in it: a page that was
    rebuilt may keep a copy of a row in its free space (once in 160 erasures, when measured).

    Attributes:
        in_place: whether the file and its write-ahead log are still those that were opened.
    """

    def __init__(
        self, path: Path, config: LogConfig, *, read_only: bool = False, begin: bool = True
    ) -> None:
        """Open the file.

        Args:
            path: the file.
            config: settings.
            read_only: to change nothing, also where its schema is an older one.
            begin: whether it may be a new one.

        Raises:
            DamagedLog: it is not what was written.
            LogError: it was written by a newer penchant, or cannot be opened.
        """
        self._path = path
        self._config = config
        self._read_only = read_only
        self._readers: deque[apsw.Connection] = deque()
        self._writer: apsw.Connection | None = None
        self._turn = threading.RLock()
        self._closed = False
        self.in_place = InPlace([])
        fresh = not path.exists() or path.stat().st_size == 0
        if config.checksums:
            load_checksums()
        with told(path):
            if fresh and not begin:
                raise DamagedLog(f"{path} is gone. {REMEDY}")
            if fresh and not read_only:
                path.touch(mode=0o600)  # for its owner alone; the files beside it follow
            self._writer = self._connect()
            try:
                self._check(fresh, begin)
                if not read_only:
                    self._migrate()
            except BaseException:
                self._writer.close()
                raise
        self.in_place = InPlace([path, path.with_name(path.name + "-wal")])

    @property
    def is_current(self) -> bool:
        """Whether it has the newest schema; an older one only where it was opened to read."""
        with told(self._path):
            return self._version() == len(MIGRATIONS)

    @contextmanager
    def session(self, kind: Kind) -> Iterator[SqliteSession]:
        """As ``Database.session``."""
        if kind == "write":
            with self._turn, told(self._path):
                self.in_place.check()
                yield from self._in_transaction(self._open_writer(), "BEGIN IMMEDIATE")
                self.in_place.check()  # before anybody is told that it is durable
            return
        with told(self._path):
            connection = self._reader()
            try:
                yield from self._in_transaction(connection, _BEGIN[kind])
            finally:
                self._readers.append(connection)
                if self._closed:
                    self._close_readers()

    def scrub(self, text: str | None) -> None:
        """As ``Database.scrub``.

        Raises:
            LogError: a reader is in the way for too long, or the disk is full; the copy that is
                left goes with the next scrub, at the latest when the log is opened again.
        """
        with self._turn, told(self._path):
            self.in_place.check()
            writer = self._open_writer()
            writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            small = self._path.stat().st_size < self._config.vacuum_below
            if text is None or small or _holds(self._path, text.encode()):
                writer.execute("VACUUM")
                writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def seal(self) -> None:
        """Make it one file to carry about, without a write-ahead log beside it."""
        with self._turn, told(self._path):
            self._close_readers()
            self._open_writer().pragma("journal_mode", "delete")

    def close(self) -> None:
        """As ``Database.close``."""
        with self._turn, told(self._path):
            self._closed = True
            self._close_readers()
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.close()

    def _in_transaction(
        self, connection: apsw.Connection, begin: str | None
    ) -> Iterator[SqliteSession]:
        if begin is None:
            yield SqliteSession(connection)
            return
        connection.execute(begin)
        try:
            yield SqliteSession(connection)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:  # an error: SQLite itself undoes after some of them
                connection.execute("ROLLBACK")

    def _connect(self) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        if self._read_only:
            flags = apsw.SQLITE_OPEN_READONLY
        vfs = VFS if self._config.checksums else None
        connection = apsw.Connection(str(self._path), flags=flags, vfs=vfs)
        connection.set_busy_timeout(int(self._config.patience * 1000))
        return connection

    def _reader(self) -> apsw.Connection:
        if self._closed:
            raise LogError(f"{self._path} was closed.")
        try:
            return self._readers.pop()
        except IndexError:
            self.in_place.check()  # one that was opened before goes on reading what it reads
            connection = self._connect()
            connection.pragma("query_only", True)
            return connection

    def _open_writer(self) -> apsw.Connection:
        if self._writer is None:
            raise LogError(f"{self._path} was closed.")
        return self._writer

    def _close_readers(self) -> None:
        while self._readers:
            self._readers.pop().close()

    def _check(self, fresh: bool, begin: bool) -> None:
        """Read the whole file once where that is quick: every page, every checksum."""
        if fresh:
            return
        writer = self._open_writer()
        if self._config.checksums and writer.reserve_bytes("main") != RESERVED:
            raise DamagedLog(f"{self._path} is damaged: its pages have no checksums. {REMEDY}")
        if self._path.stat().st_size < self._config.check_below:
            ((found,),) = writer.execute("PRAGMA quick_check(1)").fetchall()
            if found != "ok":
                what = "a checksum is wrong" if _CHECKSUM in str(found) else found
                raise DamagedLog(f"{self._path} is damaged: {what}. {REMEDY}")
        version = self._version()
        if version == 0 and not begin:
            raise DamagedLog(f"{self._path} is damaged: all of it is gone. {REMEDY}")
        if version > len(MIGRATIONS):
            raise LogError(
                f"{self._path} has schema {version}, written by a newer penchant; this one reads "
                f"up to {len(MIGRATIONS)}. Upgrade it with: pip install --upgrade penchant"
            )

    def _version(self) -> int:
        return int(self._open_writer().pragma("user_version") or 0)

    def _migrate(self) -> None:
        """Set the file up, and take it to the newest schema, each step in a transaction."""
        writer = self._open_writer()
        if self._config.checksums and self._version() == 0:
            writer.reserve_bytes("main", RESERVED)
        writer.pragma("journal_mode", "wal")
        writer.pragma("synchronous", self._config.synchronous)
        writer.pragma("fullfsync", True)  # macOS: through the cache of the drive, too
        writer.pragma("cache_size", -self._config.cache_bytes // 1024)
        writer.pragma("secure_delete", self._config.secure_delete)
        writer.pragma("journal_size_limit", 16 * 4096 * self._config.checkpoint_pages)
        writer.wal_autocheckpoint(self._config.checkpoint_pages)
        for number in range(self._version(), len(MIGRATIONS)):
            with self.session("write") as session:
                if self._version() == number:  # no other process was quicker
                    session.rows(MIGRATIONS[number])
                    writer.pragma("user_version", number + 1)


def _holds(path: Path, text: bytes) -> bool:
    """Whether bytes stand in a file, read past the pages that SQLite knows.

    Through SQLite's own way to files: a file that this process opens and closes by itself loses
    the locks of all its connections (POSIX), and another process may then take the log for unused.
    """
    flags = [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0]
    file = apsw.VFSFile("", str(path), flags)
    try:
        return any(text in part for part in _parts(file, len(text)))
    finally:
        file.xClose()


def _parts(file: apsw.VFSFile, overlap: int) -> Iterator[bytes]:
    for start in range(0, file.xFileSize(), PART):
        yield file.xRead(PART + overlap, start)
