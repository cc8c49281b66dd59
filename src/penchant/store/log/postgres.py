"""A log's database in PostgreSQL, through psycopg 3, where one machine is outgrown.

Durable: ``synchronous_commit`` is set to ``on``, and a server with ``fsync = off`` is refused. A
lock for the length of a transaction lets one write after the other, of all processes, so that the
order of ``seq`` is the order of commits.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, LiteralString
from urllib.parse import parse_qsl, quote, urlencode

import psycopg
from psycopg import sql as composed
from psycopg.conninfo import conninfo_to_dict

from penchant.core import DamagedLog, LogError, UsageError

from .config import LogConfig
from .postgres_schema import MIGRATIONS
from .session import Kind, Row

SCHEMA = "penchant"
_BEGIN: dict[str, LiteralString] = {
    "snapshot": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "write": "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
}
_TURN: LiteralString = "SELECT pg_advisory_xact_lock(hashtext('penchant ' || current_schema()))"
_PERSONAL: LiteralString = "events, users, impressions, answers"
_UNKNOWN = "A write may or may not have happened: send it again."
_Connection = psycopg.Connection[Row]


class PostgresSession:
    """A connection for the length of a block."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """As ``Session.rows``."""
        cursor = self._connection.execute(_marked(sql), values or None)
        return cursor.fetchall() if cursor.description else []

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """As ``Session.many``; all rows on their way before the first answer is back."""
        with self._connection.cursor() as cursor:
            cursor.executemany(_marked(sql), rows)


class PostgresDatabase:
    """The tables, in a schema of their own.

    Erasing (``scrub``): the tables that held the user are written anew (``VACUUM FULL``, which
    keeps others out meanwhile). The server's own write-ahead log, its archives and its replicas
    keep what was until they are recycled: that is for who runs the server.
    """

    def __init__(self, url: str, config: LogConfig) -> None:
        """Connect, and create the tables where they are missing.

        Raises:
            LogError: no server answers, it does not flush to the disk, or a newer penchant wrote
                there.
        """
        self._conninfo, self._schema = _taken_apart(url)
        self._patience = config.patience
        self._place = _place(self._conninfo)
        self._readers: deque[_Connection] = deque()
        self._writer: _Connection | None = None
        self._turn = threading.RLock()
        self._closed = False
        with self._told("Start the server, or put the URL right."):
            try:
                self._migrate()
            except BaseException:
                self.close()
                raise

    @contextmanager
    def session(self, kind: Kind) -> Iterator[PostgresSession]:
        """As ``Database.session``."""
        if kind == "write":
            with self._turn, self._told():
                if self._writer is None or self._writer.broken:
                    self._writer = self._connect()
                yield from self._in_transaction(self._writer, "write")
            return
        with self._told():
            connection = self._reader()
            try:
                yield from self._in_transaction(connection, kind)
            finally:
                if connection.broken or self._closed:
                    connection.close()
                else:
                    self._readers.append(connection)

    def scrub(self, text: str | None) -> None:
        """As ``Database.scrub``."""
        with self._told(), self._connect() as connection:
            connection.autocommit = True
            connection.execute(f"VACUUM (FULL) {_PERSONAL}")

    def close(self) -> None:
        """As ``Database.close``."""
        with self._turn:
            self._closed = True
            while self._readers:
                self._readers.pop().close()
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def _in_transaction(self, connection: _Connection, kind: Kind) -> Iterator[PostgresSession]:
        if kind == "read":
            yield PostgresSession(connection)
            return
        connection.execute(_BEGIN[kind])
        try:
            if kind == "write":
                connection.execute(_TURN)
            yield PostgresSession(connection)
            connection.execute("COMMIT")
        except BaseException:
            if not connection.broken:
                connection.execute("ROLLBACK")
            raise

    def _connect(self) -> _Connection:
        if self._closed:
            raise LogError(f"The log in {self._place} was closed.")
        connection = psycopg.connect(self._conninfo, autocommit=True, connect_timeout=10)
        schema = composed.Identifier(self._schema)
        connection.execute(composed.SQL("SET search_path TO {}").format(schema))
        connection.execute("SET synchronous_commit TO on")
        connection.execute(
            composed.SQL("SET lock_timeout TO {}").format(int(self._patience * 1000))
        )
        return connection

    def _reader(self) -> _Connection:
        """A connection that was used before and still lives, or a new one."""
        while self._readers:
            try:
                connection = self._readers.pop()
            except IndexError:
                break
            if not connection.broken:
                return connection
        return self._connect()

    def _migrate(self) -> None:
        with self._connect() as connection:
            connection.autocommit = True
            _refuse_careless(connection, self._place)
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(hashtext('penchant schemas'))")
                schema = composed.Identifier(self._schema)
                connection.execute(composed.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
                version = _version(connection)
                if version > len(MIGRATIONS):
                    raise LogError(
                        f"The log in {self._place} has schema {version}, written by a newer "
                        f"penchant; this one reads up to {len(MIGRATIONS)}. Upgrade it with: "
                        "pip install --upgrade penchant"
                    )
                for step in MIGRATIONS[version:]:
                    connection.execute(_marked(step))
                connection.execute("UPDATE schema_version SET version = %s", (len(MIGRATIONS),))

    @contextmanager
    def _told(self, remedy: str = _UNKNOWN) -> Iterator[None]:
        """Errors of PostgreSQL in the block as errors of a log; without the password."""
        try:
            yield
        except (
            psycopg.errors.DataCorrupted,
            psycopg.errors.IndexCorrupted,
            psycopg.errors.UniqueViolation,
        ) as error:
            raise DamagedLog(f"The log in {self._place} is damaged: {error}") from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise LogError(f"The log in {self._place}: {error} Grant it.") from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            why = " ".join(str(error).split())  # libpq writes several lines
            raise LogError(f"The log in {self._place} cannot be reached: {why} {remedy}") from error


@cache
def _marked(sql: str) -> LiteralString:
    """A statement with the marks that psycopg knows."""
    marked: Any = sql.replace("?", "%s")
    return marked  # type: ignore[no-any-return]


def _taken_apart(url: str) -> tuple[str, str]:
    """What libpq understands of a URL, and the schema.

    Raises:
        UsageError: it is no URL of PostgreSQL.
    """
    rest, _, options = url.partition("?")
    query = dict(parse_qsl(options, keep_blank_values=True))
    schema = query.pop("schema", SCHEMA)
    rest += "?" + urlencode(query, quote_via=quote)
    try:
        conninfo_to_dict(rest)
    except psycopg.ProgrammingError as error:
        raise UsageError(
            "The URL of the log cannot be read. Write postgresql://USER@HOST/DATABASE."
        ) from error
    return rest, schema


def _place(conninfo: str) -> str:
    parts = conninfo_to_dict(conninfo)
    return f"PostgreSQL ({parts.get('host', 'localhost')}, {parts.get('dbname', 'its default')})"


def _refuse_careless(connection: _Connection, place: str) -> None:
    """Refuse a server that would lose acknowledged events, or cannot hold every text.

    Raises:
        LogError: it would.
    """
    for name, wanted in (("fsync", "on"), ("full_page_writes", "on"), ("server_encoding", "UTF8")):
        ((value,),) = connection.execute(composed.SQL("SHOW {}").format(composed.SQL(name)))
        if value != wanted:
            raise LogError(f"The server of {place} has {name} = {value}; the log needs {wanted}.")


def _version(connection: _Connection) -> int:
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)")
    found = connection.execute("SELECT version FROM schema_version").fetchall()
    if not found:
        connection.execute("INSERT INTO schema_version VALUES (0)")
    return int(found[0][0]) if found else 0
