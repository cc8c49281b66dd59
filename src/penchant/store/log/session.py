"""The seam under a log: a database that keeps its tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

Row = tuple[Any, ...]

Kind = Literal["read", "snapshot", "write"]
"""``read``: each statement sees the latest commit. ``snapshot``: all see the same one. ``write``:
one transaction, alone among all writers of all processes, durable when the block ends well."""


class Session(Protocol):
    """A connection for the length of a block. Values stand for ``?``, in order."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement; its rows, if it has any."""
        ...

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once a row of values."""
        ...


class Database(Protocol):
    """Opens sessions; thread-safe. Its errors are ``LogError`` and ``DamagedLog``."""

    def session(self, kind: Kind) -> AbstractContextManager[Session]:
        """A session for a ``with`` block; an exception in it undoes what it wrote."""
        ...

    def scrub(self, text: str | None) -> None:
        """Make what was deleted unreadable.

        Args:
            text: the id that must not be found any more; None where it is not known.
        """
        ...

    def close(self) -> None:
        """Give everything back; sessions of other threads have ended."""
        ...
