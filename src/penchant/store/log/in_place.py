"""Whether the files of a log are still where they were opened.

SQLite goes on writing into a file that was deleted, moved or unmounted, and every commit into it
succeeds: nobody will find it again. So their identities are compared before and after each commit,
some microseconds each, and no such commit is acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from penchant.core import LostLog


class InPlace:
    """Files that are open, and were found at their paths.

    Args:
        paths: of the files; one that is not there yet is looked at once it is.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._known = {path: _identity(path) for path in paths}

    def check(self) -> None:
        """Compare what is there with what was opened.

        Raises:
            LostLog: it is something else, or nothing.
        """
        for path, known in self._known.items():
            found = _identity(path)
            if found == known:
                continue
            if known is not None:
                what = "is gone" if found is None else "is another file now"
                raise LostLog(
                    f"{path} {what}: deleted, replaced or unmounted while the log was in use. "
                    "Nothing more is stored. Put the very files back, or stop whatever uses the "
                    "log, restore a backup ('penchant restore') and start it again."
                )
            self._known[path] = found


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a file; None where there is none to be seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
