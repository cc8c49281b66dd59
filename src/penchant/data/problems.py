"""Collect everything that is wrong before saying any of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import DataError, Problem

from .table import Table

Setting = tuple[str, Any] | None
"""Name and value of a setting of ``penchant.read``."""


class Problems:
    """What was found wrong so far, and what was changed on the way in.

    Attributes:
        found: problems that stop the reading.
        notes: what was dropped or converted, counted; for people.
    """

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self.notes: list[str] = []

    def add(
        self,
        where: str,
        line: int | None,
        what: str,
        remedy: str,
        count: int = 1,
        setting: Setting = None,
    ) -> None:
        """Remember one problem; see ``Problem``."""
        self.found.append(Problem(where, line, what, remedy, count, setting))

    def rows(
        self,
        table: Table,
        column: str,
        bad: NDArray[np.bool_],
        what: str,
        remedy: str,
        setting: Setting = None,
    ) -> bool:
        """Remember one problem for all rows where ``bad`` (rows,) holds, if there are any.

        Args:
            table: where the rows stand; the problem names the line of the first.
            column: the column in question.
            bad: which rows, (rows,).
            what: what is wrong; ``{value}`` stands for the first bad value. Where that is missing,
                the problem says just so.
            remedy: what to do about it; ``{setting}`` stands for the setting that mends it.
            setting: its name and value, if there is one.

        Returns:
            whether there are any.
        """
        rows = np.flatnonzero(bad)
        if not len(rows):
            return False
        first = int(rows[0])
        value = table.frame[column][first]
        missing = value is None or (isinstance(value, str) and not value)
        said = f"no {column}" if missing else f"{column}: {what.replace('{value}', repr(value))}"
        self.add(table.where, table.line(first), said, remedy, len(rows), setting)
        return True

    def error(self) -> DataError:
        """All problems as one error, in the order of files and lines."""
        return DataError(sorted(self.found, key=lambda p: (p.where, p.line or 0)))

    def note(self, text: str) -> None:
        """Remember something that people should know and that stops nothing."""
        self.notes.append(text)


def several(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun.

    >>> several(1, "event"), several(1200, "event")
    ('1 event', '1,200 events')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def some(names: Sequence[str], most: int = 3) -> str:
    """The first few of many names, quoted.

    >>> some(["a", "b", "c", "d"])
    "'a', 'b', 'c', ..."
    """
    return ", ".join(repr(name) for name in names[:most]) + (", ..." if len(names) > most else "")
