"""Ways of tuning that change while they are trained, in any loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from penchant.language.tuning import after_step, before_training


@contextmanager
def adapting(network: nn.Module, steps: int) -> Iterator[None]:
    """Let a way of tuning that moves its ranks (AdaLoRA) do so after each step in this block.

    Args:
        network: a tuned language model, or what holds one.
        steps: steps of the optimiser that will be taken at most.
    """
    before_training(network, steps)
    learned = {id(p) for p in network.parameters() if p.requires_grad}

    def stepped(optimiser: torch.optim.Optimizer, *_: Any) -> None:
        if any(id(p) in learned for group in optimiser.param_groups for p in group["params"]):
            after_step(network)

    handle = register_optimizer_step_post_hook(stepped)
    try:
        yield
    finally:
        handle.remove()
