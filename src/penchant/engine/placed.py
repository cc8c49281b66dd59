"""An index over the items of a catalogue, as items come and change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError
from penchant.retrieve import (
    ExactIndex,
    HNSWIndex,
    Index,
    IndexConfig,
    IndexHolder,
    build_index,
)


class Growing(Index, Protocol):
    """An index that knows how many codes it has given."""

    def __len__(self) -> int:
        """Codes ever given, those of removed items too."""
        ...


Found = tuple[NDArray[np.int32], NDArray[np.float32]]
"""Codes and scores, best first."""


@dataclass(frozen=True)
class Placed:
    """An index whose codes are those of the catalogue. Items without a vector are not in it.

    Attributes:
        index: over vectors, the inner product being the score.
        items: how many items the catalogue has; what was added to the index since is not listed.
        config: for another index where this one cannot be added to.
    """

    index: Growing
    items: int
    config: IndexConfig

    @classmethod
    def of(
        cls,
        vectors: NDArray[np.float32],
        index: Growing | IndexConfig | None,
        users: Callable[[int], NDArray[np.float32]] | None = None,
    ) -> Placed:
        """An index over the vectors of all items (items, dim), made here unless given.

        Args:
            vectors: of items; those of zeros are left out.
            index: or its settings.
            users: gives the vectors of so many users, to measure the recall of an index on.

        Raises:
            UsageError: an index over other items.
        """
        config = index if isinstance(index, IndexConfig) else IndexConfig()
        if index is None or isinstance(index, IndexConfig):
            known = np.flatnonzero(np.any(vectors, axis=1))
            exact = config.kind == "exact" or (
                config.kind == "auto" and len(known) < config.exact_below
            )
            asked = None if exact or users is None else users(config.sample)
            index = build_index(
                vectors[known] if len(known) < len(vectors) else vectors,
                config,
                codes=known,
                size=len(vectors),
                queries=asked,
            )
        if isinstance(index, ExactIndex | HNSWIndex):
            index = IndexHolder(index)  # rebuilt in the background when much of it has changed
        if len(index) != len(vectors):
            raise UsageError(
                f"the index has {len(index):,} codes for {len(vectors):,} items. Build it over the "
                "item vectors of this model."
            )
        return cls(index, len(vectors), config)

    def search(
        self, vectors: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None
    ) -> list[Found]:
        """The best ``k`` items of each of some vectors (rows, dim), one pair a row.

        Args:
            vectors: of users.
            k: most items.
            allowed: which items may be found, (items,); None for all.
        """
        if allowed is None and len(self.index) > self.items:
            allowed = self._all
        codes, scores = self.index.search(vectors, min(k, self.items), allowed)
        length = np.count_nonzero(codes >= 0, axis=1).tolist()
        return [(codes[row, :n], scores[row, :n]) for row, n in enumerate(length)]

    def grown(self, vectors: NDArray[np.float32], changed: NDArray[np.int32]) -> Placed:
        """With more items, and other vectors of some; the index is shared with this one.

        An index that has been added to already gets a fresh one beside it, as codes would clash.

        Args:
            vectors: of all items now, (items, dim).
            changed: codes of known items whose vectors are others, (n,).
        """
        if len(self.index) != self.items:
            return Placed.of(vectors, self.config)
        if len(changed):
            self.index.add(vectors[changed], changed)
            self.index.remove(changed[_blank(vectors[changed])])
        if len(vectors) > self.items:
            self.index.add(vectors[self.items :])
            self.index.remove(self.items + _blank(vectors[self.items :]))
        return Placed(self.index, len(vectors), self.config)

    def status(self) -> dict[str, Any]:
        """What the index is, as plain values."""
        told = getattr(self.index, "status", dict)
        found: dict[str, Any] = told()
        return found

    def close(self) -> None:
        """Give up a rebuild under way."""
        if isinstance(self.index, IndexHolder):
            self.index.close()

    @cached_property
    def _all(self) -> NDArray[np.bool_]:
        return np.ones(self.items, np.bool_)


def _blank(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.flatnonzero(~np.any(vectors, axis=1))
