"""Which files a folder holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from penchant.core import DataError, Problem


def holds(folder: Path, patterns: tuple[str, ...]) -> bool:
    """Whether a folder has a file for every pattern."""
    return folder.is_dir() and all(any(folder.glob(pattern)) for pattern in patterns)


def pick(folder: Path, variants: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The file names of the first variant that a folder holds.

    Raises:
        DataError: it holds none; the problem says what was looked for.
    """
    for names in variants.values():
        if holds(folder, names):
            return names
    raise DataError([nothing(folder, variants)])


def nothing(folder: Path, variants: Mapping[str, tuple[str, ...]]) -> Problem:
    """That a folder holds no variant, and what was looked for."""
    wanted = "; ".join(f"{' and '.join(names)} ({title})" for title, names in variants.items())
    if not folder.is_dir():
        what = "no such folder" if not folder.exists() else "a file, not a folder"
        return Problem(str(folder), None, what, f"Name the folder with {wanted}.")
    inside = sorted(path.name for path in folder.iterdir())
    has = ", ".join(inside[:6]) + (", ..." if len(inside) > 6 else "") if inside else "nothing"
    return Problem(str(folder), None, f"no data set found; it holds {has}", f"Looked for {wanted}.")
