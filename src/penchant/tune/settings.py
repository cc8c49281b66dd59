"""How a network is trained, as plain settings; light, so that a model's config can hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from penchant.core import UsageError


@dataclass(frozen=True, slots=True)
class FGM:
    """One step up the gradient of the embeddings; the loss there is learned from too.

    Source: T. Miyato, A. Dai and I. Goodfellow, "Adversarial Training Methods for Semi-Supervised
    Text Classification", ICLR 2017.
    """

    size: float = 1.0
    """Norm of the step, for each embedding matrix."""
    where: str = ""
    """A part of the names of the embedding modules; empty for the network's input embeddings."""

    def __post_init__(self) -> None:
        _above_zero("FGM.size", self.size)


@dataclass(frozen=True, slots=True)
class PGD:
    """Several small steps up the gradient, kept within a ball; the loss at the last is learned too.

    Source: A. Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR
    2018; on embeddings, with the gradient divided by its norm as in Miyato et al. 2017.
    """

    size: float = 1.0
    """Radius of the ball around each embedding matrix."""
    step: float = 0.3
    """Norm of one step."""
    steps: int = 3
    """Steps; each costs a pass forward and backward."""
    where: str = ""
    """A part of the names of the embedding modules; empty for the network's input embeddings."""

    def __post_init__(self) -> None:
        _above_zero("PGD.size", self.size)
        _above_zero("PGD.step", self.step)
        _at_least("PGD.steps", self.steps, 1)


@dataclass(frozen=True, slots=True)
class EMA:
    """The exponential moving average of the weights over steps: what is validated and kept.

    Source: B. Polyak and A. Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.
    """

    decay: float = 0.999
    """Weight of the average so far; less in the first steps, (1 + n) / (10 + n) at step n."""

    def __post_init__(self) -> None:
        if not 0 <= self.decay < 1:
            raise UsageError(f"EMA.decay must be at least 0 and below 1, got {self.decay!r}.")


@dataclass(frozen=True, slots=True)
class LastK:
    """The mean of the weights after the last epochs.

    Source: P. Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization",
    UAI 2018. With validation it is kept only where it is no worse than the best single epoch.
    """

    k: int = 3
    """Epochs."""

    def __post_init__(self) -> None:
        _at_least("LastK.k", self.k, 1)


@dataclass(frozen=True, slots=True)
class BestK:
    """The mean of the weights after the epochs with the best validation figures.

    Source: M. Wortsman et al., "Model Soups", ICML 2022. Kept only where it is no worse than the
    best single epoch.
    """

    k: int = 3
    """Epochs."""

    def __post_init__(self) -> None:
        _at_least("BestK.k", self.k, 1)


@dataclass(frozen=True, slots=True)
class LoopConfig:
    """How a network is trained."""

    epochs: int
    """Most passes over the data."""
    patience: int
    """Validations without a better figure before training stops."""
    learning_rate: float
    """Step size of the optimiser, reached after the warm-up."""
    weight_decay: float = 0.0
    """Decay of matrices; biases, norms and scalars are left alone."""
    warmup_steps: int = 50
    """Steps over which the learning rate rises from zero."""
    clip: float = 1.0
    """Largest norm of the gradient; ``inf`` for none."""
    optimiser: Literal["adamw", "sgd", "adafactor"] = "adamw"
    """AdamW; SGD with momentum 0.9; Adafactor, which keeps one number a row and one a column."""
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    """What the learning rate does after the warm-up: stay, or fall to zero at the last epoch."""
    groups: tuple[tuple[str, float], ...] = ()
    """Beginnings of parameter names, with the factor of the learning rate that they get: a language
    model at 2e-5 beside a head at 2e-3 is ``(("language.", 0.01),)``. The longest beginning counts."""
    accumulate: int = 1
    """Batches whose gradients make one step: the same step as one large batch would make."""
    precision: Literal["float32", "bfloat16", "auto"] = "float32"
    """Arithmetic of the forward pass; auto takes bfloat16 where the device is faster with it."""
    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass: less memory, about a third more time."""
    adversarial: FGM | PGD | None = None
    """Adversarial training on the embeddings, which costs one more pass a step (PGD: several)."""
    average: EMA | LastK | BestK | None = None
    """Averaging of weights along the way."""
    explosion: float = 10.0
    """Training stops where the smoothed loss has risen by this many times its start; 0 never."""
    seconds: float | None = None
    """Training stops with the step in which so much time has been spent on steps, over all epochs
    and, where a run is gone on with, over all of its parts; None: after the last epoch only."""

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("patience", 0), ("warmup_steps", 0), ("accumulate", 1)):
            _at_least(f"LoopConfig.{name}", getattr(self, name), least)
        for name in ("learning_rate", "weight_decay", "explosion"):
            _at_least(f"LoopConfig.{name}", getattr(self, name), 0)
        _above_zero("LoopConfig.clip", self.clip)
        if self.seconds is not None:
            _above_zero("LoopConfig.seconds", self.seconds)
        _one_of("optimiser", self.optimiser, ("adamw", "sgd", "adafactor"))
        _one_of("schedule", self.schedule, ("constant", "linear", "cosine"))
        _one_of("precision", self.precision, ("float32", "bfloat16", "auto"))


def _at_least(name: str, value: float, least: float) -> None:
    if not value >= least:  # NaN ends here too
        raise UsageError(f"{name} must be at least {least}, got {value!r}.")


def _above_zero(name: str, value: float) -> None:
    if not value > 0:
        raise UsageError(f"{name} must be above 0, got {value!r}.")


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"LoopConfig.{name} must be one of {', '.join(known)}, got {value!r}.")
