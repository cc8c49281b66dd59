"""What a person or a program gets to see: results on standard output, notes on standard error."""

from __future__ import annotations

import io
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from penchant.core import Recommendation

if TYPE_CHECKING:
    from rich.table import Table


def note(text: str) -> None:
    """A line about what is going on; never part of a result."""
    sys.stdout.flush()  # so that a terminal and a pipe show both in the order they were said
    print(text, file=sys.stderr, flush=True)


def speak_utf8() -> None:
    """Make every character printable.

    Files and pipes get UTF-8, whatever the locale says; a terminal keeps its encoding, and what
    that lacks is escaped.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def document(value: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(plain(value), ensure_ascii=False, indent=1, allow_nan=False))


def plain(value: Any) -> Any:
    """The same value in what JSON can say: a number that is none (NaN, infinity) becomes null."""
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def ranked(found: Iterable[Recommendation]) -> None:
    """A list of recommendations as a table: place, title, id, and under each its reasons.

    Args:
        found: best first.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True, style="dim")
    for place, item in enumerate(found, 1):
        table.add_row(str(place), Text(item.text or item.item), Text(item.item))
        for reason in item.reasons:
            table.add_row("", Text(f"  {reason}", style="dim"), "")
    _printed(table)


def columns(lists: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> None:
    """Lists beside each other, so that what is different shows.

    Args:
        lists: each with its title; its rows are a text and a reason, best first.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, expand=True, width=80)
    table.add_column(justify="right", no_wrap=True)
    for title, _ in lists:
        table.add_column(title, ratio=1, no_wrap=True, overflow="ellipsis", header_style="bold")
    for place, row in enumerate(zip_longest(*(rows for _, rows in lists), fillvalue=("", "")), 1):
        table.add_row(str(place), *(Text(text) for text, _ in row))
        table.add_row("", *(Text(f"  {reason}".rstrip(), style="dim") for _, reason in row))
    _printed(table)


def _printed(table: Table) -> None:
    """A table without the blanks at the ends of its lines."""
    from rich.console import Console

    console = Console(highlight=False)
    with console.capture() as page:
        console.print(table)
    print("\n".join(line.rstrip() for line in page.get().splitlines()))
