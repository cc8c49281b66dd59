"""An index as a folder: written whole or not at all, checked before anything opens it, mapped.

Files: ``vectors.f32`` (exact: rows of float32, little-endian) or ``graph.faiss`` (HNSW: graph and
vectors), and ``rows.safetensors``: codes of the rows, which of them are alive, and what was added
since the graph was built. ``manifest.json`` has the SHA-256 of each.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from penchant.core import BundleError, UsageError
from penchant.store import Streamed, map_bundle, write_bundle

from .config import IndexConfig
from .exact import ExactIndex
from .graph import mapped
from .hnsw import HNSWIndex
from .protocols import Codes, Vectors
from .recall import Recall

KIND = "index"
"""What the manifest of such a folder says it holds."""

_STRANGE = (
    OSError, RuntimeError, ValueError, KeyError, TypeError, SafetensorError, UsageError,
)  # fmt: skip
_VECTORS, _GRAPH, _ROWS = "vectors.f32", "graph.faiss", "rows.safetensors"


def save_index(index: ExactIndex | HNSWIndex, path: str | Path) -> None:
    """Save an index, in the place of an earlier one if there is one.

    Vectors of removed items are left out of an exact index; in the graph of an HNSW index they stay,
    passed over, until it is rebuilt.

    Raises:
        UsageError: there is something at ``path`` that is no saved index.
        BundleError: the disk refused; what was at ``path`` is as it was.
    """
    files, about = index_files(index)
    write_bundle(path, KIND, files, {"index": about})


def load_index(path: str | Path) -> ExactIndex | HNSWIndex:
    """Load a saved index; its large file is mapped, and shared by all processes that do so.

    Every byte is checked first: a damaged file reaches no loader.

    Raises:
        DamagedBundle: a file is missing, cut short, or not what was written.
        NewerBundle: written by a newer penchant.
        BundleError: there is no saved index there.
        MissingDependency: an HNSW index without faiss-cpu.
    """
    return map_bundle(path, KIND, lambda folder, manifest: index_from(folder, manifest["index"]))


def index_files(
    index: ExactIndex | HNSWIndex,
) -> tuple[dict[str, bytes | Streamed], dict[str, Any]]:
    """The files of an index and what the manifest has to say of it, for a bundle that holds more.

    The names of the files begin with ``vectors.``, ``graph.`` or ``rows.``.
    """
    standing = index.standing
    about = {
        "kind": index.kind,
        "dim": index.dim,
        "size": standing.size,
        "config": dataclasses.asdict(index.config),
        "recall": dataclasses.asdict(index.recall),
        "changed": standing.changed,
    }
    if isinstance(index, HNSWIndex):
        base, (more, added) = standing.base, standing.tail.living()
        alive = np.ones(len(base), np.bool_) if base.alive is None else base.alive
        rows = {"codes": base.codes, "alive": alive, "added_codes": more, "added": added}
        return {_GRAPH: Streamed(index.graph.write), _ROWS: _packed(rows)}, about
    codes, vectors = standing.living()
    about["rows"] = len(codes)
    large = Streamed(lambda take: take(_little(vectors).data.cast("B")))
    return {_VECTORS: large if len(codes) else b"", _ROWS: _packed({"codes": codes})}, about


def index_from(folder: Path, about: Mapping[str, Any]) -> ExactIndex | HNSWIndex:
    """An index from the files of ``index_files``, which somebody has checked.

    Raises:
        BundleError: they are no index that this penchant can open.
    """
    try:
        config = IndexConfig(**about["config"])
        rows = load((folder / _ROWS).read_bytes())
        codes, size = rows["codes"], int(about["size"])
        if about["kind"] == ExactIndex.kind:
            shape = (about["rows"], about["dim"])
            vectors = _mapped_vectors(folder / _VECTORS, shape)
            _fit(vectors, codes, shape)
            return ExactIndex(vectors, codes, size, config)
        recall = Recall(**about["recall"])
        graph = mapped(folder / _GRAPH, recall.breadth, config.search_threads)
        _fit(graph.vectors, codes, (len(codes), about["dim"]))
        return HNSWIndex.restored(graph, recall, rows, size, about["changed"], config)
    except _STRANGE as error:
        raise BundleError(
            f"{folder} cannot be opened as an index, though its files are what was written: {error}. "
            "Build it again with this version of penchant and faiss."
        ) from error


def _mapped_vectors(path: Path, shape: tuple[int, int]) -> Vectors:
    if not shape[0]:
        return np.zeros(shape, np.float32)  # nothing cannot be mapped
    return np.memmap(path, "<f4", "r", shape=shape)


def _fit(vectors: Vectors, codes: Codes, shape: tuple[int, int]) -> None:
    if vectors.shape != shape or codes.shape != shape[:1]:
        raise ValueError(f"vectors {vectors.shape} and codes {codes.shape} do not fit each other")


def _packed(rows: Mapping[str, NDArray[Any]]) -> bytes:
    content: bytes = save({name: np.ascontiguousarray(row) for name, row in rows.items()})
    return content


def _little(vectors: Vectors) -> Vectors:
    return vectors if sys.byteorder == "little" else vectors.astype("<f4")
