"""A file of the cache: checked when it is first met, then only the rows of it are read that are wanted.

What is remembered of a file are eight bytes of each key; the rest is looked up in the file itself.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

Keys = NDArray[np.uint8]
"""SHA-256 each, (n, 32)."""

_CHECKED: dict[Path, tuple[tuple[int, int, int], Shard]] = {}
_LOCK = threading.Lock()


class Shard:
    """Keys and vectors of one file, which nobody changes.

    Attributes:
        dim: length of its vectors.

    Args:
        path: of the file, whose bytes were checked.
        keys: that it holds.
        dim: length of its vectors.
    """

    def __init__(self, path: Path, keys: Keys, dim: int) -> None:
        self.dim = dim
        first = _first(keys)
        self._path = path
        self._order = np.argsort(first)
        self._sorted = first[self._order]

    def find(self, keys: Keys) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Which of some keys it holds, and their vectors: places (found,), (found, dim).

        Raises:
            OSError: the file cannot be read any more.
        """
        places, rows = np.zeros(0, np.intp), np.zeros(0, np.intp)
        if len(self._order):
            first = _first(keys)
            at = np.minimum(np.searchsorted(self._sorted, first), len(self._order) - 1)
            places = np.flatnonzero(self._sorted[at] == first)
            rows = self._order[at[places]]
        if not len(places):
            return places, np.zeros((0, 0), np.float32)
        whole = _mapped(self._path)
        same = np.all(whole["keys"][rows] == keys[places], axis=1)
        return places[same], np.array(whole["vectors"][rows[same]])


def opened(path: Path) -> Shard | None:
    """A shard whose bytes are what its name says; None, and a warning, for one that is damaged."""
    try:
        state = path.stat()
    except OSError:
        return None  # another process wrote the shards together meanwhile
    stamp = state.st_ino, state.st_mtime_ns, state.st_size
    with _LOCK:
        known, shard = _CHECKED.get(path, (None, None))
    if known == stamp:
        return shard
    read = read_whole(path)
    if read is None:
        return None
    shard = Shard(path, read[0], read[1].shape[1])
    with _LOCK:
        _CHECKED[path] = stamp, shard
    return shard


def forget_but(folder: Path, paths: Collection[Path]) -> None:
    """Let go of what is remembered of files that are in a folder no more."""
    with _LOCK:
        for path in [one for one in _CHECKED if one.parent == folder and one not in paths]:
            del _CHECKED[path]


def read_whole(path: Path) -> tuple[Keys, NDArray[np.float32]] | None:
    """Keys (n, 32) and vectors (n, dim) of a file; None, and a warning, for one that is damaged."""
    from safetensors.numpy import load

    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None  # another process wrote the shards together meanwhile
    except OSError as error:
        log.warning("a cached file of vectors cannot be read, encoding again: %s", error)
        return None
    if hashlib.sha256(content).hexdigest() != path.stem:
        log.warning("a cached file of vectors is damaged, encoding again: %s", path)
        with suppress(OSError):  # the cache may be somebody else's to write
            path.unlink()
        return None
    arrays = load(content)
    return arrays["keys"], arrays["vectors"]


def _first(keys: Keys) -> NDArray[np.uint64]:
    return np.ascontiguousarray(keys[:, :8]).view(np.uint64).ravel()


def _mapped(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays over the file, of which only the pages are read that are looked at."""
    whole = np.memmap(path, np.uint8, "r")
    start = 8 + int(whole[:8].view("<u8")[0])
    head = json.loads(bytes(whole[8:start]))
    kinds: dict[str, np.dtype[Any]] = {"keys": np.dtype("u1"), "vectors": np.dtype("<f4")}
    arrays = {}
    for name, kind in kinds.items():
        begin, end = head[name]["data_offsets"]
        part = np.asarray(whole[start + begin : start + end])
        arrays[name] = part.view(kind).reshape(head[name]["shape"])
    return arrays
