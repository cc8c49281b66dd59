"""``penchant.toml`` and ``--set key=value``: where a command's settings come from."""

from __future__ import annotations

import math
import re
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from penchant.core import UsageError, did_you_mean

TABLES: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "data": {
        "events": str,
        "items": str,
        "users": str,
        "feedback": (str, list),
        "template": str,
        "k_core": int,
        "columns": dict,
        "encoding": str,
        "drop_unknown": bool,
    },
    "fit": {"model": str, "split": str, "seed": int, "out": str},
}
"""Table -> key -> type."""

FREE = ("model", "trust")
"""Tables whose keys are the settings of the model, and of what is believed (``TrustConfig``)."""

SERVED = ("serve", "policy", "learn")
"""Tables that ``penchant serve`` and ``penchant learn`` read."""

PATHS = ("events", "items", "users", "out")
KINDS: Mapping[type | tuple[type, ...], str] = {
    str: "text in quotes",
    (str, list): "text in quotes, or a list of such",
    int: "a whole number",
    bool: "true or false",
    dict: 'a table such as {userId = "user_id"}',
}


def from_file(path: Path) -> dict[str, Any]:
    """The settings of a ``penchant.toml``: ``data`` and ``fit`` in one dict, ``model`` as a dict.

    Paths in the file count from the folder of the file.

    Raises:
        UsageError: no such file, not TOML, an unknown key, or a value of the wrong type; with the line.
    """
    text, content = toml(path)
    found: dict[str, Any] = {}
    for table, values in content.items():
        if table in FREE and isinstance(values, dict):
            found[f"{table}_settings"] = values
            continue
        if table in SERVED:
            continue
        line = _line(text, table)
        _check_name(table, [*TABLES, *FREE, *SERVED], path, line, "table")
        if not isinstance(values, dict):
            raise UsageError(
                f"{path}:{line}: {table!r} is a table: write [{table}] on a line of its own."
            )
        found |= {key: _checked(path, text, table, key, value) for key, value in values.items()}
    return found


def toml(path: Path) -> tuple[str, dict[str, Any]]:
    """The file as text, and what it says.

    Raises:
        UsageError: no such file, or not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors write a byte order mark
        return text, tomllib.loads(text)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror}). 'penchant init' writes one to start from."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}. Text needs quotes.") from error


def _checked(path: Path, text: str, table: str, key: str, value: Any) -> Any:
    """A value of the type that its key wants; a path counted from the folder of the file."""
    line = _line(text, key, table)
    _check_name(key, TABLES[table], path, line, f"key in [{table}]")
    wanted = TABLES[table][key]
    if type(value) not in (wanted if isinstance(wanted, tuple) else (wanted,)):
        raise UsageError(f"{path}:{line}: {key} must be {KINDS[wanted]}, and is {value!r}.")
    return path.parent / str(value) if key in PATHS else value


def from_options(options: Sequence[str]) -> dict[str, Any]:
    """The settings in ``["l2=200.0", "language=all-MiniLM-L6-v2"]``, values read as TOML or as text.

    >>> from_options(["l2=200.0", "language=all-MiniLM-L6-v2", "tie=true"])
    {'l2': 200.0, 'language': 'all-MiniLM-L6-v2', 'tie': True}

    Raises:
        UsageError: no ``=``, a setting given twice, or a number that is none.
    """
    settings: dict[str, Any] = {}
    for key, text in pairs("--set", options).items():
        value = value_of(text)
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"--set {key}={text}: that is not a number a model can use.")
        settings[key] = value
    return settings


def pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    """The names and values in ``["userId=user_id"]``.

    Raises:
        UsageError: no ``=``, nothing before it, or a name given twice.
    """
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name or not value:
            raise UsageError(f"{option} {text}: write {option} name=value.")
        if name in found:
            raise UsageError(f"{option} {name}: given twice. Give it once.")
        found[name] = value
    return found


def as_flag(setting: str, value: Any) -> str:
    """A setting of ``penchant.read`` as the command line writes it.

    >>> as_flag("columns", {"userId": "user_id"})
    '--column userId=user_id'
    >>> as_flag("unknown_items", "drop")
    '--drop-unknown'
    """
    if setting == "unknown_items":
        return "--drop-unknown"
    if setting == "columns":
        return " ".join(
            "--column " + shlex.quote(f"{theirs}={ours}") for theirs, ours in value.items()
        )
    return f"--{setting.replace('_', '-')} {shlex.quote(str(value))}"


def value_of(text: str) -> Any:
    """A value as TOML reads it; text that is no TOML stays text, and ``none`` is None."""
    if text.lower() in {"none", "null"}:
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _check_name(
    name: str, names: Mapping[str, Any] | Sequence[str], path: Path, line: int, what: str
) -> None:
    if name not in names:
        known = ", ".join(names)
        guess = did_you_mean(name, list(names))
        raise UsageError(f"{path}:{line}: unknown {what} {name!r}{guess} Known: {known}.")


def _line(text: str, key: str, table: str | None = None) -> int:
    """The line (first is 1) that sets ``key`` in ``table``, or opens the table ``key``."""
    inside = table is None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line)
        if header:
            inside = header[1] == table if table else False
            if table is None and header[1].split(".")[0].strip("\"' ") == key:
                return number
        elif inside and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[.=]""", line):
            return number
    return 1
