"""Put a finished folder in the place of another, with no moment at which there is neither."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import time
from pathlib import Path

from .atomic import PART, sync_folder

OLD = ".old"
"""Ending of a folder that was moved out of the way on a system that cannot exchange two names."""

_SETTLED = 60.0  # seconds after which a folder without a lock has no writer any more


def aside_of(target: Path) -> Path:
    """A new name beside ``target``, on the same file system, for the folder being written."""
    return target.with_name(f".{target.name}.{os.urandom(6).hex()}{PART}")


def put_in_place(aside: Path, target: Path) -> None:
    """Give the folder ``aside`` the name ``target``; what stood there ends up at ``aside``.

    On Linux the two names are exchanged in one step. Elsewhere the old folder is renamed to a name
    ending in ``.old`` first; a process killed between the two renames leaves it there, and
    ``left_behind`` finds it.
    """
    if not target.exists() or _exchange(aside, target):
        if not target.exists():
            aside.rename(target)
        sync_folder(target.parent)
        return
    old = aside.with_suffix(OLD)
    target.rename(old)
    try:
        aside.rename(target)
    except OSError:
        old.rename(target)
        raise
    sync_folder(target.parent)
    old.rename(aside)


def left_behind(target: Path) -> Path | None:
    """The folder that a killed writer moved out of the way and did not replace; the newest."""
    old = [path for path in _siblings(target, OLD) if path.is_dir()]
    return max(old, key=lambda path: path.stat().st_mtime, default=None)


def sweep(target: Path) -> None:
    """Remove what killed writers of this bundle left; writers at work hold a lock and are spared."""
    for path in (*_siblings(target, PART), *_siblings(target, OLD)):
        handle = hold(path)
        if handle is None:
            continue
        try:
            if time.time() - path.stat().st_mtime > _SETTLED or path.suffix == OLD:
                shutil.rmtree(path, ignore_errors=True)
        except FileNotFoundError:
            pass  # another writer swept it first
        finally:
            os.close(handle)


def hold(folder: Path) -> int | None:
    """Lock a folder for as long as this process lives; None where somebody else holds it.

    Returns:
        a file descriptor to close, or None.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _siblings(target: Path, ending: str) -> list[Path]:
    if not target.parent.is_dir():
        return []
    start = f".{target.name}."
    return [
        path
        for path in target.parent.iterdir()
        if path.name.startswith(start) and path.name.endswith(ending)
    ]


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step (Linux ``renameat2``); False where that is not to be had."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    done = call(here, os.fsencode(one), here, os.fsencode(other), ctypes.c_uint(exchange))
    if done == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        return False  # the file system or the kernel cannot
    raise OSError(number, os.strerror(number), str(other))
