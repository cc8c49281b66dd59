"""What stands on the language model in a two-tower model: how items are moved and users pooled."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from penchant.core import Sequences

START_DECAY = 0.7
"""What an item counts beside the one after it before anything is learned."""

ROWS = 1024
"""Histories pooled at once when nothing is learned."""


class Towers(nn.Module):
    """A matrix for items, one for users, and the weights of a history's items.

    An item's weight is the softmax over the history of a learned number for its place from the end
    plus the product of its vector with a learned one.
    """

    def __init__(self, dim: int, history: int) -> None:
        """Args: dim: numbers of a text vector; history: most items of a history that count."""
        super().__init__()
        self.item = nn.Linear(dim, dim, bias=False)
        self.user = nn.Linear(dim, dim, bias=False)
        nn.init.zeros_(self.item.weight)
        nn.init.zeros_(self.user.weight)
        self.recency = nn.Parameter(torch.arange(history) * math.log(START_DECAY))
        self.content = nn.Parameter(torch.zeros(dim))

    def items(self, vectors: Tensor) -> Tensor:
        """Unit vectors of items, of the same shape as their text vectors (..., dim)."""
        return functional.normalize(vectors + self.item(vectors), dim=-1)

    def before(self, vectors: Tensor, there: Tensor) -> Tensor:
        """The user before each event, from the events before it.

        Args:
            vectors: text vectors of histories, oldest first, (rows, longest, dim).
            there: which are events with a text, (rows, longest) bool.

        Returns:
            unit vectors (rows, longest, dim); of no meaning where no event came before.
        """
        longest = vectors.shape[1]
        place = torch.arange(longest, device=vectors.device)
        return self._pooled(vectors, there, place[:, None] - 1 - place[None, :])

    def after(self, vectors: Tensor, there: Tensor) -> Tensor:
        """The user after their whole history, at the right end of it: unit vectors (rows, dim)."""
        longest = vectors.shape[1]
        lag = longest - 1 - torch.arange(longest, device=vectors.device)
        return self._pooled(vectors, there, lag[None, :])[:, 0]

    def _pooled(self, vectors: Tensor, there: Tensor, lag: Tensor) -> Tensor:
        """Pooled by how many events lie between, (asked, longest); negative where not yet seen."""
        most = len(self.recency)
        seen = (lag >= 0) & (lag < most)  # (asked, longest)
        logits = self.recency[lag.clamp(0, most - 1)] + (vectors @ self.content)[:, None, :]
        logits = logits.masked_fill(~(seen & there[:, None, :]), torch.finfo(logits.dtype).min)
        pooled = logits.softmax(dim=-1) @ vectors  # (rows, asked, dim)
        return functional.normalize(pooled + self.user(pooled), dim=-1)

    @torch.inference_mode()
    def items_of(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Unit vectors of items (items, dim); zeros stay."""
        found: NDArray[np.float32] = self.items(torch.from_numpy(vectors)).numpy()
        return found

    @torch.inference_mode()
    def users_of(self, vectors: NDArray[np.float32], history: Sequences) -> NDArray[np.float32]:
        """Unit vectors of users (rows, dim); zeros for an empty history.

        Args:
            vectors: text vectors of all items, (items, dim).
            history: items with a text only, no longer than the towers know.
        """
        found = np.zeros((len(history), vectors.shape[1]), np.float32)
        filled = np.flatnonzero(history.lengths)
        for start in range(0, len(filled), ROWS):
            rows = filled[start : start + ROWS]
            part = history[rows]
            codes, there = right_aligned(part)
            read = torch.from_numpy(vectors[codes])  # (rows, longest, dim)
            found[rows] = self.after(read, torch.from_numpy(there)).numpy()
        return found


def right_aligned(rows: Sequences) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Item codes (rows, longest), the newest at the right end, and which of them are events."""
    lengths, longest = rows.lengths, int(rows.lengths.max(initial=1))
    codes = np.zeros((len(rows), longest), np.int64)
    there = np.arange(longest) >= longest - lengths[:, None]
    codes[there] = rows.item
    return codes, there
