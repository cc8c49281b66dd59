"""Settings of an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from penchant.core import UsageError

Kind = Literal["auto", "exact", "hnsw"]
Edges = Literal["auto", "inner-product", "cosine"]


@dataclass(frozen=True, slots=True)
class IndexConfig:
    """How an index is built and searched."""

    kind: Kind = "auto"
    """Exact, HNSW, or by the number of items."""
    exact_below: int = 100_000
    """Items below which auto compares every one: as fast there, and nothing is missed."""
    recall: float = 0.95
    """Share of the true best ten that a search in an HNSW index must find, on a sample."""
    sample: int = 256
    """Questions in the sample that recall is measured on."""
    links: int = 16
    """Neighbours of an item on each layer of the graph (twice as many on the lowest)."""
    ef_construction: int = 100
    """Candidates looked at while an item is linked; more is slower to build and finds more."""
    edges: Edges = "auto"
    """What makes two items neighbours: inner-product, cosine, or which does better on a sample."""
    most_ef: int = 1024
    """Candidates of a search (efSearch) are raised until the recall is reached, up to this many."""
    rebuild_at: float = 0.1
    """Share of items added or removed since an HNSW graph was built at which it is to be rebuilt."""
    build_threads: int = 1
    """Threads that build. With one, the same vectors and seed give the same graph."""
    search_threads: int = 1
    """Threads of one search of several rows. A server has a thread a request already: leave it 1."""

    def __post_init__(self) -> None:
        for field, known in (("kind", ("auto", "exact", "hnsw")), ("edges", _EDGES)):
            value = getattr(self, field)
            if value not in known:
                raise UsageError(f"IndexConfig.{field}={value!r}: write one of {', '.join(known)}.")
        for field, low, high in _RANGES:
            value = getattr(self, field)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            whole = isinstance(low, float) or isinstance(value, int)
            if not number or not whole or not low <= value <= high:
                raise UsageError(
                    f"IndexConfig.{field}={value!r}: write a {'whole ' * isinstance(low, int)}number "
                    f"from {low} to {high}."
                )


_EDGES = ("auto", "inner-product", "cosine")
_RANGES: tuple[tuple[str, float, float], ...] = (
    ("exact_below", 0, 2**31 - 1),
    ("recall", 0.0, 1.0),
    ("sample", 1, 100_000),
    ("links", 2, 256),
    ("ef_construction", 1, 100_000),
    ("most_ef", 1, 100_000),
    ("rebuild_at", 0.0, 1.0),
    ("build_threads", 1, 1024),
    ("search_threads", 1, 1024),
)
