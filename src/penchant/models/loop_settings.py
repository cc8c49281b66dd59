"""How the optimiser goes about it, as settings that several models share; light, without torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from penchant.core import UsageError
from penchant.tune import EMA, FGM, PGD, BestK, LastK, LoopConfig

from .settings import within


@dataclass(frozen=True)
class LoopSettings:
    """How the optimiser goes about it; as it stands AdamW at one rate, in single precision."""

    optimiser: Literal["adamw", "sgd", "adafactor"] = "adamw"
    """AdamW; SGD with momentum; Adafactor, which needs less memory."""
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    """What the rate does after the warm-up: stay, or fall to zero at the last epoch."""
    accumulate: int = 1
    """Batches whose gradients make one step."""
    precision: Literal["float32", "bfloat16", "auto"] = "float32"
    """Arithmetic of the forward pass; auto takes bfloat16 where the machine is faster with it."""
    average: Literal["none", "ema", "last", "best"] = "none"
    """Averaging of weights: over steps with a decay, or over the last or the best three epochs."""
    decay: float = 0.999
    """Decay of the average over steps (average = ema)."""
    adversarial: Literal["none", "fgm", "pgd"] = "none"
    """Adversarial steps on the embeddings, one or several a batch."""
    size: float = 1.0
    """Norm of an adversarial step."""

    def __post_init__(self) -> None:
        within(self, "accumulate", 1, float("inf"))
        within(self, "decay", 0.0, 1.0)
        within(self, "size", 0.0, float("inf"), open_low=True)
        if self.decay == 1.0:
            raise UsageError("LoopSettings.decay must be below 1: at 1 the average never moves.")

    def loop(self, *limits: Any, **more: Any) -> LoopConfig:
        """The settings of the training loop.

        Args:
            *limits: epochs, patience, learning rate and weight decay, as ``LoopConfig`` takes them.
            **more: its other fields.
        """
        averages = {"none": None, "ema": EMA(self.decay), "last": LastK(), "best": BestK()}
        attacks = {"none": None, "fgm": FGM(self.size), "pgd": PGD(self.size)}
        return replace(
            LoopConfig(*limits, **more),
            optimiser=self.optimiser,
            schedule=self.schedule,
            accumulate=self.accumulate,
            precision=self.precision,
            average=averages[self.average],
            adversarial=attacks[self.adversarial],
        )
