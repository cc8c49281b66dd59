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
        qkv = _linear(_norm(x, self.attention_norm), self.qkv)
        q, k, v = qkv.view(batch, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(
            q, k, v, is_causal=True, dropout_p=self.dropout if self.training else 0.0
        )  # (batch, heads, length, dim / heads)
        attended = _linear(attended.transpose(1, 2).reshape(batch, length, dim), self.out)
        return self._fed(x + self._dropped(attended))

    def at(self, x: Tensor, place: Tensor | None) -> Tensor:
        """One place of each row of ``forward``, without dropout: a sixth of its work.

        All events are looked at, but only the event asked about looks, and is fed forward.

        Args:
            x: (batch, length, dim).
            place: of the event asked about in its row, (batch,); None for the last of all rows.

        Returns:
            (batch, dim).
        """
        batch, length, dim = x.shape
        normed = _norm(x, self.attention_norm)
        mask = None
        if place is None:
            own, asking = x[:, -1], normed[:, -1]
        else:
            rows = torch.arange(batch)
            own, asking = x[rows, place], normed[rows, place]
            mask = (torch.arange(length) <= place[:, None])[:, None, None]  # (batch, 1, 1, length)
        weight, bias = self.qkv.weight, self.qkv.bias
        q = functional.linear(asking, weight[:dim], bias[:dim])
        kv = functional.linear(normed, weight[dim:], bias[dim:])
        k, v = kv.view(batch, length, 2, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(
            q.view(batch, self.heads, 1, dim // self.heads), k, v, attn_mask=mask
        )
        return self._fed(own + _linear(attended.reshape(batch, dim), self.out))

    def _fed(self, x: Tensor) -> Tensor:
        """(..., dim) -> the same with what the feed-forward layer adds."""
        wide, _, _, narrow, _ = cast("tuple[nn.Linear, ...]", tuple(self.feed))
        inner = functional.gelu(_linear(_norm(x, self.feed_norm), wide))
        return x + self._dropped(_linear(self._dropped(inner), narrow))

    def _dropped(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout) if self.training else x


def _linear(x: Tensor, layer: nn.Linear) -> Tensor:
    """As ``layer(x)``: a call of a module takes as long as the operation on one short history."""
    return functional.linear(x, layer.weight, layer.bias)


def _norm(x: Tensor, layer: nn.LayerNorm) -> Tensor:
    """As ``layer(x)``."""
    return functional.layer_norm(x, layer.normalized_shape, layer.weight, layer.bias, layer.eps)


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
        return _norm(x, self.norm)

    def at(self, x: Tensor, place: Tensor | None) -> Tensor:
        """One place (batch,) of each row of ``forward``, without dropout: (batch, dim).

        None for the last place of all rows.
        """
        x = self._placed(x)
        *blocks, last = cast("list[Block]", list(self.blocks))
        for block in blocks:
            x = block.forward(x)
        return _norm(last.at(x, place), self.norm)

    def _placed(self, x: Tensor) -> Tensor:
        placed = x + self.positions.weight[: x.shape[1]]
        return cast("Tensor", self.dropout(placed)) if self.training else placed
