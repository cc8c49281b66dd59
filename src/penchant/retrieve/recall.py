"""How much of the true best ten a graph finds, measured, and how broad its walks must be for that."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.core import generator

from .config import IndexConfig
from .graph import Graph
from .matrix import Matrix
from .protocols import Vectors

AT = 10
"""Length of the lists that recall is measured on."""

_BREADTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recall:
    """What was measured when a graph was built.

    Attributes:
        value: share of the true best ten that were found; 1 for an exact index.
        queries: questions asked.
        source: ``"given"``, or ``"items"`` where the questions were made of the items themselves.
        breadth: of the walks (efSearch).
        edges: ``"inner-product"`` or ``"cosine"``; empty for an exact index.
        wanted: the share that was asked for.
    """

    value: float
    queries: int
    source: str
    breadth: int
    edges: str
    wanted: float

    @property
    def reached(self) -> bool:
        """Whether it is as high as was asked for."""
        return self.value >= self.wanted

    def status(self) -> dict[str, Any]:
        """As plain values for a page of figures."""
        return {
            "recall": self.value,
            "recall_wanted": self.wanted,
            "recall_queries": self.queries,
            "recall_source": self.source,
            "ef_search": self.breadth,
            "edges": self.edges,
        }


def questions(vectors: Vectors, count: int, seed: int) -> Vectors:
    """Questions made of items where nobody gave any, (count, dim).

    Half are items, as for "similar to this one", and half are sums of two, as for somebody with two
    tastes, which are harder: they lie where no item is.
    """
    draw = generator(seed, "index", "questions")
    one = vectors[draw.integers(0, len(vectors), count)]
    other = vectors[draw.integers(0, len(vectors), count)]
    return np.where(np.arange(count)[:, None] % 2, one + other, one)


def true_bar(vectors: Vectors, asked: Vectors) -> Vectors:
    """The score that the last of the true best ten has for each question, (rows, 1).

    What reaches it counts as found, so that items with equal vectors stand for each other.
    """
    _, scores = Matrix(vectors).nearest(asked, min(AT, len(vectors)), None)
    last = scores[:, -1:]
    spare = 1e-5 * np.abs(last)  # faiss and BLAS add in different orders
    return (last - spare).astype(np.float32)


def recall_of(graph: Graph, asked: Vectors, bar: Vectors, breadth: int) -> float:
    """Share of the true best ten that walks of this breadth find."""
    wanted = min(AT, len(graph.vectors))
    _, scores = graph.walk(asked, wanted, breadth)
    return float((scores >= bar).mean())


def least_breadth(
    share: Callable[[int], float], config: IndexConfig, most: int
) -> tuple[float, int]:
    """The recall and the breadth of the narrowest walks that reach the wanted recall.

    A warning is logged where none does.

    Args:
        share: the recall of walks of a breadth.
        config: ``recall`` and ``most_ef`` are used.
        most: the broadest walk there can be.
    """
    most = min(most, config.most_ef)
    for breadth in [*(each for each in _BREADTHS if each < most), most]:
        value = share(breadth)
        if value >= config.recall:
            return value, breadth
    log.warning(
        "The index finds %.3f of the true best %d at efSearch %d, less than the %.3f asked for: "
        "raise IndexConfig.links or ef_construction, or compare every item with kind='exact'.",
        value, AT, most, config.recall,
    )  # fmt: skip
    return value, most


def tuned(graph: Graph, asked: Vectors, config: IndexConfig, edges: str, source: str) -> Recall:
    """What was measured, and the graph set to the least breadth that reaches the wanted recall."""
    bar = true_bar(graph.vectors, asked)
    value, graph.breadth = least_breadth(
        lambda breadth: recall_of(graph, asked, bar, breadth), config, len(graph.vectors) + AT
    )
    return Recall(value, len(asked), source, graph.breadth, edges, config.recall)
