"""Every item compared with every question: exact."""

from __future__ import annotations

from typing import Any

from .config import IndexConfig
from .layer import Layer
from .layers import LayeredIndex, Standing
from .matrix import Matrix
from .protocols import Codes, Vectors
from .recall import Recall
from .tail import empty_layer

_TAIL = 4096  # rows added before they are merged with the others; two products cost more than one


class ExactIndex(LayeredIndex):
    """The best items exactly, in a total order: score, then the lower code.

    One product of the questions with all items: 0.2 ms for one question of 128 dimensions among
    16,859 items. NumPy's BLAS does it, on as many threads as the process gives it
    (``OPENBLAS_NUM_THREADS``; a server wants 1).

    Args:
        vectors: (n, dim) float32, row after row; may be mapped from a file. Not copied.
        codes: (n,) int32, ascending.
        size: codes ever given.
        config: the settings that it was built with.
    """

    kind = "exact"

    def __init__(
        self, vectors: Vectors, codes: Codes, size: int, config: IndexConfig | None = None
    ) -> None:
        base = Layer(Matrix(vectors), codes, ascending=True)
        super().__init__(base, vectors.shape[1], size, _settled)
        self.config = config or IndexConfig(kind="exact")
        self.recall = Recall(1.0, 0, "", 0, "", 1.0)

    @property
    def overdue(self) -> bool:
        """Whether it is to be rebuilt: where it has outgrown an exact index."""
        return self.config.kind == "auto" and self.standing.count >= self.config.exact_below

    def status(self) -> dict[str, Any]:
        """What it is, as plain values for a page of figures."""
        return {"kind": self.kind, "items": self.standing.count, "recall": 1.0}


def _settled(standing: Standing) -> Standing:
    """With the tail merged into the base, when it has grown to an eighth of it."""
    base, tail = standing.base, standing.tail
    dead = len(base) - base.count
    if len(tail) + dead <= max(_TAIL, len(base) // 8):
        return standing
    codes, vectors = standing.living()
    merged = Layer(Matrix(vectors), codes, ascending=True)
    return Standing(merged, empty_layer(vectors.shape[1]), standing.size)
