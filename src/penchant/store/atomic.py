"""Files that are either whole or absent, whatever moment the process dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from penchant.core import UsageError

PART = ".part"
"""Ending of a file that is still being written; what a killed writer leaves behind."""


def atomic_write(path: str | Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one and nothing between.

    The bytes are on the disk before the name is: written aside, fsynced, renamed, and the folder
    fsynced. Missing folders above it are made.
    """
    with atomic_file(path) as file:
        file.write(content)


@contextmanager
def atomic_file(path: str | Path) -> Iterator[BinaryIO]:
    """A new file to write to, piece by piece, that gets its name when the block ends well.

    Missing folders above it are made. A link stays, and what it points at is replaced.

    Raises:
        UsageError: there is something else than a file, such as a device, which a rename would
            destroy.
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        raise UsageError(f"{path} is no file that can be replaced. Name another one.")
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.urandom(6).hex()}{PART}")
    try:
        with aside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def write_durably(path: Path, content: bytes) -> None:
    """Write a new file and return when its bytes are on the disk."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Return when the names in a folder are on the disk."""
    if os.name != "posix":
        return  # Windows cannot open a folder; its renames are journalled by the file system
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
