"""From token vectors to a text's vector."""

from __future__ import annotations

import torch

from .recipe import Recipe


def pooled(states: torch.Tensor, mask: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """Pool the last hidden states as the model's recipe says.

    Args:
        states: last hidden states, (batch, length, dim).
        mask: which tokens are text and not padding, (batch, length) bool; padding is at the end.
        recipe: how to pool.

    Returns:
        vectors, (batch, dim * ways of pooling).
    """
    vectors = torch.cat([_one(states, mask, mode) for mode in recipe.pooling], dim=-1)
    return torch.nn.functional.normalize(vectors, dim=-1) if recipe.normalised else vectors


def _one(states: torch.Tensor, mask: torch.Tensor, mode: str) -> torch.Tensor:
    kept = mask.unsqueeze(-1)  # (batch, length, 1)
    lengths = mask.sum(dim=1, keepdim=True)  # (batch, 1)
    if mode == "cls":
        return states[:, 0]
    if mode == "lasttoken":
        return states[torch.arange(len(states), device=states.device), lengths[:, 0] - 1]
    if mode == "max":
        return states.masked_fill(~kept, -torch.inf).amax(dim=1)
    total = (states * kept).sum(dim=1)  # (batch, dim)
    return total / (lengths.sqrt() if mode == "mean_sqrt_len" else lengths)
