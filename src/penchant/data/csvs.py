"""Files of separated values, every field as text, with the line of each row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

import polars as pl

from .problems import Problems, several
from .table import Table

SEPARATORS = (",", "\t", ";")


def read_csv(data: bytes, where: str, problems: Problems) -> Table | None:
    """A table of text columns; None where the file cannot be taken apart.

    The separator is the comma, tab or semicolon that the header has most of. A field that is not
    there is null. Lines without any field are dropped.

    Args:
        data: the file as UTF-8.
        where: its name, for messages.
        problems: takes what is wrong.
    """
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")  # line ends of old spreadsheets
    bare = data.lstrip(b"\r\n")
    skipped = data.count(b"\n", 0, len(data) - len(bare))
    data = bare
    first = data[: data.find(b"\n")].decode() if b"\n" in data else data.decode()
    separator = max(SEPARATORS, key=first.count)
    lines = _Lines(data, separator, skipped)
    header = next(csv.reader([first.strip("\r")], delimiter=separator))
    twice = [name for name, times in Counter(header).items() if times > 1]
    for name in twice:
        what = f"column {name!r} stands {header.count(name)} times"
        problems.add(where, skipped + 1, what, "Rename all but one.")
    if twice:
        return None
    try:
        frame = pl.read_csv(data, separator=separator, infer_schema=False)
    except pl.exceptions.ComputeError:
        records = _taken_apart(lines, len(header), where, problems)
        if records is None:
            return None
        frame = pl.DataFrame(records, dict.fromkeys(header, pl.String), orient="row")
    return _without_blank_rows(Table(frame, where, lines.of, skipped + 1))


def _without_blank_rows(table: Table) -> Table:
    first = table.frame.columns[0]
    if not table.frame[first].has_nulls():  # the usual case, without a pass over all columns
        return table
    full = ~table.frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    rows = full.arg_true()
    return Table(
        table.frame.filter(full), table.where, lambda row: table.line(int(rows[row])), table.header
    )


class _Lines:
    """The line on which each row begins; counted only when somebody asks."""

    def __init__(self, data: bytes, separator: str, skipped: int) -> None:
        self._data, self._separator, self._skipped = data, separator, skipped

    def of(self, row: int) -> int:
        """The line of a row; quoted fields may hold line ends."""
        return self._starts[row + 1] if b'"' in self._data else row + 2 + self._skipped

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Each record, the header included, with the line where it begins."""
        text = io.StringIO(self._data.decode(), newline="")
        reader = csv.reader(text, delimiter=self._separator)
        line = 1 + self._skipped
        for record in reader:
            yield line, record
            line = reader.line_num + 1 + self._skipped

    @cached_property
    def _starts(self) -> list[int]:
        return [line for line, _ in self.records()]


def _taken_apart(
    lines: _Lines, width: int, where: str, problems: Problems
) -> list[list[str | None]] | None:
    """The rows of a file with quotes inside of fields, which Polars refuses and Python takes.

    None where a line has too many fields, or a quote is left open; the problem says where.
    """
    try:
        (_, _), *records = lines.records()
    except csv.Error as error:
        problems.add(where, None, f"not a CSV file: {error}", "Save it again as CSV.")
        return None
    wide = [(line, len(record)) for line, record in records if len(record) > width]
    if wide:
        line, fields = wide[0]
        what = f"{several(fields, 'field')} where the header has {width}"
        problems.add(where, line, what, 'Put fields with a comma in "quotes".', len(wide))
        return None
    line, last = records[-1]
    if any("\n" in field for field in last):
        problems.add(where, line, "a quote opens here and never closes", "Close it, or double it.")
        return None
    return [
        [field or None for field in record] + [None] * (width - len(record))
        for _, record in records
    ]
