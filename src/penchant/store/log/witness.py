"""Who saw the last commit: a small file beside SQLite's.

SQLite takes a damaged write-ahead log for one that ends there, and forgets the commits after it
without a word. This file holds the number of the last commit, written after the commit is durable.
It is not flushed itself: after a power cut it may lag behind, never run ahead.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from penchant.core import LogError


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen last.

    Attributes:
        log_id: of which log; a log that is restored has another.
        version: number of the last commit.
        seq: of the last change.
    """

    log_id: str
    version: int
    seq: int


class Witness:
    """The file ``log.head``: one line, and a checksum."""

    def __init__(self, path: Path, log_id: str) -> None:
        self._log_id = log_id
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def write(self, version: int, seq: int) -> None:
        """Bear witness to a commit (a few microseconds).

        Raises:
            LogError: the disk refuses.
        """
        try:
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, _line(Seen(self._log_id, version, seq)))
        except OSError as error:
            raise LogError(f"The disk refuses: {error}. Send the write again.") from error

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)


def witnessed(path: Path) -> Seen | None:
    """What was seen last; None where the file is none or damaged."""
    try:
        line = path.read_bytes()
        log_id, version, seq, _ = line.decode().split()
        seen = Seen(log_id, int(version), int(seq))
    except (OSError, ValueError):
        return None
    return seen if line == _line(seen) else None


def _line(seen: Seen) -> bytes:
    text = f"{seen.log_id} {seen.version:020d} {seen.seq:020d}"
    return f"{text} {zlib.crc32(text.encode()):08x}\n".encode()
