"""Item vectors: learned ids alone, or what a language model makes of the text plus a gated id."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn


class IdTable(nn.Module):
    """One learned vector an item."""

    def __init__(self, items: int, dim: int) -> None:
        super().__init__()
        self.ids = nn.Embedding(items, dim)
        nn.init.normal_(self.ids.weight, std=0.02)

    def forward(self, codes: Tensor | None = None) -> Tensor:
        """Vectors of some items (codes, dim), or of all of them (items, dim)."""
        if codes is None:
            return self.ids.weight
        vectors: Tensor = self.ids(codes)
        return vectors

    @torch.no_grad()
    def learning(self, items: int) -> IdTable:
        """A copy to be trained, with so many items; vectors of those behind the others are drawn."""
        other = IdTable(items, self.ids.embedding_dim)
        other.ids.weight[: self.ids.num_embeddings] = self.ids.weight
        return other


class TextTable(nn.Module):
    """``W text + g(n) id``: the text of an item, and what its own n events add to that.

    The gate ``g(n) = sigmoid(a log(1 + n) + b)`` opens with the events an item has, and is shut
    where it has none, so that a cold item stands on its text alone. By choice the id is left
    out at random in training, so that the text has to carry warm items too.
    """

    text: Tensor
    even: Tensor
    counts: Tensor
    centre: Tensor
    whiten: Tensor

    def __init__(
        self,
        text: Tensor,
        counts: Tensor,
        white: tuple[Tensor, Tensor],
        dim: int,
        id_dropout: float,
        *,
        learning: bool = True,
    ) -> None:
        """Make an untrained table.

        Args:
            text: frozen text vectors, (items, text dim).
            counts: events of each item in training, (items,) int64.
            white: centre (text dim,) and matrix (text dim, text dim) of the whitening.
            dim: numbers in an item's vector.
            id_dropout: how often an id is left out in training.
            learning: whether the whitened texts are kept, which training asks for again and again;
                a table that only answers makes its vectors once, and saves that memory.
        """
        super().__init__()
        centre, whiten = white
        self.register_buffer("centre", centre)
        self.register_buffer("whiten", whiten)
        even = (text - centre) @ whiten if learning else text.new_empty(0, text.shape[1])
        self.register_buffer("even", even, persistent=False)
        self.register_buffer("text", text, persistent=False)
        self.register_buffer("counts", counts, persistent=False)
        self.project = nn.Linear(text.shape[1], dim)
        self.ids = nn.Embedding(len(text), dim)
        nn.init.normal_(self.ids.weight, std=0.02)
        self.slope = nn.Parameter(torch.tensor(1.0))
        self.bias = nn.Parameter(torch.tensor(1.0))
        self.id_dropout = id_dropout

    def forward(self, codes: Tensor | None = None) -> Tensor:
        """Vectors of some items (codes, dim), or of all of them (items, dim)."""
        if codes is None and not self._keeps_even:
            return self._piece_by_piece()
        counts, ids = self.counts, self.ids.weight
        if codes is not None:
            counts, ids = counts[codes], self.ids(codes)
        text = self._even(codes)
        log_count = torch.log1p(counts.float())[:, None]  # (n, 1)
        gate = torch.sigmoid(self.slope * log_count + self.bias) * (log_count > 0)  # (n, 1)
        if self.training and self.id_dropout:
            gate = gate * (torch.rand_like(gate) >= self.id_dropout)
        vectors: Tensor = self.project(text) + gate * ids
        return vectors

    @torch.no_grad()
    def read_again(self, text: Tensor, items: Tensor | None = None) -> None:
        """Take other text vectors (items, text dim), of all items or of some, as tuning goes on."""
        where = slice(None) if items is None else items
        self.text[where] = text
        if self._keeps_even:
            self.even[where] = (text - self.centre) @ self.whiten

    @torch.no_grad()
    def reworded(self, text: Tensor, items: Tensor) -> TextTable:
        """The same table with other text vectors (n, text dim) of some items, (n,) codes."""
        whole, even = self.text.clone(), self.even.clone()
        whole[items] = text
        if self._keeps_even:
            even[items] = self._evened(text)
        return self._like(whole, even, self.counts, self.ids.weight)

    @torch.no_grad()
    def learning(self, counts: Tensor) -> TextTable:
        """A copy to be trained, with the events (items,) int64 that its items have by now.

        The id of an item without events so far begins at zero, so that it starts from where its
        text has put it.
        """
        even = self.even.clone() if self._keeps_even else self._evened(self.text)
        met = (self.counts > 0)[:, None]  # (items, 1)
        return self._like(self.text.clone(), even, counts, self.ids.weight * met)

    @torch.no_grad()
    def extended(self, text: Tensor) -> TextTable:
        """The same table with items appended that have a text (new, text dim) and no events."""
        none = torch.zeros(len(text), dtype=self.counts.dtype)
        unmet = torch.zeros(len(text), self.ids.embedding_dim)
        return self._like(
            torch.cat([self.text, text]),
            torch.cat([self.even, self._evened(text)]) if self._keeps_even else self.even,
            torch.cat([self.counts, none]),
            torch.cat([self.ids.weight, unmet]),
        )

    @torch.inference_mode()
    def vectors_again(self, before: Tensor, items: Tensor) -> Tensor:
        """The vectors of all items, where only some are new or others than they were.

        Args:
            before: of the items so far, (items so far, dim).
            items: codes of those to make, (n,).
        """
        whole = torch.cat([before, before.new_zeros(len(self.text) - len(before), before.shape[1])])
        whole[items] = _many(self, items)
        return whole

    @property
    def _keeps_even(self) -> bool:
        return len(self.even) == len(self.text)

    def _even(self, codes: Tensor | None) -> Tensor:
        """The whitened texts of some items, or of all that are kept."""
        if self._keeps_even:
            return self.even if codes is None else self.even[codes]
        return (self.text[codes] - self.centre) @ self.whiten

    def _piece_by_piece(self) -> Tensor:
        """The vectors of all items, without all whitened texts in memory at once."""
        starts = range(0, len(self.text), _PIECE)
        every = [torch.arange(n, min(n + _PIECE, len(self.text))) for n in starts]
        return torch.cat([_many(self, codes) for codes in every] or [self.ids.weight])

    def _evened(self, text: Tensor) -> Tensor:
        return _many(lambda rows: (rows - self.centre) @ self.whiten, text)

    def _like(self, text: Tensor, even: Tensor, counts: Tensor, ids: Tensor) -> TextTable:
        """What was learned over other items; nothing is drawn, and nothing shared that is trained."""
        other = TextTable.__new__(TextTable)
        nn.Module.__init__(other)
        for name, part in (("centre", self.centre), ("whiten", self.whiten), ("counts", counts)):
            other.register_buffer(name, part)
        other.register_buffer("even", even, persistent=False)
        other.register_buffer("text", text, persistent=False)
        other.project = copy.deepcopy(self.project)
        other.ids = nn.Embedding(len(ids), ids.shape[1], _weight=ids.detach().clone())
        other.slope, other.bias = copy.deepcopy(self.slope), copy.deepcopy(self.bias)
        other.id_dropout = self.id_dropout
        return other.train(self.training)


_PIECE = 8192
"""Items whose vectors are made at once, where whitened texts are not kept."""

_ROWS = 64
"""Products of fewer rows are made in other ways, and rounded otherwise, than those of many."""


def _many(make: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """``make`` of some rows, rounded as if they stood among many.

    So a row is the same however it came to be: put alone, or loaded with all others.
    """
    lacking = _ROWS - len(rows)
    if lacking <= 0 or not len(rows):
        return make(rows)
    return make(torch.cat([rows, rows[:1].expand(lacking, *rows.shape[1:])]))[: len(rows)]
