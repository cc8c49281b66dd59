"""Optimisers and their parameter groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from penchant.core import UsageError
from penchant.language.tuning import without_decay

from .settings import LoopConfig

MOMENTUM = 0.9
"""Of SGD: what Sutskever et al. 2013 and most recipes since take."""


def optimiser_for(network: nn.Module, config: LoopConfig) -> torch.optim.Optimizer:
    """The optimiser of a network's learned parameters.

    AdamW (Loshchilov and Hutter 2019), SGD with momentum, or Adafactor (Shazeer and Stern 2018)
    with the learning rate from outside. Which parameters decay says ``by_decay``.

    Raises:
        UsageError: no parameter is to be learned, or a group fits no parameter.
    """
    groups = parameter_groups(network, config)
    if config.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=config.learning_rate, momentum=MOMENTUM)
    if config.optimiser == "adafactor":
        from transformers.optimization import Adafactor  # heavy, and few ask for it

        return Adafactor(  # type: ignore[no-untyped-call]  # transformers
            groups, lr=config.learning_rate, scale_parameter=False, relative_step=False
        )
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)


def parameter_groups(network: nn.Module, config: LoopConfig) -> list[dict[str, Any]]:
    """Learned parameters by learning rate and decay, with ``factor`` of the learning rate.

    Raises:
        UsageError: no parameter is to be learned, or a group fits no parameter.
    """
    learned = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    if not learned:
        raise UsageError("this network has no parameter that is to be learned.")
    begins = {_begin_of(name, config.groups) for name, _ in learned}
    for begin, _ in config.groups:
        if begin not in begins:
            raise UsageError(
                f"no learned parameter belongs to the group {begin!r}; their names begin with "
                f"{', '.join(sorted({name.split('.')[0] for name, _ in learned}))}."
            )
    factors = {"": 1.0} | dict(config.groups)
    decaying = {id(p) for p in by_decay(network)[0]}
    groups: list[dict[str, Any]] = []
    for begin in sorted(begins):
        mine = [p for name, p in learned if _begin_of(name, config.groups) == begin]
        groups += [
            {
                "params": [p for p in mine if (id(p) in decaying) == decays],
                "weight_decay": config.weight_decay if decays else 0.0,
                "factor": factors[begin],
            }
            for decays in (True, False)
        ]
    return groups


def by_decay(network: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Learned parameters that weight decay pulls towards zero, and those that it does not.

    Matrices decay. Biases, norms and scalars do not, nor does what a way of tuning multiplies
    activations with or puts beside them (see ``penchant.language.tuning.without_decay``).
    """
    spared = {id(p) for p in without_decay(network)}
    learned = [p for p in network.parameters() if p.requires_grad]
    decays = [p.dim() > 1 and id(p) not in spared for p in learned]
    return (
        [p for p, pulled in zip(learned, decays, strict=True) if pulled],
        [p for p, pulled in zip(learned, decays, strict=True) if not pulled],
    )


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give each group its share of a learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]


def _begin_of(name: str, groups: Iterable[tuple[str, float]]) -> str:
    fits = [begin for begin, _ in groups if name.startswith(begin)]
    return max(fits, key=len, default="")
