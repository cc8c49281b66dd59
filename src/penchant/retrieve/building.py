"""An index from vectors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError, checked_seed, generator, quiet

from .arguments import checked_vectors
from .config import IndexConfig
from .exact import ExactIndex
from .graph import Graph, linked
from .hnsw import HNSWIndex
from .protocols import Codes, Vectors
from .recall import questions, recall_of, true_bar, tuned

_PILOT = 10_000  # rows of the sample that the edges are chosen on
_PILOT_BREADTH = 64


def build_index(  # noqa: PLR0913 - the last four have no place in a config
    vectors: NDArray[np.floating],
    config: IndexConfig | None = None,
    seed: int = 0,
    *,
    codes: NDArray[np.integer] | None = None,
    size: int | None = None,
    queries: NDArray[np.floating] | None = None,
    tick: Callable[[], None] = lambda: None,
) -> ExactIndex | HNSWIndex:
    """An index over items: exact or HNSW, as the config says or their number asks for.

    Args:
        vectors: (n, dim), of items; fold a bias into one more dimension, which is 1 in the questions.
        config: the settings; the defaults if None.
        seed: of the graph and of the sample; the same vectors, config and seed give the same index.
        codes: (n,) ascending, of the items; 0 to n - 1 if None.
        size: how many codes were ever given, where some were taken out; the highest + 1 if None.
        queries: (rows, dim), questions to measure recall on, such as the vectors of some users; made
            of the items if None.
        tick: called now and then while a graph is built; what it raises ends the build.

    Raises:
        UsageError: shapes that do not fit, or a value that is no finite number.
        MissingDependency: HNSW without faiss-cpu.
    """
    config = config or IndexConfig()
    seed = checked_seed(seed)
    rows = checked_vectors(vectors, None, "build_index")
    known = _codes(codes, len(rows))
    total = size if size is not None else int(known[-1]) + 1 if len(known) else 0
    if len(known) and total <= known[-1]:
        raise UsageError(f"size={total}, and there is an item of code {known[-1]}.")
    few = config.kind == "auto" and len(rows) < config.exact_below
    if config.kind == "exact" or few or not len(rows):
        return ExactIndex(rows, known, total, config)
    asked, source = questions(rows, config.sample, seed), "items"
    if queries is not None and len(queries):
        asked, source = checked_vectors(queries, rows.shape[1], "queries"), "given"
        asked = asked[: config.sample]
    edges = config.edges if config.edges != "auto" else _better(rows, asked, config, seed, tick)
    graph = linked(rows, config, edges, seed, tick)
    recall = tuned(graph, asked, config, edges, source)
    return HNSWIndex(graph, recall, known, total, config)


def _better(
    rows: Vectors, asked: Vectors, config: IndexConfig, seed: int, tick: Callable[[], None]
) -> str:
    """Edges by inner product or by cosine: which finds more, on a sample of the rows."""
    chosen = generator(seed, "index", "pilot").permutation(len(rows))[:_PILOT]
    pilot = rows[np.sort(chosen)]
    bar = true_bar(pilot, asked)

    def found(edges: str) -> float:
        graph: Graph = linked(pilot, config, edges, seed, tick)
        return recall_of(graph, asked, bar, _PILOT_BREADTH)

    with quiet():
        return max(("inner-product", "cosine"), key=found)


def _codes(codes: NDArray[np.integer] | None, count: int) -> Codes:
    if codes is None:
        return np.arange(count, dtype=np.int32)
    given = np.asarray(codes)
    fits = given.shape == (count,) and (not count or given.dtype.kind in "iu")
    if not fits or (count and (given[0] < 0 or (np.diff(given) <= 0).any())):
        raise UsageError(f"codes must be {count} different whole numbers from 0 up, ascending.")
    return given.astype(np.int32)
