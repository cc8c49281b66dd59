"""JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import polars as pl

from .problems import Problems
from .table import Table

Parser = Callable[[str], Any]


def read_jsonl(
    data: bytes, where: str, problems: Problems, parse: Parser = json.loads
) -> Table | None:
    """A table with a column for every key; None where a line is no JSON object.

    Args:
        data: the file as UTF-8.
        where: its name, for messages.
        problems: takes what is wrong.
        parse: turns a line into an object, where the file is not JSON throughout.
    """
    lines = _line_counter(data)
    # surrogates that Polars reads as NUL, and NaN that it refuses, are left to Python's reader
    if b"\\ud" not in data and b"\\uD" not in data:
        try:
            frame = pl.read_ndjson(data, infer_schema_length=None)
            return Table(frame, where, lines)
        except pl.exceptions.PolarsError:
            pass  # read again, slowly, to learn which lines are to blame
    objects = _objects(data, where, parse, problems)
    if objects is None:
        return None
    return Table(_frame(objects), where, lines)


def _objects(
    data: bytes, where: str, parse: Parser, problems: Problems
) -> list[dict[str, Any]] | None:
    objects: list[dict[str, Any]] = []
    bad: dict[str, list[tuple[int, str]]] = {}
    for number, line in enumerate(data.decode().split("\n"), 1):
        if not line.strip():
            continue
        try:
            parsed = parse(line)
            json.dumps(parsed, ensure_ascii=False).encode()  # fails on half a surrogate pair
        except (ValueError, SyntaxError, RecursionError) as error:
            reason = getattr(error, "msg", None) or "cannot be parsed"
            bad.setdefault("not JSON", []).append((number, f"not JSON ({reason}): {_short(line)}"))
            continue
        if isinstance(parsed, dict):
            objects.append(parsed)
        else:
            bad.setdefault("not an object", []).append(
                (number, f"not a JSON object: {_short(line)}")
            )
    for found in bad.values():
        number, what = found[0]
        problems.add(where, number, what, 'Write {"key": value} on each line.', len(found))
    return None if bad else objects


def _frame(objects: list[dict[str, Any]]) -> pl.DataFrame:
    """Columns of one type each; what is mixed becomes text."""
    names = list(dict.fromkeys(key for one in objects for key in one))
    columns = []
    for name in names:
        values = [one.get(name) for one in objects]
        kinds = {type(value) for value in values if value is not None}
        if kinds <= {int, float} or len(kinds) == 1:
            try:
                columns.append(pl.Series(name, values, strict=kinds != {int, float}))
                continue
            except (TypeError, OverflowError, pl.exceptions.PolarsError):
                pass  # such as lists of different things: text holds them all
        columns.append(_as_text(name, values, list in kinds))
    return pl.DataFrame(columns)


def _as_text(name: str, values: list[Any], lists: bool) -> pl.Series:
    """A column of mixed types as text, or as lists of text."""
    if not lists:
        return pl.Series(name, [None if v is None else _plain(v) for v in values], pl.String)
    rows = [v if isinstance(v, list) or v is None else [v] for v in values]
    texts = [None if v is None else [_plain(one) for one in v if one is not None] for v in rows]
    return pl.Series(name, texts, pl.List(pl.String))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _line_counter(data: bytes) -> Callable[[int], int]:
    full: list[int] = []

    def line(row: int) -> int:
        if not full:
            full.extend(n for n, text in enumerate(data.split(b"\n"), 1) if text.strip())
        return full[row]

    return line


def _short(line: str, most: int = 60) -> str:
    return line.strip() if len(line) <= most else line.strip()[:most] + "..."
