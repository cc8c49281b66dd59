"""A causal transformer over a history: what is known before each next event."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Self-attention and a feed-forward layer, each after a layer norm and added to its input."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.attention_norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.feed_norm = nn.LayerNorm(dim)
        self.feed = nn.Sequential(
            nn.Linear(dim, 4 * dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * dim, dim),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, dim) -> (batch, length, dim)."""
        batch, length, dim = x.shape
        qkv = self.qkv(self.attention_norm(x)).view(batch, length, 3, self.heads, dim // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (batch, heads, length, dim / heads)
        attended = functional.scaled_dot_product_attention(
            q, k, v, is_causal=True, dropout_p=self.dropout if self.training else 0.0
        )
        attended = self.out(attended.transpose(1, 2).reshape(batch, length, dim))
        x = x + functional.dropout(attended, self.dropout, self.training)
        fed: Tensor = x + self.feed(self.feed_norm(x))
        return fed

    def at(self, x: Tensor, place: Tensor) -> Tensor:
        """One place of each row of ``forward``, without dropout: a sixth of its work.

        All events are looked at, but only the event asked about looks, and is fed forward.

        Args:
            x: (batch, length, dim).
            place: of the event asked about in its row, (batch,).

        Returns:
            (batch, dim).
        """
        batch, length, dim = x.shape
        rows, normed = torch.arange(batch), self.attention_norm(x)
        weight, bias = self.qkv.weight, self.qkv.bias
        q = functional.linear(normed[rows, place], weight[:dim], bias[:dim])
        kv = functional.linear(normed, weight[dim:], bias[dim:])
        k, v = kv.view(batch, length, 2, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        past = torch.arange(length) <= place[:, None]  # (batch, length)
        attended = functional.scaled_dot_product_attention(
            q.view(batch, self.heads, 1, dim // self.heads),
            k,
            v,
            attn_mask=None if bool(past.all()) else past[:, None, None],
        )
        asked = x[rows, place] + self.out(attended.reshape(batch, dim))
        fed: Tensor = asked + self.feed(self.feed_norm(asked))
        return fed


class CausalTransformer(nn.Module):
    """Blocks over event vectors plus learned positions, oldest event first.

    Histories are padded on the right: a causal layer never looks there, so no mask is needed.
    Source: W.-C. Kang and J. McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018.
    """

    def __init__(self, dim: int, layers: int, heads: int, dropout: float, length: int) -> None:
        super().__init__()
        self.positions = nn.Embedding(length, dim)
        nn.init.normal_(self.positions.weight, std=0.02)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(dim, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Event vectors (batch, length, dim) -> states after each event (batch, length, dim)."""
        x = self._placed(x)
        for block in self.blocks:
            x = block(x)
        normed: Tensor = self.norm(x)
        return normed

    def at(self, x: Tensor, place: Tensor) -> Tensor:
        """One place (batch,) of each row of ``forward``, without dropout: (batch, dim)."""
        x = self._placed(x)
        *blocks, last = cast("list[Block]", list(self.blocks))
        for block in blocks:
            x = block(x)
        normed: Tensor = self.norm(last.at(x, place))
        return normed

    def _placed(self, x: Tensor) -> Tensor:
        placed: Tensor = self.dropout(x + self.positions(torch.arange(x.shape[1])))
        return placed
