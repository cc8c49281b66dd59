"""A table as it was read, with the way back to the lines of its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Table:
    """Rows and where they came from.

    Attributes:
        frame: the rows; columns of text files are text.
        where: the file, or the name of the frame.
        line: line in the file of a row (from 0); the row counted from 1 where there are no lines.
        header: the line that names the columns, if there is one.
    """

    frame: pl.DataFrame
    where: str
    line: Callable[[int], int]
    header: int | None = None

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self.frame.columns


def row_number(row: int) -> int:
    """Rows of frames and of Parquet files, counted from 1."""
    return row + 1
