"""Places to write to, looked at before hours of work rather than after."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from penchant.core import UsageError


def check_run(out: Path, option: str = "--out", *, replace: bool = False) -> None:
    """Refuse a place that a run cannot be written to.

    Args:
        out: the folder to be.
        option: that named it, for the message.
        replace: whether it may take the place of a run that is there.

    Raises:
        UsageError: it is a file, a folder with something in it, or may not be written.
    """
    if out.is_dir():
        is_run = (out / "manifest.json").is_file()
        if is_run and not replace:
            raise UsageError(
                f"{option} {out}: there is a run already. Name a new folder, or give --replace to "
                "write in its place."
            )
        if any(out.iterdir()) and not is_run:
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


@contextmanager
def no_empty_folders(folder: Path) -> Iterator[None]:
    """Where the block fails, remove the folders that it made here and left empty, those above too.

    Args:
        folder: that the block may make, and folders in it.
    """
    above = [path for path in (folder, *folder.parents) if not path.exists()]
    before = _folders(folder)
    try:
        yield
    except BaseException:
        inside = sorted(_folders(folder) - before, key=lambda path: -len(path.parts))
        for path in (*inside, *above):
            with suppress(OSError):  # there is something in it
                path.rmdir()
        raise


def _folders(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_dir()}
