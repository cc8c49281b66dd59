"""Erase users, and finish what a crash left of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from penchant.core import DamagedLog, LogError

from .erasures import Erasure, ErasureFile
from .reading import meta_of
from .session import Database
from .writing import Writing

_DONE = "SELECT erasure_id, user_hash, salt, received_at, scrubbed FROM erasures ORDER BY seq"


class Eraser:
    """Three steps, each durable before the next: recorded in the file, rows deleted, bytes gone.

    Runs in the thread that writes. A crash between the steps is made up for by ``finish``.
    """

    def __init__(
        self,
        database: Database,
        transaction: Callable[[], AbstractContextManager[Writing]],
        file: ErasureFile | None,
    ) -> None:
        self._database = database
        self._transaction = transaction
        self._file = file

    def erase(self, erasure: Erasure, user_id: str) -> dict[str, int]:
        """Erase a user; how many rows went, by table.

        Args:
            erasure: with the hash of the user.
            user_id: to search the file for.
        """
        if self._file is not None:
            self._file.add(erasure)
        with self._transaction() as writing:
            left = writing.unscrubbed()  # of an earlier one, whose bytes may still be there
            gone = writing.erase(erasure)
        self._scrub(None if left else user_id)
        return gone

    def finish(self) -> None:
        """Do what was begun before a crash, or before this copy of the database was taken.

        Raises:
            DamagedLog: the file or the database is not what was written.
        """
        recorded = self._file.read() if self._file is not None else []
        with self._database.session("snapshot") as session:
            salt = meta_of(session).get("salt")
            done = [(Erasure(*row[:4]), row[4]) for row in session.rows(_DONE)]
        known, told = {erasure for erasure, _ in done}, set(recorded)
        missing = [one for one in recorded if one not in known and one.salt == salt]
        try:
            if missing:
                with self._transaction() as writing:
                    for erasure in missing:
                        writing.erase(erasure)
            if missing or not all(scrubbed for _, scrubbed in done):
                self._scrub(None)
            if self._file is not None:
                self._file.add(*(erasure for erasure, _ in done if erasure not in told))
        except DamagedLog:
            raise
        except LogError:
            pass  # a full disk: reading goes on, and the erasure is finished the next time

    def _scrub(self, user_id: str | None) -> None:
        self._database.scrub(user_id)
        with self._transaction() as writing:
            writing.scrubbed()
