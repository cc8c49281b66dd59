"""One process that learns."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from penchant.core import UsageError


@contextmanager
def lease(folder: Path) -> Iterator[None]:
    """Be the only process that learns in a folder; it ends with the process, however that ends.

    Args:
        folder: made where there is none.

    Raises:
        UsageError: another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "lease.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if not _locked(handle):
            raise UsageError(
                f"Another 'penchant learn' works on {folder.parent}. One is enough: end that one, "
                "or leave it to it."
            )
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
