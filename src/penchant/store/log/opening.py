"""Open a log where it lies: a folder, or a PostgreSQL database."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.core import DamagedLog, LogError, MissingDependency, UsageError
from penchant.store.atomic import PART

from .config import LogConfig
from .erasures import ErasureFile
from .log import Log
from .page_checksums import REMEDY
from .reading import meta_of
from .session import Database, Session
from .tables import insert
from .witness import Seen, Witness, witnessed

if TYPE_CHECKING:
    from .postgres import PostgresDatabase
    from .sqlite import SqliteDatabase

DATABASE, WITNESS, ERASURES, LOCK = "log.db", "log.head", "log.erasures", "log.lock"
SCHEMES = ("postgresql://", "postgres://")


def open_log(
    where: str | Path,
    config: LogConfig | None = None,
    *,
    clock: Callable[[], float] = time.time,
) -> Log:
    """Open a log, or begin one.

    Args:
        where: a folder, in which SQLite keeps ``log.db``; or ``postgresql://...``, the tables in
            the schema ``penchant`` or the one that ``?schema=NAME`` names.
        config: settings; for PostgreSQL most say nothing.
        clock: seconds since 1970, for ``received_at``.

    Raises:
        DamagedLog: what is there is not what was written; nothing was changed.
        LogError: it was written by a newer penchant, or cannot be opened.
        MissingDependency: a package is not installed; says which.
        UsageError: there is something else than a folder, or a URL of something else.
    """
    config = config or LogConfig()
    if isinstance(where, str) and where.startswith(SCHEMES):
        return _in_postgres(where, config, clock)
    if isinstance(where, str) and "://" in where:
        raise UsageError(
            f"A log lies in a folder or in PostgreSQL (postgresql://...), not in "
            f"{where.partition('://')[0]}://."
        )
    return _in_folder(Path(where), config, clock)


def has_log(where: str | Path) -> bool:
    """Whether there is a log; of a URL only the server knows, so that is taken for one."""
    if isinstance(where, str) and where.startswith(SCHEMES):
        return True
    return (Path(where) / DATABASE).exists() or (Path(where) / WITNESS).exists()


def _in_postgres(url: str, config: LogConfig, clock: Callable[[], float]) -> Log:
    ends = ExitStack()
    try:
        database = postgres_database(url, config)
        ends.callback(database.close)
        identity(database, clock())
        return Log(database, config, clock, ends, (None, None))
    except BaseException:
        ends.close()
        raise


def _in_folder(folder: Path, config: LogConfig, clock: Callable[[], float]) -> Log:
    make_folder(folder)
    path = folder / DATABASE
    ends = ExitStack()
    try:
        ends.callback(unlock, lock_folder(folder, alone=False))
        sweep(path)
        seen = witnessed(folder / WITNESS) if config.witness else None
        database = sqlite_database(path, config, begin=seen is None)
        ends.callback(database.close)
        log_id, version = identity(database, clock())
        if seen is not None:
            _compare(path, seen, log_id, version)
        witness = None
        if config.witness:
            witness = Witness(folder / WITNESS, log_id)
            ends.callback(witness.close)
        beside = ErasureFile(folder / ERASURES), witness
        return Log(database, config, clock, ends, beside, database.in_place.check)
    except BaseException:
        ends.close()
        raise


def identity(database: Database, now: float) -> tuple[str, int]:
    """The id of a log, given to it when it is new, and the number of its last commit."""
    with database.session("snapshot") as session:
        found = _identity(session)
    if found is None:
        with database.session("write") as session:
            found = _identity(session)
            if found is None:  # no other process was quicker
                begin(session, secrets.token_hex(16), now)
                found = _identity(session)
    assert found is not None  # noqa: S101 - it was just written
    return found


def begin(session: Session, salt: str, now: float) -> None:
    """Give a log without one an identity: an id of its own, and the salt of its hashes."""
    meta = {"log_id": secrets.token_hex(8), "salt": salt, "created": str(now)}
    session.many(insert("meta"), list(meta.items()))


def _identity(session: Session) -> tuple[str, int] | None:
    meta = meta_of(session)
    ((version,),) = session.rows("SELECT version FROM head")
    return (meta["log_id"], version) if "log_id" in meta else None


def _compare(path: Path, seen: Seen, log_id: str, version: int) -> None:
    """Compare a database with what its witness saw.

    Raises:
        DamagedLog: it lost commits, or it is another log.
    """
    if seen.log_id != log_id:
        raise DamagedLog(
            f"{path} is not the log that {WITNESS} beside it saw. {REMEDY} If it was put there on "
            f"purpose, remove {WITNESS}."
        )
    if seen.version > version:
        raise DamagedLog(
            f"{path} is damaged: of {seen.version:,} commits it lost the last "
            f"{seen.version - version:,}. {REMEDY}"
        )


def aside_of(path: Path) -> Path:
    """Where a database is written before it takes the place of ``path``."""
    return path.with_name(f".{path.name}{PART}")


def sweep(path: Path) -> None:
    """Remove what a killed writer of ``path`` left aside: nothing else would erase anybody there."""
    aside = aside_of(path)
    for ending in ("", "-wal", "-shm", "-journal"):
        aside.with_name(aside.name + ending).unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make the folder of a log, for its owner alone.

    Raises:
        UsageError: something else is there, or the folder cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: no folder can be made there ({error}).") from error


def lock_folder(folder: Path, *, alone: bool) -> int | None:
    """Lock a log against being replaced, or, alone, against being used.

    Raises:
        LogError: it is in use.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        busy = "is in use. Stop the service first." if alone else "is being restored. Wait for it."
        raise LogError(f"The log in {folder} {busy}") from error
    return handle


def unlock(lock: int | None) -> None:
    """Give a lock of ``lock_folder`` back."""
    if lock is not None:
        os.close(lock)


def sqlite_database(
    path: Path, config: LogConfig, *, read_only: bool = False, begin: bool = True
) -> SqliteDatabase:
    """The database in a file, by the arguments of ``SqliteDatabase``.

    Raises:
        MissingDependency: apsw is not installed.
    """
    try:
        from .sqlite import SqliteDatabase
    except ModuleNotFoundError as error:
        raise MissingDependency(
            'The event log needs apsw. Run: pip install "penchant[serve]"'
        ) from error
    return SqliteDatabase(path, config, read_only=read_only, begin=begin)


def postgres_database(url: str, config: LogConfig) -> PostgresDatabase:
    """The database at a URL.

    Raises:
        MissingDependency: psycopg is not installed.
    """
    try:
        from .postgres import PostgresDatabase
    except ModuleNotFoundError as error:
        raise MissingDependency(
            'An event log in PostgreSQL needs psycopg. Run: pip install "penchant[postgres]"'
        ) from error
    return PostgresDatabase(url, config)
