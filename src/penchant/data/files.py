"""The text of a file: gzip undone, encoding checked, with line numbers for what is wrong."""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path

from .problems import Problems

GZIP = b"\x1f\x8b"
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def contents(path: Path, problems: Problems) -> bytes | None:
    """The bytes of a file, unpacked where it is gzip; None where a problem was found."""
    where = str(path)
    if not path.exists():
        problems.add(where, None, "no such file", _like(path))
        return None
    if path.is_dir():
        inside = sorted(p.name for p in path.iterdir())[:5]
        holds = f"it holds {', '.join(inside)}" if inside else "it is empty"
        problems.add(where, None, f"a folder, not a file; {holds}", "Name one file in it.")
        return None
    try:
        data = path.read_bytes()
    except OSError as error:
        problems.add(where, None, f"cannot be read: {error.strerror}", "Check its permissions.")
        return None
    if data.startswith(GZIP):
        return _unpacked(data, where, problems)
    if path.suffix == ".gz":
        problems.add(where, None, "named .gz but not gzip", "Rename it, or pack it with gzip.")
        return None
    return data


def text(data: bytes, where: str, encoding: str, problems: Problems) -> bytes | None:
    """The same text as UTF-8 without a byte order mark; None where it is not in ``encoding``."""
    if not data.strip():
        problems.add(where, None, "the file is empty", "Write the data again.")
        return None
    for mark, name in _MARKS.items():
        if data.startswith(mark) and codecs.lookup(encoding).name == "utf-8":
            problems.add(where, 1, f"the text is {name}, not utf-8", f"Pass encoding='{name}'.")
            return None
    try:
        decoded = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        other = "latin-1" if codecs.lookup(encoding).name == "utf-8" else "utf-8"
        problems.add(
            where,
            line,
            f"byte 0x{byte:02x} is not {encoding} text",
            f"Pass encoding='{other}' if that is how it was written, or save the file as UTF-8.",
        )
        return None
    if "\0" in decoded:
        line = decoded.count("\n", 0, decoded.index("\0")) + 1
        problems.add(where, line, "a zero byte: this is no text", "Check which file this is.")
        return None
    if codecs.lookup(encoding).name != "utf-8":
        data = decoded.encode()
    return data.removeprefix(codecs.BOM_UTF8)


def _unpacked(data: bytes, where: str, problems: Problems) -> bytes | None:
    try:
        return gzip.decompress(data)
    except EOFError:
        problems.add(
            where,
            None,
            f"the gzip file is cut short after {len(data):,} bytes",
            "Copy or download it again.",
        )
    except (gzip.BadGzipFile, zlib.error) as error:
        problems.add(
            where, None, f"the gzip file is damaged: {error}", "Copy or download it again."
        )
    return None


def _like(path: Path) -> str:
    """Where a file of nearly this name lies."""
    import difflib

    beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, beside, n=1)
    if close:
        return f"Did you mean {path.with_name(close[0])}?"
    return "Check the path." if beside else f"The folder {path.parent} does not exist either."
