"""Weights set aside: of what is learned, and the buffers; a frozen base is not copied."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Weights = Mapping[str, Tensor]
"""Learned parameters and persistent buffers by name."""


def snapshot(network: nn.Module) -> dict[str, Tensor]:
    """A copy of the learned parameters and persistent buffers by name."""
    frozen = {
        name for name, p in network.named_parameters(remove_duplicate=False) if not p.requires_grad
    }
    return {
        name: value.detach().clone()
        for name, value in network.state_dict().items()
        if name not in frozen and isinstance(value, Tensor)
    }


def put_back(network: nn.Module, weights: Weights) -> None:
    """Give a network the weights of a :func:`snapshot` of it."""
    network.load_state_dict(dict(weights), strict=False)


@torch.no_grad()
def move_towards(average: Weights, network: nn.Module, share: float) -> None:
    """Move floating numbers of ``average`` by a share of the way to the network's; copy others."""
    for name, value in network.state_dict().items():
        if name in average:
            if average[name].is_floating_point():
                average[name].lerp_(value, share)
            else:
                average[name].copy_(value)


@dataclass(slots=True)
class Best:
    """The best weights so far, and for how many epochs they have been.

    Attributes:
        figure: their validation figure.
        epoch: after which they were, from 1; 0 before the first validation.
        stale: validations since then.
        weights: a snapshot.
    """

    figure: float = -math.inf
    epoch: int = 0
    stale: int = 0
    weights: Weights | None = None

    def see(self, figure: float, epoch: int, network: nn.Module) -> None:
        """Keep these weights if their figure is the best."""
        self.stale += 1
        if figure > self.figure:
            self.figure, self.epoch, self.stale = figure, epoch, 0
            self.weights = snapshot(network)
