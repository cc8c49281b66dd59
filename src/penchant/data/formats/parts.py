"""What the loaders of original formats share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from ..files import contents, text
from ..problems import Problems, several
from ..table import Table, row_number

_NEVER_IN_TEXT = b"\x1f"


@dataclass(frozen=True)
class Layout:
    """How a file without quotes is written.

    Attributes:
        columns: names of its fields, in our words; fields of a line beyond them are an error.
        separator: between two fields.
        encoding: of the text.
        header: whether the first line names the fields.
    """

    columns: tuple[str, ...]
    separator: str = "\t"
    encoding: str = "utf-8"
    header: bool = False


def read_fields(path: Path, layout: Layout, problems: Problems) -> Table | None:
    """A table of text columns; None where a problem was found."""
    data = readable(path, layout.encoding, problems)
    if data is None:
        return None
    separator = layout.separator.encode()
    if len(separator) > 1:
        data, separator = data.replace(separator, _NEVER_IN_TEXT), _NEVER_IN_TEXT
    try:
        frame = pl.read_csv(
            data,
            has_header=False,
            skip_rows=int(layout.header),
            separator=separator.decode(),
            quote_char=None,
            schema=dict.fromkeys(layout.columns, pl.String),
        )
    except pl.exceptions.ComputeError:
        _odd_lines(data, separator, layout, str(path), problems)
        return None
    first = 2 if layout.header else 1
    return Table(frame, str(path), lambda row: row + first)


def readable(path: Path, encoding: str, problems: Problems) -> bytes | None:
    """The text of a file as UTF-8; None where a problem was found."""
    data = contents(path, problems)
    return text(data, str(path), encoding, problems) if data is not None else None


def with_frame(table: Table, frame: pl.DataFrame) -> Table:
    """The same rows with other columns."""
    return replace(table, frame=frame)


def alone(frame: pl.DataFrame, where: str) -> Table:
    """Rows that stand on no line of their own."""
    return Table(frame, where, row_number)


def one_file(folder: Path, patterns: Sequence[str]) -> Path | None:
    """The first file that matches a pattern, the patterns in their order; None where none does."""
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            return path
    return None


def _odd_lines(
    data: bytes, separator: bytes, layout: Layout, where: str, problems: Problems
) -> None:
    width = len(layout.columns)
    counts = [line.count(separator) + 1 for line in data.splitlines()]
    odd = [(number, n) for number, n in enumerate(counts, 1) if n > width]
    number, n = odd[0] if odd else (None, 0)
    what = f"{several(n, 'field')} instead of {width}" if odd else "cannot be taken apart"
    fields = " ".join(layout.columns)
    problems.add(where, number, what, f"A line holds {fields}.", max(len(odd), 1))
