"""Examples from files: TALLRec's JSON, or JSON lines of our own; all problems are told at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from penchant.core import DataError, Problem, UsageError

from .example import Example

_LINES = re.compile(
    r"User Preference:(?P<liked>.*)\nUser Unpreference:(?P<disliked>.*)\n"
    r'Whether the user will like the target \w+ "(?P<candidate>.*)"\?',
    re.DOTALL,
)
FORM = (
    'Write {"liked": ["..."], "disliked": ["..."], "candidate": "...", "label": 1}, '
    "or TALLRec's instruction, input and output."
)

LISTED = 20
"""Lines of one kind of problem that are listed; the rest are counted, as all of a CSV would be bad."""


class _BadExampleError(ValueError):
    pass


def read_examples(path: str | Path) -> tuple[Example, ...]:
    """Examples from a file.

    Two forms are known by their content. Ours is JSON lines, an object each with ``liked``,
    ``disliked`` (lists of titles, oldest first), ``candidate`` and optionally ``label`` (true or
    false, 1 or 0, or null). TALLRec's (Bao et al. 2023) is a JSON list, or lines, of objects with
    ``input`` (three lines of prose with quoted titles) and ``output`` (``"Yes."``, ``"No."``).

    Raises:
        DataError: with every problem of the file, by line (or by place in the list); of one kind
            the first 20 lines, and how many more there are.
        UsageError: there is no such file, or it cannot be read.
    """
    where = Path(path)
    try:
        text = where.read_text("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{where}: this file does not exist. Check the path.") from None
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"{where} cannot be read: {why}. Name another file.") from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{where} cannot be read as UTF-8 text: {error}. Save it as UTF-8."
        ) from error
    found: list[Example] = []
    bad: dict[str, list[int]] = {}
    for number, entry in _entries(text):
        try:
            found.append(_example(entry))
        except _BadExampleError as error:
            bad.setdefault(str(error), []).append(number)
    if not found and not bad:
        bad["no examples"] = [1]
    if bad:
        raise DataError(_problems(str(where), bad))
    return tuple(found)


def _problems(where: str, bad: dict[str, list[int]]) -> list[Problem]:
    """One a line, in the order of the file; the last says what to do, which is the same for all."""
    told = []
    for what, lines in bad.items():
        shown = lines[:LISTED]
        told += [Problem(where, line, what, "") for line in shown[:-1]]
        told.append(Problem(where, shown[-1], what, "", 1 + len(lines) - len(shown)))
    told.sort(key=lambda problem: problem.line or 0)
    return [*told[:-1], replace(told[-1], remedy=FORM)]


def _entries(text: str) -> Iterator[tuple[int, Any]]:
    if text.lstrip().startswith("["):
        try:
            yield from enumerate(json.loads(text), 1)
        except (ValueError, RecursionError):
            yield 1, None
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                yield number, None


def _example(entry: Any) -> Example:
    if not isinstance(entry, dict):
        raise _BadExampleError("not a JSON object")
    if "input" in entry:
        return _tallrec(entry)
    candidate = entry.get("candidate")
    if not isinstance(candidate, str) or not candidate.strip():
        raise _BadExampleError("candidate is no title")
    return Example(
        _titles(entry, "liked"), _titles(entry, "disliked"), candidate, _label(entry.get("label"))
    )


def _titles(entry: dict[str, Any], key: str) -> tuple[str, ...]:
    given = entry.get(key, [])
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise _BadExampleError(f"{key} is no list of titles")
    return tuple(given)


def _label(given: Any) -> bool | None:
    if given is None:
        return None
    if isinstance(given, bool | int | float) and given in (0, 1):
        return bool(given)
    raise _BadExampleError(f"label is {given!r}, not 1, 0 or null")


def _tallrec(entry: dict[str, Any]) -> Example:
    said, answer = entry["input"], entry.get("output")
    parts = _LINES.search(said) if isinstance(said, str) else None
    if parts is None:
        raise _BadExampleError("input is not TALLRec's three lines")
    words = answer.strip().rstrip(".").lower() if isinstance(answer, str) else None
    if words not in ("yes", "no", "", None):
        raise _BadExampleError(f"output is {answer!r}, not Yes. or No.")
    liked, disliked = (_quoted(parts[key]) for key in ("liked", "disliked"))
    return Example(liked, disliked, parts["candidate"], {"yes": True, "no": False}.get(words or ""))


def _quoted(text: str) -> tuple[str, ...]:
    """The titles between quotation marks; a title may hold quotation marks of its own."""
    inside = text.strip().removeprefix('"').removesuffix('"')
    return tuple(part for part in re.split(r'",\s*"', inside) if part.strip())
