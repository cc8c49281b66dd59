"""Bottleneck adapters (Houlsby et al. 2019): two small residual networks a block."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from penchant.core import generator

from . import anatomy
from .installed import Installed
from .ways import Adapters

START = 1e-3
"""Standard deviation of the weights at the start: the network is the identity but for 1e-6."""


class Bottleneck(nn.Module):
    """A linear layer of the base, and after it ``x + up(gelu(down(x)))``."""

    def __init__(self, base_layer: nn.Module, width: int, size: int, like: Tensor) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.down = nn.Linear(width, size, device=like.device, dtype=like.dtype)
        self.up = nn.Linear(size, width, device=like.device, dtype=like.dtype)

    @property
    def weight(self) -> Any:
        """The base's matrix: T5 asks its layers for its type."""
        return self.base_layer.weight

    def forward(self, states: Tensor) -> Tensor:
        """States (batch, length, inner) to states (batch, length, width)."""
        out: Tensor = self.base_layer(states)
        added: Tensor = self.up(nn.functional.gelu(self.down(out)))
        return out + added


def add_bottlenecks(module: Any, into: Installed, way: Adapters, seed: int) -> None:
    """A bottleneck after attention's and after the feed-forward part's last layer."""
    random = torch.Generator().manual_seed(int(generator(seed, "adapter").integers(2**31)))
    for site in anatomy.wanted(module.model, way.layers, ("mixed", "outer"), "Adapters"):
        weight: Any = site.layer.weight
        width = weight.shape[0] if isinstance(site.layer, nn.Linear) else weight.shape[1]
        added = Bottleneck(site.layer, int(width), way.size, weight)
        for part in (added.down, added.up):
            start = torch.randn(part.weight.shape, generator=random) * START
            part.weight.data.copy_(start)
            part.bias.data.zero_()
        into.put(module, f"model.{site.path}", added)
        into.trains(f"model.{site.path}.down", added.down)
        into.trains(f"model.{site.path}.up", added.up)
    if way.norms:
        for path, block in anatomy.top_blocks(module.model, way.layers):
            for name, norm in anatomy.norms(block):
                into.trains(f"model.{path}.{name}", norm)
