"""A network that reads a history and scores the next item: what SASRec and TextSequence share."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

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
        last = torch.from_numpy(rows.lengths - 1)
        states: Tensor = self.encoder.at(self.features(vectors * self.scale, rows), last)
        return states

    def with_table(self, table: nn.Module) -> NextItem:
        """The same network over other item vectors of the same size."""
        return NextItem(table, self.encoder, self.features, self.scale).eval()

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
        states = torch.zeros(len(history), items.shape[1])
        filled = np.flatnonzero(history.lengths)
        for batch in batches_by_length(history.lengths[filled], TOKENS_AT_ONCE, slack=1):
            rows = history[filled[batch]]
            read = self.read_last(items[rectangle(rows, rows.item)], rows)
            states[torch.from_numpy(filled[batch])] = read
        found: NDArray[np.float32] = states.numpy()
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
    box = np.zeros((len(rows), int(lengths.max(initial=1))), np.int64)
    column = np.arange(len(values)) - np.repeat(rows.indptr[:-1], lengths)
    box[rows.row, column] = values
    return torch.from_numpy(box)


def gap_bins(rows: Sequences, bins: int) -> NDArray[np.int64]:
    """The bin of the time since the event before, (events,); 0 for the first of a row."""
    gap = np.diff(rows.time, prepend=0.0)
    found = 1 + np.log2(1.0 + np.maximum(gap, 0.0)).astype(np.int64)
    starts = rows.indptr[:-1]
    found[starts[starts < len(found)]] = 0
    return np.minimum(found, bins - 1)
