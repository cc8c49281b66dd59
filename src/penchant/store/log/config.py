"""What can be set in a log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class LogConfig:
    """Settings of ``open_log``; the guards are on, and are turned off by tests alone."""

    synchronous: Literal["FULL", "NORMAL"] = "FULL"
    """When SQLite flushes to the disk; with NORMAL a power cut takes acknowledged events along."""

    checksums: bool = True
    """A checksum in each page of the SQLite file; without, a flipped bit goes unnoticed."""

    witness: bool = True
    """A small file beside SQLite's that knows the last commit; without, a damaged write-ahead log
    loses its end unnoticed."""

    secure_delete: bool = True
    """Zeros over what is deleted; without, the bytes of an erased user stay in the file."""

    check_below: int = 512_000_000
    """Bytes of a SQLite file that is read through when it is opened (a second for 100 MB). In a
    larger one damage is found when a page of it is read."""

    vacuum_below: int = 64_000_000
    """Bytes of a SQLite file that is written anew after each erasure; a larger one only where the
    bytes of the user are still found in it."""

    checkpoint_pages: int = 4_000
    """Pages of 4 KiB in the write-ahead log of SQLite before they move into the file."""

    cache_bytes: int = 64_000_000
    """Memory for pages of the connection of SQLite that writes; each that reads takes 2 MB."""

    most_events: int = 20_000
    """Events that are committed together at most."""

    most_waiting: int = 100_000
    """Events and other rows that wait for their commit at most, some 100 MB of them; more are refused
    as ``Overloaded``."""

    answers_kept: float = 86_400.0
    """Seconds that an ``Idempotency-Key`` is remembered."""

    patience: float = 10.0
    """Seconds to wait for another process that is writing."""
