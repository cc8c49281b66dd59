"""The training loop: AdamW, warm-up, clipping, early stopping with the best weights restored."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from penchant.core import TrainingFailed, bar

Batch = TypeVar("Batch")


@dataclass(frozen=True, slots=True)
class LoopConfig:
    """How a network is trained."""

    epochs: int
    """Most passes over the data."""
    patience: int
    """Validations without a better figure before training stops."""
    learning_rate: float
    """Step size of AdamW, reached after the warm-up."""
    weight_decay: float = 0.0
    """Decay of matrices; biases, norms and scalars are left alone."""
    warmup_steps: int = 50
    """Steps over which the learning rate rises from zero."""
    clip: float = 1.0
    """Largest norm of the gradient."""


@dataclass(slots=True)
class History:
    """What happened in training, an entry an epoch.

    Attributes:
        losses: mean training loss, nats.
        seconds: time of the epoch's training steps, validation not counted.
        validations: the validation figure, higher is better; empty without validation.
        best_epoch: the epoch (from 1) whose weights were kept.
    """

    losses: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    validations: list[float] = field(default_factory=list)
    best_epoch: int = 0


@dataclass(frozen=True, slots=True)
class Lessons(Generic[Batch]):
    """What is learned from.

    Attributes:
        batches: gives the batches of one epoch, anew at each call.
        examples: examples in an epoch, for the time left on the progress bar.
    """

    batches: Callable[[], Iterable[Batch]]
    examples: int


def train(
    network: nn.Module,
    lessons: Lessons[Batch],
    loss_of: Callable[[Batch], tuple[Tensor, int]],
    config: LoopConfig,
    validate: Callable[[], float] | None = None,
    what: str = "training",
) -> History:
    """Train a network in place.

    Args:
        network: what is trained; parameters that need no gradient stay as they are.
        lessons: what it is trained on.
        loss_of: mean loss of a batch and how many examples it is the mean of.
        config: rates and limits.
        validate: a figure to maximise after each epoch; the best epoch's weights are restored at
            the end. None trains for all epochs and keeps the last weights.
        what: the words beside the progress bar.

    Raises:
        TrainingFailed: the loss is not a finite number.
    """
    step, history, best = _Step(network, loss_of, config), History(), _Best()
    with bar(lessons.examples * config.epochs, what, " events", thousands=True) as shown:
        for epoch in range(1, config.epochs + 1):
            shown.set_description_str(f"{what}, epoch {epoch} of {config.epochs}", refresh=False)
            started, summed, count = time.perf_counter(), 0.0, 0
            network.train()
            for batch in lessons.batches():
                loss, size = step(batch, epoch)
                summed, count = summed + loss * size, count + size
                shown.update(size)
            history.losses.append(summed / max(count, 1))
            history.seconds.append(time.perf_counter() - started)
            words = f"loss {history.losses[-1]:.3f}"
            network.eval()
            if validate is not None:
                history.validations.append(validate())
                best.see(history.validations[-1], epoch, network)
                words += f", validation {history.validations[-1]:.4f}, best {best.figure:.4f}"
                if best.stale > config.patience:
                    break
            shown.set_postfix_str(words, refresh=False)
    history.best_epoch = best.epoch or len(history.losses)
    if best.weights is not None:
        network.load_state_dict(best.weights)
    return history


class _Step(Generic[Batch]):
    """One step of the optimiser after the other."""

    def __init__(
        self,
        network: nn.Module,
        loss_of: Callable[[Batch], tuple[Tensor, int]],
        config: LoopConfig,
    ) -> None:
        self._network = network
        self._loss_of = loss_of
        self._config = config
        self._optimiser = optimiser_for(network, config)
        self._steps = 0

    def __call__(self, batch: Batch, epoch: int) -> tuple[float, int]:
        """Learn from a batch: its mean loss before the step, and its examples."""
        self._steps += 1
        warm = min(1.0, self._steps / self._config.warmup_steps)
        for group in self._optimiser.param_groups:
            group["lr"] = self._config.learning_rate * warm
        loss, size = self._loss_of(batch)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingFailed(
                f"the loss became {value} in epoch {epoch}, step {self._steps}, at learning rate "
                f"{self._config.learning_rate:g}. Try a tenth of that rate, or look for extreme "
                "values in the events' weights."
            )
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch
        nn.utils.clip_grad_norm_(self._network.parameters(), self._config.clip)
        self._optimiser.step()
        return value, size


@dataclass(slots=True)
class _Best:
    """The best weights so far, and for how many epochs they have been."""

    figure: float = -math.inf
    epoch: int = 0
    stale: int = 0
    weights: dict[str, Tensor] | None = None

    def see(self, figure: float, epoch: int, network: nn.Module) -> None:
        """Keep these weights if their figure is the best."""
        self.stale += 1
        if figure > self.figure:
            self.figure, self.epoch, self.stale = figure, epoch, 0
            self.weights = copy.deepcopy(network.state_dict())


def optimiser_for(network: nn.Module, config: LoopConfig) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019) that decays matrices only."""
    learned = [p for p in network.parameters() if p.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": [p for p in learned if p.dim() > 1], "weight_decay": config.weight_decay},
            {"params": [p for p in learned if p.dim() <= 1], "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        fused=True,
    )
