"""What a training loop does for a way of tuning: AdaLoRA's moving ranks, and what must not decay.

::

    before_training(network, steps)
    for step in range(1, steps + 1):
        loss = ... + penalty(network)
        loss.backward()
        optimiser.step()
        after_step(network)  # while the gradients are still there
        optimiser.zero_grad()

``network`` is the tuned language model or whatever holds it. For every way but AdaLoRA the three
do nothing, so a loop may call them always.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from penchant.core import UsageError

from .apply import installed_on
from .budget import RankBudget, layers_of, skewness
from .installed import Installed
from .ways import IA3, AdaLoRA, PrefixTuning, PromptTuning


def before_training(network: nn.Module, steps: int) -> None:
    """Plan the whole training. Call it once, before the weights of a checkpoint are loaded.

    Args:
        network: what will be trained.
        steps: steps of the optimiser that will be taken at most.
    """
    for module, way, into in list(_adalora(network)):
        module.add_module("rank_budget", RankBudget(layers_of(into), way, steps))


def penalty(network: nn.Module) -> Tensor:
    """What to add to the loss, a number: AdaLoRA's orthogonality (its equation 4), or zero."""
    parts = [way.orthogonality * skewness(layers_of(into)) for _, way, into in _adalora(network)]
    return torch.stack(parts).sum() if parts else torch.zeros(())


def after_step(network: nn.Module, step: int | None = None) -> None:
    """Move AdaLoRA's ranks to where they matter.

    Args:
        network: what is trained; its gradients are still those of this step.
        step: steps of the optimiser taken so far, this one counted: the first is 1. By default
            the plan counts them itself; its count is in the state, so a resumed training goes on.

    Raises:
        UsageError: ``before_training`` was not called.
    """
    for module, _, into in _adalora(network):
        budget = getattr(module, "rank_budget", None)
        if not isinstance(budget, RankBudget):
            raise UsageError("AdaLoRA plans its ranks: call before_training(network, steps) first.")
        budget.after_step(layers_of(into), int(budget.taken) + 1 if step is None else step)


def without_decay(network: nn.Module) -> list[nn.Parameter]:
    """Parameters that weight decay must leave alone although they have the shape of a matrix.

    Decay pulls towards zero. For the matrices of LoRA and of adapters, and for AdaLoRA's singular
    values, zero is the base: they decay (AdaLoRA's singular vectors too, which its penalty holds at
    length 1). A factor of IA3 at zero switches its activation off, and virtual tokens of zeros still
    take their share of the attention: for these zero is not the base.

    Args:
        network: the tuned language model or whatever holds it.
    """
    return [
        module.get_parameter(name)
        for module, into in _installed(network)
        if isinstance(into.way, IA3 | PrefixTuning | PromptTuning)
        for name in into.trained
    ]


def _adalora(network: nn.Module) -> Iterator[tuple[nn.Module, AdaLoRA, Installed]]:
    for module, into in _installed(network):
        if isinstance(into.way, AdaLoRA):
            yield module, into.way, into


def _installed(network: nn.Module) -> Iterator[tuple[nn.Module, Installed]]:
    for module in network.modules():
        into = installed_on(module)
        if into is not None:
            yield module, into
