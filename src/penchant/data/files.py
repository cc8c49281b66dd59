"""The text of a file: gzip undone, encoding checked, with line numbers for what is wrong."""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path

from .problems import Problems

PIECE = 1 << 24
"""Bytes that are checked at a time."""

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
    if not data or data.isspace():
        problems.add(where, None, "the file is empty", "Write the data again.")
        return None
    for mark, name in _MARKS.items():
        if data.startswith(mark) and codecs.lookup(encoding).name == "utf-8":
            problems.add(
                where, 1, f"the text is {name}, not utf-8", "Pass {setting}.", 1, ("encoding", name)
            )
            return None
    is_utf8 = codecs.lookup(encoding).name == "utf-8"
    try:
        if is_utf8:
            _check_utf8(data)
        else:
            data = data.decode(encoding).encode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        other = "latin-1" if is_utf8 else "utf-8"
        problems.add(
            where,
            line,
            f"byte 0x{byte:02x} is not {encoding} text",
            "Pass {setting} if that is how it was written, or save the file as UTF-8.",
            1,
            ("encoding", other),
        )
        return None
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        problems.add(where, line, "a zero byte: this is no text", "Check which file this is.")
        return None
    return data.removeprefix(codecs.BOM_UTF8)


def _check_utf8(data: bytes) -> None:
    """Decode a piece at a time: as a whole, one emoji makes four bytes of every character.

    Raises:
        UnicodeDecodeError: at the place in ``data`` where it is not UTF-8.
    """
    start = 0
    while start < len(data):
        end = min(start + PIECE, len(data))
        while end < len(data) and end > start and data[end] & 0xC0 == 0x80:
            end -= 1  # not between the bytes of a character
        end = end if end > start else min(start + PIECE, len(data))
        try:
            data[start:end].decode()
        except UnicodeDecodeError as error:
            raise UnicodeDecodeError(
                error.encoding, data, start + error.start, start + error.end, error.reason
            ) from None
        start = end


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
