"""Token buckets that several processes share: a caller's limit is one, whichever of them it reaches."""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .buckets import Bucket, Rates

SLOT = struct.Struct("=Qdd")
"""Who (0 for nobody), tokens, when they were counted."""

WAYS = 8
"""Slots that a caller may be in."""

SETS = 2_048
"""Groups of them: 16,384 callers in 393,216 bytes."""


class SharedBuckets:
    """Buckets in a file that every process maps.

    A lock on the file goes with the process that holds it, however that ends. Where all the slots of
    a caller are taken, the one longest unseen is forgotten.

    Args:
        path: of the file; made where it is missing.
        rates: of a caller.
        clock: seconds that mean the same in all processes.
    """

    def __init__(
        self, path: Path, rates: Rates, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rates = rates
        self._clock = clock
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        size = SLOT.size * WAYS * SETS
        os.ftruncate(self._file, size)  # a new file is all zeros; an old one stays as it is
        self._slots = mmap.mmap(self._file, size)

    def take(self, caller: str, *, rate: float | None = None) -> float:
        """Take a token; see ``Buckets``. Three microseconds, of which two are the lock."""
        own, burst = self._rates.of(rate)
        who = _number(caller)
        with self._locked():
            now = self._clock()
            at, bucket = self._find(who, burst, now)
            wait = bucket.take(own, burst, now)
            SLOT.pack_into(self._slots, at, who, bucket.tokens, bucket.filled_at)
        return wait

    def close(self) -> None:
        """Let go of the file."""
        self._slots.close()
        os.close(self._file)

    def _find(self, who: int, burst: float, now: float) -> tuple[int, Bucket]:
        """The place of a caller, and what is in its bucket."""
        start = who % SETS * WAYS * SLOT.size
        oldest, oldest_at = start, float("inf")
        for at in range(start, start + WAYS * SLOT.size, SLOT.size):
            owner, tokens, filled_at = SLOT.unpack_from(self._slots, at)
            if owner == who:
                return at, Bucket(tokens, filled_at)
            if filled_at < oldest_at:
                oldest, oldest_at = at, filled_at
        return oldest, Bucket(burst, now)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)


def _number(caller: str) -> int:
    """64 bits of a hash, never 0."""
    return int.from_bytes(hashlib.blake2b(caller.encode(), digest_size=8).digest(), "big") or 1
