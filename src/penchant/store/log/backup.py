"""Copies of a log: one file, whatever database it came from, checked before it gets its name."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple
from pathlib import Path
from tempfile import TemporaryDirectory

from penchant.core import LogError, UsageError
from penchant.store.atomic import sync_folder

from .config import LogConfig
from .copying import copy_log
from .erasures import Erasure, ErasureFile, Forgotten, read_erasures
from .opening import (
    DATABASE,
    ERASURES,
    SCHEMES,
    WITNESS,
    aside_of,
    begin,
    lock_folder,
    make_folder,
    postgres_database,
    sqlite_database,
    sweep,
    unlock,
)
from .places import written_to
from .reading import meta_of
from .session import Database, Session
from .tables import TABLES, insert, select
from .witness import witnessed

_ERASURE = "SELECT erasure_id, user_hash, salt, received_at FROM erasures ORDER BY seq"


def write_backup(source: Session, path: Path) -> dict[str, int]:
    """Copy a log into a new file; on the disk when it returns.

    Args:
        source: a snapshot.
        path: the file to be.

    Returns:
        rows by table.

    Raises:
        UsageError: something is there already, or nothing can be written there.
        LogError: the disk is full, or the log is damaged; no file is left.
    """
    if path.exists():
        raise UsageError(f"{path} exists. Name a new file.")
    with written_to(path), _aside(path) as aside:
        target = sqlite_database(aside, LogConfig())
        try:
            with target.session("write") as session:
                counts = copy_log(source, session, Forgotten([]))
                meta = source.rows(select("meta"))
                session.many(insert("meta"), meta)
                head = source.rows("SELECT seq, number, version FROM head")
                session.many("UPDATE head SET seq = ?, number = ?, version = ?", head)
            target.seal()
        finally:
            target.close()
        sqlite_database(aside, LogConfig(), read_only=True).close()  # reads it through
    return counts


def restore(
    backup: str | Path,
    where: str | Path,
    *,
    replace: bool = False,
    erasures: str | Path | None = None,
    clock: Callable[[], float] = time.time,
) -> dict[str, int]:
    """Put a backup in the place of a log. Nobody may be using the log.

    Users who were erased since the backup was made are left out: those that the log to be
    replaced knows of, and those in the file ``log.erasures`` beside it, which outlives a damaged
    database. New changes are numbered on from whatever was there.

    Args:
        backup: a file that ``Log.backup`` wrote.
        where: a folder, or ``postgresql://...``; it may be another kind than the backup came from.
        replace: whether a log may be there.
        erasures: one more file of erasures, such as ``log.erasures`` of a folder that is gone.
        clock: seconds since 1970.

    Returns:
        rows by table, and ``forgotten``: erasures that were replayed.

    Raises:
        DamagedLog: the backup is not what was written; what is there stays.
        LogError: the log is in use, or was written by a newer penchant.
        UsageError: there is a log already, or no backup.
    """
    source_path = Path(backup)
    if not source_path.is_file():
        raise UsageError(f"{backup}: no such file. Name a file that 'penchant backup' wrote.")
    more = read_erasures(Path(erasures)) if erasures is not None else []
    with _opened(source_path) as source:
        if isinstance(where, str) and where.startswith(SCHEMES):
            return _into_postgres(source, where, more, replace, clock())
        return _into_folder(source, Path(where), more, replace, clock())


@contextmanager
def _opened(path: Path) -> Iterator[Database]:
    """A backup with the newest schema; an older file stays as it is, and a copy is taken along."""
    with ExitStack() as ends:
        source = sqlite_database(path, LogConfig(), read_only=True)
        ends.callback(source.close)
        if not source.is_current:
            source.close()
            folder = ends.enter_context(TemporaryDirectory())
            copy = shutil.copy(path, folder)
            source = sqlite_database(Path(copy), LogConfig())
            ends.callback(source.close)
        yield source


def _into_folder(
    source: Database, folder: Path, more: list[Erasure], replace: bool, now: float
) -> dict[str, int]:
    make_folder(folder)
    lock = lock_folder(folder, alone=True)
    try:
        path = folder / DATABASE
        if path.exists() and not replace:
            raise UsageError(f"{path}: there is a log already. To replace it, say so.")
        beside = ErasureFile(folder / ERASURES)
        recorded = beside.read()
        old, seq = _left_of(path)
        since = [*recorded, *old, *more]
        seen = witnessed(folder / WITNESS)
        seq = max(seq, seen.seq if seen is not None else 0)
        with _aside(path) as aside:
            target = sqlite_database(aside, LogConfig())
            try:
                counts = _fill(source, target, since, seq, now)
                with target.session("write") as session:
                    session.rows("UPDATE erasures SET scrubbed = 1")  # nothing was ever there
            finally:
                target.close()
            # of the log that is replaced: not for the new one
            for name in (f"{DATABASE}-wal", f"{DATABASE}-shm", WITNESS):
                (folder / name).unlink(missing_ok=True)
        known = {erasure.erasure_id for erasure in recorded}
        beside.add(*(erasure for erasure in old + more if erasure.erasure_id not in known))
    finally:
        unlock(lock)
    return counts


def _left_of(path: Path) -> tuple[list[Erasure], int]:
    """The erasures and the last ``seq`` of a log that is to be replaced, as far as it can be read."""
    if not path.exists():
        return [], 0
    try:
        old = sqlite_database(path, LogConfig())
        try:
            return _erasures_and_seq(old)
        finally:
            old.close()  # moves its write-ahead log into the file
    except LogError:
        return [], 0  # damaged, which is why it is replaced


def _erasures_and_seq(database: Database) -> tuple[list[Erasure], int]:
    with database.session("snapshot") as session:
        ((seq,),) = session.rows("SELECT seq FROM head")
        return [Erasure(*row) for row in session.rows(_ERASURE)], seq


def _into_postgres(
    source: Database, url: str, more: list[Erasure], replace: bool, now: float
) -> dict[str, int]:
    target = postgres_database(url, LogConfig())
    try:
        old, seq = _erasures_and_seq(target)
        if seq and not replace:
            raise UsageError("There is a log already in that database. To replace it, say so.")
        counts = _fill(source, target, [*old, *more], seq, now)
        target.scrub(None)
        with target.session("write") as session:
            session.rows("UPDATE erasures SET scrubbed = 1")
        return counts
    finally:
        target.close()


def _fill(
    source: Database, target: Database, since: list[Erasure], seq: int, now: float
) -> dict[str, int]:
    """Fill a log from a backup, in one transaction; what it held is still to be scrubbed.

    Args:
        source: the backup.
        target: takes the place of what it held.
        since: erasures that happened, some of them perhaps before the backup.
        seq: the last one that was ever given away.
        now: seconds since 1970.
    """
    with source.session("snapshot") as old, target.session("write") as new:
        done = {row[0] for row in old.rows(_ERASURE)}
        by_id = {e.erasure_id: e for e in since if e.erasure_id not in done}
        for table in TABLES:
            new.rows(f"DELETE FROM {table}")  # noqa: S608 - our own names
        counts = copy_log(old, new, Forgotten(list(by_id.values())))
        ((last, number, version),) = old.rows("SELECT seq, number, version FROM head")
        seq = max(seq, last)
        for erasure in by_id.values():
            seq += 1
            new.many(insert("erasures"), [(seq, *astuple(erasure), 0)])
        new.rows("UPDATE head SET seq = ?, number = ?, version = ?", (seq, number, version + 1))
        begin(new, meta_of(old)["salt"], now)
    return {**counts, "forgotten": len(by_id)}


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to, which becomes ``path`` when the block ends well."""
    sweep(path)
    aside = aside_of(path)
    try:
        yield aside
        handle = os.open(aside, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        aside.replace(path)
        sync_folder(path.parent)
    finally:
        sweep(path)
