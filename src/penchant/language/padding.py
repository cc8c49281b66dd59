"""Ragged token ids as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def padded(holder: Any, tokens: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token ids padded at the end, and which of them are text, on the device of the model.

    Args:
        holder: with ``model`` and ``tokenizer``: a ``Backbone`` or a ``LanguageModel``.
        tokens: of each text, (batch, ragged).

    Returns:
        ids (batch, longest) int64 and a mask of the same shape, bool.
    """
    lengths = torch.tensor([len(row) for row in tokens])
    longest = int(lengths.max())
    fill = holder.tokenizer.pad_token_id or 0
    ids = torch.tensor([list(row) + [fill] * (longest - len(row)) for row in tokens])
    mask = torch.arange(longest)[None, :] < lengths[:, None]
    device = holder.model.device
    return ids.to(device), mask.to(device)
