"""AdaLoRA's budget (Zhang et al. 2023): ranks go to the matrices whose singular values matter.

PEFT keeps the averages below in dictionaries that no ``state_dict`` holds; here they are buffers,
so a training that was killed goes on exactly where it was.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from penchant.core import UsageError

from .installed import Installed
from .low_rank import ADAPTER
from .ways import AdaLoRA

SMOOTHING = 0.85
"""Of both averages, as in the paper."""

_FACTORS = ("lora_A", "lora_E", "lora_B")


class RankBudget(nn.Module):
    """How important each singular value is, and how many may stay at a step.

    Args:
        layers: the adapted layers of PEFT.
        way: rank at the start and at the end, and when it falls.
        steps: steps of the whole training.
    """

    sensitivity: Tensor
    uncertainty: Tensor
    kept: Tensor
    taken: Tensor

    def __init__(self, layers: list[Any], way: AdaLoRA, steps: int) -> None:
        super().__init__()
        if steps < 1:
            raise UsageError(f"a training of {steps} steps trains nothing: take at least 1.")
        self._way = way
        self._steps = steps
        first = layers[0].lora_E[ADAPTER]
        size = sum(weight.numel() for layer in layers for weight in factors(layer))
        for name in ("sensitivity", "uncertainty"):
            self.register_buffer(name, torch.zeros(size, device=first.device))
        everything = torch.ones(len(layers) * way.start_rank, dtype=torch.bool)
        self.register_buffer("kept", everything.to(first.device))  # (layers * start_rank,)
        self.register_buffer("taken", torch.zeros((), dtype=torch.int64))  # steps

    def allowed(self, step: int) -> int:
        """Singular values that may differ from zero after a step: falls by a cubic (equation 12)."""
        most, least = len(self.kept), len(self.kept) // self._way.start_rank * self._way.rank
        first, last = self._turns()
        if step <= first:
            return most
        if step >= last:
            return least
        left = 1 - (step - first) / (last - first)
        return int((most - least) * left**3 + least)

    @torch.no_grad()
    def after_step(self, layers: list[Any], step: int) -> None:
        """Note how much the loss depends on each weight; at intervals zero what matters least.

        Args:
            layers: those the budget was made for; their gradients are of this step.
            step: steps taken, this one counted.
        """
        self.taken.fill_(step)
        first, last = self._turns()
        if step <= last:
            self._notice(layers)
            if step == last or (step > first and step % self._way.interval == 0):
                self._choose(layers, self.allowed(step))
        if step >= last or (step > first and step % self._way.interval == 0):
            self._keep(layers)

    def _turns(self) -> tuple[int, int]:
        """The last step with every rank, and the step at which the ranks are final."""
        first = int(self._way.warmup * self._steps)
        last = self._steps - int(self._way.cooldown * self._steps)
        return first, max(first + 1, last)

    def _notice(self, layers: list[Any]) -> None:
        now = torch.cat(
            [
                (weight * weight.grad).abs().flatten()
                if weight.grad is not None
                else torch.zeros_like(weight).flatten()
                for layer in layers
                for weight in factors(layer)
            ]
        )
        self.sensitivity.mul_(SMOOTHING).add_(now, alpha=1 - SMOOTHING)
        away = (now - self.sensitivity).abs()
        self.uncertainty.mul_(SMOOTHING).add_(away, alpha=1 - SMOOTHING)

    def _choose(self, layers: list[Any], allowed: int) -> None:
        # a triplet is a singular value with its two vectors: equation 7
        importance, start, scores = self.sensitivity * self.uncertainty, 0, []
        for layer in layers:
            shares = []
            for place, weight in enumerate(factors(layer)):
                own = importance[start : start + weight.numel()].view_as(weight)
                start += weight.numel()
                shares.append(own.mean(dim=0 if place == 2 else 1))  # lora_B is (out, rank)
            scores.append(torch.stack(shares).sum(dim=0))
        best = torch.cat(scores).topk(allowed).indices
        self.kept.fill_(False)
        self.kept[best] = True

    def _keep(self, layers: list[Any]) -> None:
        for layer, kept in zip(layers, self.kept.view(len(layers), -1), strict=True):
            layer.lora_E[ADAPTER].masked_fill_(~kept[:, None], 0.0)


def factors(layer: Any) -> list[Tensor]:
    """The right vectors (rank, in), singular values (rank, 1) and left vectors (out, rank)."""
    return [getattr(layer, name)[ADAPTER] for name in _FACTORS]


def layers_of(into: Installed) -> list[Any]:
    """The layers that PEFT adapted, in the order of the model."""
    return list(into.parts.values())


def skewness(layers: list[Any]) -> Tensor:
    """How far the singular vectors are from orthogonal: mean Frobenius norm of ``P P' - I``."""
    grams = []
    for layer in layers:
        right, _, left = factors(layer)
        grams += [right @ right.T, left.T @ left]  # (rank, rank) each
    one = torch.eye(len(grams[0]), device=grams[0].device)
    far: Tensor = torch.linalg.matrix_norm(torch.stack(grams) - one).mean()
    return far
