"""Hard negatives: items that a model takes for the right one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.core import Sequences, UsageError, top_k


@dataclass(frozen=True, slots=True)
class HardNegatives:
    """The most similar items that are not positives, found in an exact index.

    What it is for: random negatives are soon told apart and teach nothing more; those that the
    model of the last epoch ranks highest do. The highest of all are often likes that nobody
    recorded (false negatives), so items about as similar as the positive are left out. When to use
    it: after a first training with random negatives; mine anew every epoch or so.

    Source: L. Xiong et al., "Approximate Nearest Neighbor Negative Contrastive Learning for Dense
    Text Retrieval", ICLR 2021; the guard relative to the positive of G. Moreira et al.,
    "NV-Retriever: Improving Text Embedding Models with Effective Hard-Negative Mining", 2024.
    """

    count: int = 4
    """Negatives a row."""
    skip: int = 0
    """The most similar items that are left out unseen: a guard for when no positive is at hand."""
    below: float | None = 0.95
    """A negative's similarity is at most this share of the positive's (of its size, so that it
    works for similarities below zero too); None: no guard."""
    margin: float = 0.0
    """A negative's similarity is also below the positive's by at least this; in units of it. With
    0 it may be above where ``below`` is None."""
    cosine: bool = True
    """Whether vectors are scaled to length 1 first."""
    block: int = 1024
    """Rows searched at once: memory is block times items times 4 bytes."""

    def __post_init__(self) -> None:
        if self.count < 1 or self.skip < 0 or self.block < 1 or self.margin < 0:
            raise UsageError("HardNegatives: count and block from 1, skip and margin from 0.")

    def mine(
        self,
        queries: NDArray[np.float32],
        items: NDArray[np.float32],
        target: NDArray[np.integer],
        known: Sequences | None = None,
    ) -> NDArray[np.int64]:
        """Negatives of each row, hardest first.

        Args:
            queries: (rows, dim).
            items: vectors of the catalogue, (items, dim).
            target: code of each row's positive, (rows,).
            known: all items known to be positives of each row, to be left out; the target always is.

        Returns:
            Item codes (rows, count); -1 where a row has fewer.

        Raises:
            UsageError: shapes do not fit.
        """
        if queries.ndim != 2 or items.ndim != 2 or queries.shape[1] != items.shape[1]:
            raise UsageError(
                f"queries {queries.shape} and items {items.shape}: (rows, dim) and (items, dim)."
            )
        rows = len(queries)
        if len(target) != rows or (known is not None and len(known) != rows):
            raise UsageError(f"target and known: one entry for each of the {rows} queries.")
        if self.cosine:
            queries, items = _unit(queries), _unit(items)
        found = np.full((rows, self.count), -1, np.int64)
        for start in range(0, rows, self.block):
            part = slice(start, start + self.block)
            own = known[part] if known is not None else None
            found[part] = self._block(queries[part], items, np.asarray(target[part]), own)
        return found

    def _block(
        self,
        queries: NDArray[np.float32],
        items: NDArray[np.float32],
        target: NDArray[np.integer],
        known: Sequences | None,
    ) -> NDArray[np.int64]:
        similar = queries @ items.T  # (block, items)
        right = similar[np.arange(len(queries)), target][:, None]  # (block, 1)
        similar[np.arange(len(queries)), target] = -np.inf
        if known is not None:
            similar[known.row, known.item] = -np.inf
        kept = similar
        if self.skip:
            # the k-th highest, positives not counted: what is above it is not looked at
            k = min(self.skip, similar.shape[1])
            bound = -np.partition(-similar, k - 1, axis=1)[:, k - 1 : k]
            kept = np.where(similar >= bound, -np.inf, similar)
        if self.below is not None:
            limit = right - (1 - self.below) * np.abs(right)
            kept = np.where(kept > limit, -np.inf, kept)
        if self.margin > 0:
            kept = np.where(kept > right - self.margin, -np.inf, kept)
        codes, scores = top_k(kept, self.count)
        return np.where(np.isneginf(scores), -1, codes).astype(np.int64)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), np.float32)
