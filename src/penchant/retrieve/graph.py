"""A graph over rows of vectors, walked towards the best ones: HNSW (Malkov and Yashunin 2018).

Inner products are no distance, so which edges serve depends on the vectors (Morozov and Babenko 2018;
Liu et al. 2020). Edges by inner product bear lengths that differ much; edges by cosine bear a column
that lifts some rows above all others, such as a bias, where the first kind leaves rows that no walk
reaches: on 20,000 such rows recall .975 at a breadth of 512, and by cosine 1.000 at 32
(``bench/retrieval/edges.py``). The walk itself always goes by inner product.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import UNKNOWN, track

from .config import IndexConfig
from .faiss_door import faiss_module, threads
from .order import in_order, ranked
from .protocols import Found, Mask, Vectors

_PIECE = 4096  # rows linked between two ticks
_GROWTH = 4  # how much broader the next walk is where one found too few


class Graph:
    """Rows of vectors in a graph; it never changes.

    A walk keeps the best ``breadth`` rows it has met (faiss calls it efSearch). With a filter it is
    broadened by the share that is not allowed, so that as many allowed rows are among them as there
    would be rows without a filter; where that costs more than comparing every allowed row, or the
    broadest walk still finds too few, every allowed row is compared.

    Args:
        index: of faiss, whose metric is the inner product.
        breadth: of a walk for ten rows.
        search_threads: for the rows of one search.
    """

    def __init__(self, index: Any, breadth: int, search_threads: int = 1) -> None:
        self.breadth = breadth
        self._index = index
        self._threads = search_threads
        self._links = index.hnsw.nb_neighbors(0)

    @property
    def vectors(self) -> Vectors:
        """(n, dim), in faiss's memory or file: gone when the graph is."""
        return _stored(self._index)

    def nearest(self, vectors: Vectors, k: int, allowed: Mask | None) -> Found:
        """The best rows by inner product, nearly always; as many as are allowed, always."""
        found = np.full((len(vectors), k), UNKNOWN, np.int32)
        scores = np.full((len(vectors), k), -np.inf, np.float32)
        if allowed is not None and allowed.ndim == 2:
            for row in range(len(vectors)):
                part = slice(row, row + 1)
                found[part], scores[part] = self.nearest(vectors[part], k, allowed[row])
            return found, scores
        count = self._index.ntotal if allowed is None else int(np.count_nonzero(allowed))
        if k == 0 or count == 0:
            return found, scores
        breadth = max(self.breadth, 2 * k) * self._index.ntotal // count
        short = np.arange(len(vectors))
        while len(short) and breadth * self._links < count:
            found[short], scores[short] = self._kept(vectors[short], k, allowed, breadth)
            short = short[(found[short] != UNKNOWN).sum(axis=1) < min(k, count)]
            breadth *= _GROWTH
        if len(short):
            found[short], scores[short] = self._compared(vectors[short], k, allowed)
        return found, scores

    def walk(self, vectors: Vectors, k: int, breadth: int) -> Found:
        """The best rows that a walk meets; short rows end in ``UNKNOWN`` and ``-inf``."""
        params = faiss_module().SearchParametersHNSW(efSearch=breadth)
        return self._asked(self._index, vectors, k, params)

    def write(self, take: Callable[[bytes], None]) -> None:
        """Hand the file of the graph and its vectors to ``take``, piece by piece."""
        faiss = faiss_module()
        faiss.write_index(self._index, faiss.PyCallbackIOWriter(take, 1 << 20))

    def _kept(self, vectors: Vectors, k: int, allowed: Mask | None, breadth: int) -> Found:
        """The best allowed rows of a walk."""
        if allowed is None:
            return ranked(*self.walk(vectors, k, breadth))
        rows, scores = self.walk(vectors, max(k, breadth), breadth)
        out = ~allowed[rows]  # what is missing, -1, has -inf already
        rows[out], scores[out] = UNKNOWN, -np.inf
        return in_order(rows, scores, k)

    def _compared(self, vectors: Vectors, k: int, allowed: Mask | None) -> Found:
        """The best allowed rows of all; by faiss, as NumPy would copy rows mapped from a file."""
        faiss = faiss_module()
        params = None
        if allowed is not None:
            params = faiss.SearchParameters(sel=faiss.IDSelectorArray(np.flatnonzero(allowed)))
        rows, scores = self._asked(faiss.downcast_index(self._index.storage), vectors, k, params)
        return ranked(rows, scores)

    def _asked(self, index: Any, vectors: Vectors, k: int, params: Any) -> Found:
        with threads(self._threads):
            scores, rows = index.search(vectors, k, params=params)
        scores[rows < 0] = -np.inf  # faiss has its lowest number there
        return rows.astype(np.int32), scores


def linked(
    vectors: Vectors,
    config: IndexConfig,
    edges: str,
    seed: int,
    tick: Callable[[], None] = lambda: None,
) -> Graph:
    """A graph over the rows, not yet measured: its breadth is 64.

    Args:
        vectors: (n, dim).
        config: ``links``, ``ef_construction`` and the threads are used.
        edges: ``"inner-product"`` or ``"cosine"``.
        seed: of the layers that rows are drawn to.
        tick: called now and then; what it raises ends the build.
    """
    faiss = faiss_module()
    index = faiss.IndexHNSWFlat(vectors.shape[1], config.links, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = config.ef_construction
    index.hnsw.rng = faiss.RandomGenerator(seed % 2**31)
    pieces = range(0, len(vectors), _PIECE)
    with threads(config.build_threads):
        for start in track(pieces, "index", len(pieces), f" x {_PIECE} items"):
            tick()
            piece = vectors[start : start + _PIECE]
            index.add(piece if edges == "inner-product" else _unit(piece))
    if edges == "cosine":
        _stored(index)[:] = vectors
    return Graph(index, 64, config.search_threads)


def mapped(path: Path, breadth: int, search_threads: int) -> Graph:
    """A graph from its file, mapped: pages are read when a walk comes by, and shared by processes.

    Raises:
        RuntimeError: faiss cannot read it.
    """
    faiss = faiss_module()
    return Graph(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC), breadth, search_threads)


def _stored(index: Any) -> NDArray[np.float32]:
    faiss = faiss_module()
    flat = faiss.downcast_index(index.storage)
    size = index.ntotal * index.d
    if not size:
        return np.zeros((0, index.d), np.float32)
    rows: NDArray[np.float32] = faiss.rev_swig_ptr(flat.get_xb(), size).reshape(-1, index.d)
    return rows


def _unit(vectors: Vectors) -> Vectors:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return unit
