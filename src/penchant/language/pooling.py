"""From token vectors to a text's vector."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .recipe import Recipe


class AttentionPooling(nn.Module):
    """A mean whose weights are learned: a token weighs what a trained query makes of its vector.

    The query starts at zero, so that an untrained pooling is the mean and training departs from
    there (attention with one learned query: Yang et al. 2016, "Hierarchical Attention Networks").

    Args:
        hidden: length of a token vector.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(hidden))

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Vectors (batch, hidden) of states (batch, length, hidden) under a mask (batch, length)."""
        scores = states @ self.query / states.shape[-1] ** 0.5  # (batch, length)
        weights = scores.masked_fill(~mask, -torch.inf).softmax(dim=-1)
        pooled: Tensor = (weights.unsqueeze(-1) * states).sum(dim=1)
        return pooled


def pooled(
    states: Tensor, mask: Tensor, recipe: Recipe, attention: AttentionPooling | None = None
) -> Tensor:
    """Pool the last hidden states as the model's recipe says.

    Args:
        states: last hidden states, (batch, length, dim).
        mask: which tokens are text and not padding, (batch, length) bool; padding is at the end.
        recipe: how to pool.
        attention: the learned part, where the recipe pools by ``"attention"``.

    Returns:
        vectors, (batch, dim * ways of pooling).
    """
    ways = [
        attention(states, mask)
        if mode == "attention" and attention is not None
        else _one(states, mask, mode)
        for mode in recipe.pooling
    ]
    vectors = torch.cat(ways, dim=-1)
    return torch.nn.functional.normalize(vectors, dim=-1) if recipe.normalised else vectors


def _one(states: Tensor, mask: Tensor, mode: str) -> Tensor:
    kept = mask.unsqueeze(-1)  # (batch, length, 1)
    lengths = mask.sum(dim=1, keepdim=True)  # (batch, 1)
    if mode == "cls":
        return states[:, 0]
    if mode == "lasttoken":
        return states[torch.arange(len(states), device=states.device), lengths[:, 0] - 1]
    if mode == "max":
        return states.masked_fill(~kept, -torch.inf).amax(dim=1)
    if mode == "weightedmean":  # a later token has seen more of the text (Muennighoff 2022)
        place = torch.arange(1, mask.shape[1] + 1, device=states.device, dtype=states.dtype)
        weights = place * mask / (place * mask).sum(dim=1, keepdim=True)  # (batch, length)
        return (states * weights.unsqueeze(-1)).sum(dim=1)
    total = (states * kept).sum(dim=1)  # (batch, dim)
    return total / (lengths.sqrt() if mode == "mean_sqrt_len" else lengths)
