"""Search files, byte by byte, for what must not be there any more; what is compressed is unpacked."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_DEEPEST = 4  # archives within archives

_UNREADABLE = (  # or nothing is installed to read it
    ImportError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile,
)  # fmt: skip


@dataclass
class Searched:
    """What was looked at, and what was found.

    Attributes:
        files: how many.
        size: of them, bytes.
        unpacked: how many parts of them were compressed, and were looked into.
        found: file and text, for each text that is in it.
        opaque: files that are compressed in a way that nobody here can undo: they count as residues.
    """

    files: int = 0
    size: int = 0
    unpacked: int = 0
    found: list[str] = field(default_factory=list)
    opaque: list[str] = field(default_factory=list)

    @property
    def residues(self) -> int:
        """How many there are."""
        return len(self.found) + len(self.opaque)


def search(texts: Iterable[str], *places: Path) -> Searched:
    """Search files, and all files below folders.

    Args:
        texts: to search for, in five encodings, and as JSON, addresses and hexadecimal write them.
        places: files or folders.
    """
    wanted = [(text, shapes(text)) for text in texts]
    result = Searched()
    for path in _files(places):
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # gone since it was listed, as the owner is at work
            continue
        result.files += 1
        result.size += len(content)
        parts = [content]
        for part, depth in _unpacked(content, str(path), result):
            parts.append(part)
            result.unpacked += depth > 0
        result.found += [
            f"{path}: {text}"
            for text, forms in wanted
            if any(form in part for part in parts for form in forms)
        ]
    return result


def shapes(text: str) -> set[bytes]:
    """A text as files may hold it."""
    found = {text.encode(code) for code in ENCODINGS}
    found |= {json.dumps(text)[1:-1].encode(), quote(text, safe="").encode()}
    hexed = text.encode().hex()
    return found | {hexed.encode(), hexed.upper().encode()}


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        yield from (
            [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
        )


def _unpacked(
    content: bytes, name: str, result: Searched, depth: int = 0
) -> Iterator[tuple[bytes, int]]:
    """What is in a compressed file, and in what is in it."""
    unpack = next((how for magic, how in _FORMATS if content.startswith(magic)), None)
    if unpack is None or depth == _DEEPEST:
        return
    try:
        parts = unpack(content)
    except _UNREADABLE:
        result.opaque.append(name)
        return
    for part in parts:
        yield part, depth + 1
        yield from _unpacked(part, name, result, depth + 1)


def _zip(content: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name) for name in archive.namelist()]


def _zstd(content: bytes) -> list[bytes]:
    import pyarrow  # type: ignore[import-untyped]

    with pyarrow.input_stream(pyarrow.BufferReader(content), compression="zstd") as stream:
        return [stream.read()]


def _parquet(content: bytes) -> list[bytes]:
    """Every value, and what the file says of them."""
    import polars as pl

    table = pl.read_parquet(io.BytesIO(content))
    return [table.write_ndjson().encode(), repr(table.schema).encode()]


def _arrow(content: bytes) -> list[bytes]:
    import polars as pl

    return [pl.read_ipc(io.BytesIO(content)).write_ndjson().encode()]


_FORMATS: tuple[tuple[bytes, Callable[[bytes], list[bytes]]], ...] = (
    (b"\x1f\x8b", lambda content: [gzip.decompress(content)]),
    (b"BZh", lambda content: [bz2.decompress(content)]),
    (b"\xfd7zXZ\x00", lambda content: [lzma.decompress(content)]),
    (b"PK\x03\x04", _zip),  # npz too
    (b"\x28\xb5\x2f\xfd", _zstd),
    (b"PAR1", _parquet),
    (b"ARROW1", _arrow),
)
"""By their first bytes."""
