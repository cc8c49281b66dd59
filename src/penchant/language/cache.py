"""Vectors on disk, so that a second run encodes only what changed.

One folder an encoder, named by its digest; in it immutable files ("shards"), each named by the
SHA-256 of its own bytes. A shard is written aside and renamed, so a killed writer leaves nothing
that can be read; a shard whose bytes do not match its name is ignored and its texts are encoded
again. Writers never change each other's files, so any number of processes may share the folder.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from penchant.store import atomic_write

from .shards import Keys, forget_but, opened, read_whole

log = logging.getLogger(__name__)

SHARDS = 32
"""A folder with more shards than this is written together into one."""

_STALE = 24 * 3600.0  # seconds after which a writer's leftover is certainly nobody's


def cache_folder() -> Path:
    """Where penchant keeps what it can compute again.

    ``$PENCHANT_CACHE``, or ``penchant`` in the platform's cache folder
    (``~/.cache`` or ``$XDG_CACHE_HOME``, ``~/Library/Caches``, ``%LOCALAPPDATA%``).
    """
    chosen = os.environ.get("PENCHANT_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "penchant"


def text_key(text: str) -> bytes:
    """The name of a text: its SHA-256, 32 bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class VectorCache:
    """The stored vectors of one encoder.

    Args:
        digest: the encoder's digest (hex).
        dim: length of its vectors.
        folder: where the caches of all encoders lie; by default ``cache_folder() / "vectors"``.
    """

    def __init__(self, digest: str, dim: int, folder: Path | None = None) -> None:
        self.folder = (folder or cache_folder() / "vectors") / digest[:16]
        self.dim = dim

    def fetch(self, keys: Sequence[bytes]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The stored vectors of some texts.

        Args:
            keys: the texts' names by ``text_key``.

        Returns:
            vectors (keys, dim), zero where there is none, and which were found (keys,).
        """
        out = np.zeros((len(keys), self.dim), np.float32)
        found = np.zeros(len(keys), np.bool_)
        wanted, paths = _names(keys), self._shards()
        forget_but(self.folder, paths)
        for path in paths:
            shard = opened(path)
            if shard is None:
                continue
            with suppress(OSError):  # another process wrote the shards together meanwhile
                places, vectors = shard.find(wanted)
                if len(places):
                    out[places] = vectors
                    found[places] = True
        return out, found

    @classmethod
    def of(cls, digest: str) -> VectorCache | None:
        """The cache of an encoder that is not at hand; None where it has no vector yet."""
        found = cls(digest, 0)
        for path in found._shards():
            if shard := opened(path):
                found.dim = shard.dim
                return found
        return None

    def add(self, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Store vectors; a cache that cannot be written is said once and does no harm."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write(list(keys), vectors)
            if len(self._shards()) > SHARDS:
                self._write_together()
            self._sweep()
        except OSError as error:
            log.warning("the vectors could not be cached in %s: %s", self.folder, error)

    def _shards(self) -> list[Path]:
        return sorted(self.folder.glob("*.safetensors"))

    def _write(self, keys: list[bytes], vectors: NDArray[np.float32]) -> Path:
        from safetensors.numpy import save

        content = save({"keys": _names(keys), "vectors": np.ascontiguousarray(vectors, np.float32)})
        path = self.folder / f"{hashlib.sha256(content).hexdigest()}.safetensors"
        atomic_write(path, content)
        return path

    def _write_together(self) -> None:
        paths = self._shards()
        merged: dict[bytes, NDArray[np.float32]] = {}
        for path in paths:
            names, vectors = read_whole(path) or (_names([]), np.zeros((0, self.dim), np.float32))
            merged.update(zip(map(bytes, names), vectors, strict=True))
        if not merged:  # another process wrote them together meanwhile
            return
        whole = self._write(list(merged), np.stack(list(merged.values())))
        for path in paths:
            if path != whole:
                path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        for path in self.folder.glob(".*.part"):
            with suppress(FileNotFoundError):  # its writer has finished meanwhile
                if time.time() - path.stat().st_mtime > _STALE:
                    path.unlink()


def _names(keys: Sequence[bytes]) -> Keys:
    return np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), 32)
