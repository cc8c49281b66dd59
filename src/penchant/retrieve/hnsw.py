"""A graph over most items, and the newest compared one by one: approximate, for large catalogues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .config import IndexConfig
from .graph import Graph
from .layer import Layer
from .layers import Layers, Standing
from .protocols import Codes, Found, Mask, Vectors
from .recall import Recall


class HNSWIndex:
    """Nearly the best items, without comparing all of them. ``build_index`` makes one.

    The graph never changes, so that processes can share its file and searches need no lock. Items
    added since it was built stand beside it and are compared one by one; items removed are passed
    over. Both cost a little time each, so a rebuild is ``overdue`` when they are many.

    Args:
        graph: over the items, its breadth measured.
        recall: what was measured.
        codes: (n,) int32, ascending, of the rows of the graph.
        size: codes ever given.
        config: the settings that it was built with.
    """

    kind = "hnsw"

    def __init__(
        self, graph: Graph, recall: Recall, codes: Codes, size: int, config: IndexConfig
    ) -> None:
        self.config = config
        self.recall = recall
        self.graph = graph
        self.dim = graph.vectors.shape[1]
        self._layers = Layers(Layer(graph, codes, ascending=True), self.dim, size)

    @classmethod
    def restored(
        cls,
        graph: Graph,
        recall: Recall,
        rows: Mapping[str, NDArray[Any]],
        size: int,
        changed: int,
        config: IndexConfig,
    ) -> HNSWIndex:
        """An index as it was saved: ``codes`` and ``alive`` of the rows, ``added`` and their codes."""
        index = cls(graph, recall, rows["codes"], size, config)
        index._layers.restore(~rows["alive"], rows["added_codes"], rows["added"], changed)
        return index

    def __len__(self) -> int:
        """Codes ever given, those of removed items too."""
        return self._layers.standing.size

    def search(
        self,
        vectors: Vectors,
        k: int,
        allowed: Mask | None = None,
        without: Sequence[NDArray[np.integer]] | None = None,
    ) -> Found:
        """As ``Index.search``; on one thread, unless ``config.search_threads`` says otherwise."""
        return self._layers.search(vectors, k, allowed, without)

    def add(self, vectors: NDArray[np.floating], codes: NDArray[np.integer] | None = None) -> None:
        """As ``Index.add``; what is added is found exactly."""
        self._layers.add(vectors, codes)

    def remove(self, codes: NDArray[np.integer]) -> None:
        """As ``Index.remove``."""
        self._layers.remove(codes)

    @property
    def standing(self) -> Standing:
        """The index at this moment, for whoever saves or rebuilds it."""
        return self._layers.standing

    @property
    def overdue(self) -> bool:
        """Whether so much has changed since the graph was built that it is to be rebuilt."""
        standing = self.standing
        return standing.changed > self.config.rebuild_at * len(standing.base)

    def status(self) -> dict[str, Any]:
        """What it is and what was measured, as plain values for a page of figures."""
        standing = self.standing
        figures = {"items": standing.count, "changed_since_built": standing.changed}
        return {"kind": self.kind, **figures, **self.recall.status()}
