"""A graph over most items, and the newest compared one by one: approximate, for large catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from .config import IndexConfig
from .graph import Graph
from .layer import Layer
from .layers import LayeredIndex
from .protocols import Codes
from .recall import Recall


class HNSWIndex(LayeredIndex):
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
        super().__init__(Layer(graph, codes, ascending=True), graph.vectors.shape[1], size)
        self.config = config
        self.recall = recall
        self.graph = graph

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
        index._restore(~rows["alive"], rows["added_codes"], rows["added"], changed)
        return index

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
