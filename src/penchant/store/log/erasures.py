"""Who was erased, kept beside the database, so that no older copy of it brings anybody back.

A line an erasure: a checksum and JSON with a salted hash of the user. It is written before the rows
are deleted; whatever the file knows and the database does not is done when the log is opened.
"""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

from penchant.core import DamagedLog, LogError
from penchant.store.atomic import sync_folder

from .changes import hashed


@dataclass(frozen=True, slots=True)
class Erasure:
    """One user, erased once.

    Attributes:
        erasure_id: tells this erasure from others.
        user_hash: ``hashed(salt, user_id)``.
        salt: of the log it happened in.
        at: seconds since 1970 (UTC).
    """

    erasure_id: str
    user_hash: str
    salt: str
    at: float


class ErasureFile:
    """The file ``log.erasures``; lines are added and never taken away."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Erasure]:
        """All erasures; the half line of a power cut is none, as nobody was told of it.

        Raises:
            DamagedLog: a line is not what was written.
        """
        return read_erasures(self._path) if self._path.exists() else []

    def add(self, *erasures: Erasure) -> None:
        """Add lines; on the disk when it returns.

        Raises:
            LogError: the disk refuses; half a line may be left, and is none.
        """
        if not erasures:
            return
        fresh = not self._path.exists()
        try:
            half = self._half()
            with open(self._path, "ab", opener=_for_owner) as file:
                if half:
                    file.truncate(self._path.stat().st_size - half)
                file.write(b"".join(_line(erasure) for erasure in erasures))
                file.flush()
                os.fsync(file.fileno())
            if fresh:
                sync_folder(self._path.parent)
        except OSError as error:
            raise LogError(
                f"{self._path} cannot be written: {error}. Nobody was erased."
            ) from error

    def _half(self) -> int:
        if not self._path.exists():
            return 0
        return len(self._path.read_bytes().rpartition(b"\n")[2])


def read_erasures(path: Path) -> list[Erasure]:
    """The erasures in a file.

    Raises:
        DamagedLog: a line is not what was written.
    """
    found = []
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines[:-1], 1):
        checksum, _, text = line.partition(b" ")
        if checksum != b"%08x" % zlib.crc32(text):
            raise DamagedLog(
                f"{path}:{number} is damaged. Take the file from a backup of the folder, or remove "
                "it: the database knows of every erasure that was done."
            )
        found.append(Erasure(**json.loads(text)))
    return found


class Forgotten:
    """Tells whether a user was erased, by hashes alone."""

    def __init__(self, erasures: list[Erasure]) -> None:
        self._by_salt: dict[str, set[str]] = {}
        for erasure in erasures:
            self._by_salt.setdefault(erasure.salt, set()).add(erasure.user_hash)
        self._known: dict[str, bool] = {}

    def __contains__(self, user_id: object) -> bool:
        if not self._by_salt or not isinstance(user_id, str):
            return False
        if user_id not in self._known:
            self._known[user_id] = any(
                hashed(salt, user_id) in hashes for salt, hashes in self._by_salt.items()
            )
        return self._known[user_id]

    def keys(self, salt: str) -> set[bytes]:
        """Those that are known by now, by their keys in the indexes of a log with this salt."""
        met = {hashed(salt, user_id) for user_id, gone in self._known.items() if gone}
        return {bytes.fromhex(found) for found in met | self._by_salt.get(salt, set())}


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _line(erasure: Erasure) -> bytes:
    text = json.dumps(asdict(erasure), sort_keys=True).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)
