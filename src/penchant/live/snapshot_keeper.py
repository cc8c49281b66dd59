"""When a snapshot is written, and when it must be gone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from .followed import Followed
from .snapshot import Copied, read_snapshot, remove_snapshot, write_snapshot
from .state import LiveConfig, State

log = logging.getLogger(__name__)

SNAPSHOT_CHANGES = 100_000
"""Changes after which a new snapshot is worth its writing: some seconds of a start."""


class SnapshotKeeper:
    """The file of a snapshot through the life of a process.

    No file holds a user who was erased once the erasure was taken in: it is removed then, and a
    writer at work is waited for, whose file would take the place of the removed one.

    Args:
        path: the file; None for none, and nothing is done.
        writes: whether this process writes it. Others read it, and remove it where they must.
    """

    def __init__(self, path: Path | None, writes: bool) -> None:
        self._path = path
        self._writes = writes
        self._busy = threading.Lock()
        self._saved = 0  # seq that the file goes up to
        self._erased = 0  # seq of the last erasure
        self._removed = 0  # seq of the erasure after which the file was last removed
        self._due = False

    def read(self, followed: Followed, config: LiveConfig) -> State | None:
        """The state in the file, or None; what is of no use is removed by the one who writes."""
        if self._path is None:
            return None
        known = read_snapshot(self._path, followed, config)
        self._saved = 0 if known is None else known.cursor
        if self._writes:
            self._remove(leave=known is not None)
        return known

    def is_due(self, cursor: int) -> bool:
        """Whether a new one should be written.

        Args:
            cursor: ``seq`` up to which the log was followed.
        """
        if self._path is None or not self._writes:
            return False
        gone = self._saved > 0 and not self._path.exists()  # another process had to remove it
        return self._due or gone or cursor - self._saved >= SNAPSHOT_CHANGES

    def write(self, copy: Callable[[], Copied]) -> bool:
        """Write a new one; where the disk refuses, say so in the logs and go on.

        Args:
            copy: gives the state of one moment.

        Returns:
            whether it was written.
        """
        if self._path is None or not self._writes:
            return False
        with self._busy:
            state = copy()
            if state.cursor == self._saved and not self._due and self._path.exists():
                return False
            try:
                write_snapshot(self._path, state)
            except OSError as error:
                log.warning("The snapshot %s could not be written: %s.", self._path, error)
                return False
            self._saved, self._due = state.cursor, False
            return True

    def erased(self, seq: int) -> None:
        """Somebody was erased; to be followed by ``forget`` outside all locks."""
        self._erased = max(self._erased, seq)

    def forget(self) -> None:
        """Remove the file where it may hold somebody who was erased."""
        if self._path is None or self._erased <= max(self._saved, self._removed):
            return
        with self._busy:
            erased = self._erased
            if erased > max(self._saved, self._removed):
                self._due = True
                self._remove()
                self._removed = erased

    def _remove(self, leave: bool = False) -> None:
        if self._path is None:
            return
        try:
            remove_snapshot(self._path, leave)
        except OSError as error:
            log.error(  # noqa: TRY400 - the trace says nothing more
                "The snapshot %s may hold users who were erased, and cannot be removed: %s. "
                "Remove it by hand.",
                self._path,
                error,
            )
