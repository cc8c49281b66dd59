"""Places to write to, looked at before hours of work rather than after."""

from __future__ import annotations

import os
from pathlib import Path

from penchant.core import UsageError


def check_run(out: Path, option: str = "--out") -> None:
    """Refuse a place that a run cannot be written to.

    Args:
        out: the folder to be.
        option: that named it, for the message.

    Raises:
        UsageError: it is a file, a folder with something else in it, or may not be written.
    """
    if out.is_dir():
        if any(out.iterdir()) and not (out / "manifest.json").is_file():
            raise UsageError(
                f"{option} {out}: that folder holds something other than a run. Name a new folder."
            )
    elif out.exists():
        raise UsageError(f"{option} {out}: a file is in the way. Name a new folder.")
    check_folder_above(out)


def check_file(path: Path, *endings: str) -> None:
    """Refuse a file that cannot be written.

    Args:
        path: the file to be.
        endings: such as ``".png"``, where only some are known.

    Raises:
        UsageError: it is a folder or a device, has another ending, or its place may not be written.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder. Name a file in it.")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no file that can be replaced. Name another one.")
    if endings and path.suffix.lower() not in endings:
        raise UsageError(f"{path}: the name must end in {' or '.join(endings)}.")
    check_folder_above(path)


def check_folder_above(path: Path) -> None:
    """Refuse a path that cannot be created.

    Raises:
        UsageError: the nearest thing above it is a file, or may not be written.
    """
    above = path.absolute().parent
    while not above.exists():
        above = above.parent
    if not above.is_dir():
        raise UsageError(f"{path}: {above} is a file, so nothing can be written below it.")
    if not os.access(above, os.W_OK):
        raise UsageError(f"{path}: no permission to write in {above}. Name another place.")
