"""A network that reads a history and scores the next item: what SASRec and TextSequence share."""

from __future__ import annotations

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from penchant.core import Sequences
from penchant.language import batches_by_length

from .sequence_config import SequenceConfig
from .transformer import CausalTransformer

TOKENS_AT_ONCE = 16_384
"""Events read in one step when nothing is learned."""


class Features(nn.Module):
    """What is known of an event beside its item: its kind, and how long after the one before.

    Gaps are binned by their binary logarithm in seconds: 0 is "unknown", 1 "at once", up to about
    a century. A vector a kind and a vector a bin are added to the item's.
    """

    BINS = 34

    def __init__(self, dim: int, kinds: int, timed: bool) -> None:
        super().__init__()
        self._dim = dim
        self.kind = nn.Embedding(kinds, dim) if kinds > 1 else None
        self.gap = nn.Embedding(self.BINS, dim) if timed else None
        for table in (self.kind, self.gap):
            if table is not None:
                nn.init.normal_(table.weight, std=0.02)

    def forward(self, x: Tensor, rows: Sequences) -> Tensor:
        """(batch, longest, dim) -> the same with what the events of ``rows`` add."""
        if self.kind is not None:
            x = x + self.kind(rectangle(rows, rows.kind))
        if self.gap is not None:
            x = x + self.gap(rectangle(rows, gap_bins(rows, self.BINS)))
        return x

    @torch.no_grad()
    def learning(self, kinds: int) -> Features:
        """A copy to be trained, with so many kinds of event; new ones add nothing at first."""
        other = copy.deepcopy(self)
        if kinds > 1:
            known = self.kind.weight if self.kind is not None else torch.zeros(0, self._dim)
            other.kind = nn.Embedding(kinds, self._dim)
            other.kind.weight.zero_()
            other.kind.weight[: len(known)] = known
        return other


class NextItem(nn.Module):
    """Item vectors and a causal transformer: the state after an event, dotted with an item.

    ``read`` gives the states; their product with item vectors gives the scores (inputs and
    outputs share the item vectors).
    """

    def __init__(
        self, table: nn.Module, encoder: CausalTransformer, features: Features, scale: float
    ) -> None:
        """Args: scale: what item vectors are multiplied with on their way in."""
        super().__init__()
        self.table = table
        self.encoder = encoder
        self.features = features
        self.scale = scale

    def read(self, vectors: Tensor, rows: Sequences) -> Tensor:
        """Item vectors (batch, longest, dim) of some histories -> states of the same shape."""
        states: Tensor = self.encoder(self.features(vectors * self.scale, rows))
        return states

    def read_last(self, vectors: Tensor, rows: Sequences) -> Tensor:
        """As ``read``, the state after the last event of each row alone: (batch, dim)."""
        last = None if _alike(rows.lengths) else torch.from_numpy(rows.lengths - 1)
        return self.encoder.at(self.features.forward(vectors * self.scale, rows), last)

    def with_table(self, table: nn.Module) -> NextItem:
        """The same network over other item vectors of the same size."""
        return NextItem(table, self.encoder, self.features, self.scale).eval()

    def learning(self, table: nn.Module, kinds: int) -> NextItem:
        """A copy to be trained over a table of its own, with so many kinds of event."""
        return NextItem(
            table, copy.deepcopy(self.encoder), self.features.learning(kinds), self.scale
        ).requires_grad_()

    def score(self, history: Sequences, items: Tensor | None = None) -> NDArray[np.float32]:
        """Scores (rows, items) of every item after each history; zeros for an empty one.

        Args:
            history: cut to the length that the encoder reads.
            items: what ``items()`` gave, from whoever knows that it still holds; made anew if None.
        """
        items = self.items() if items is None else items
        scores: NDArray[np.float32] = self.users(history, items) @ items.numpy().T
        return scores

    @torch.inference_mode()
    def items(self) -> Tensor:
        """The vectors of all items, (items, dim)."""
        vectors: Tensor = self.table().detach()
        return vectors

    @torch.inference_mode()
    def users(self, history: Sequences, items: Tensor) -> NDArray[np.float32]:
        """The state after the last event of each history, zeros for an empty one.

        Args:
            history: cut to the length that the encoder reads.
            items: the vectors of all items, (items, dim).

        Returns:
            (rows, dim).
        """
        lengths = history.lengths
        if 0 < len(history.item) <= TOKENS_AT_ONCE and _alike(lengths):
            return self._states(history, items)
        states = np.zeros((len(history), items.shape[1]), np.float32)
        filled = np.flatnonzero(lengths)
        for batch in batches_by_length(lengths[filled], TOKENS_AT_ONCE, slack=1):
            states[filled[batch]] = self._states(history[filled[batch]], items)
        return states

    def _states(self, rows: Sequences, items: Tensor) -> NDArray[np.float32]:
        """The state after the last event of each row, (rows, dim); none of them is empty."""
        vectors = functional.embedding(rectangle(rows, rows.item), items)
        found: NDArray[np.float32] = self.read_last(vectors, rows).numpy()
        return found


def next_item(
    table: nn.Module, config: SequenceConfig, scale: float, kinds: int = 1, timed: bool = False
) -> NextItem:
    """An untrained network over a table of item vectors."""
    encoder = CausalTransformer(
        config.dim, config.layers, config.heads, config.dropout, config.history
    )
    return NextItem(table, encoder, Features(config.dim, kinds, timed), scale)


def rectangle(rows: Sequences, values: NDArray[np.generic]) -> Tensor:
    """Ragged values (events,) as an int64 tensor (rows, longest), zeros on the right."""
    lengths = rows.lengths
    if len(values) and _alike(lengths):
        return torch.from_numpy(values.astype(np.int64).reshape(len(rows), -1))
    box = np.zeros((len(rows), int(lengths.max(initial=1))), np.int64)
    column = np.arange(len(values)) - np.repeat(rows.indptr[:-1], lengths)
    box[rows.row, column] = values
    return torch.from_numpy(box)


def _alike(lengths: NDArray[np.int64]) -> bool:
    """Whether all rows have the same length, as one alone has."""
    return len(lengths) == 1 or bool((lengths == lengths[:1]).all())


def gap_bins(rows: Sequences, bins: int) -> NDArray[np.int64]:
    """The bin of the time since the event before, (events,); 0 for the first of a row."""
    gap = np.diff(rows.time, prepend=0.0)
    found = 1 + np.log2(1.0 + np.maximum(gap, 0.0)).astype(np.int64)
    starts = rows.indptr[:-1]
    found[starts[starts < len(found)]] = 0
    return np.minimum(found, bins - 1)
