"""The training loop: AdamW, warm-up, clipping, early stopping with the best weights restored."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

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


def train(
    network: nn.Module,
    batches: Callable[[], Iterable[Batch]],
    loss_of: Callable[[Batch], tuple[Tensor, int]],
    config: LoopConfig,
    validate: Callable[[], float] | None = None,
    what: str = "training",
) -> History:
    """Train a network in place.

    Args:
        network: what is trained; parameters that need no gradient stay as they are.
        batches: gives the batches of one epoch, anew at each call.
        loss_of: mean loss of a batch and how many examples it is the mean of.
        config: rates and limits.
        validate: a figure to maximise after each epoch; the best epoch's weights are restored at
            the end. None trains for all epochs and keeps the last weights.
        what: the words beside the progress bar.

    Raises:
        TrainingFailed: the loss is not a finite number.
    """
    optimiser = optimiser_for(network, config)
    history, best, stale, step = History(), -math.inf, 0, 0
    kept: dict[str, Tensor] | None = None
    with bar(config.epochs, what, "epoch") as shown:
        for epoch in range(1, config.epochs + 1):
            started, total, count = time.perf_counter(), 0.0, 0
            network.train()
            for batch in batches():
                step += 1
                _set_rate(optimiser, config.learning_rate * min(1.0, step / config.warmup_steps))
                loss, size = loss_of(batch)
                value = float(loss.detach())
                _check(value, epoch, step, config)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(network.parameters(), config.clip)
                optimiser.step()
                total, count = total + value * size, count + size
            history.losses.append(total / max(count, 1))
            history.seconds.append(time.perf_counter() - started)
            shown.update()
            history.best_epoch = epoch if validate is None else history.best_epoch
            if validate is not None:
                network.eval()
                figure = validate()
                history.validations.append(figure)
                stale += 1
                if figure > best:
                    best, stale, history.best_epoch = figure, 0, epoch
                    kept = copy.deepcopy(network.state_dict())
                shown.set_postfix_str(f"loss {history.losses[-1]:.3f}, validation {figure:.4f}")
                if stale > config.patience:
                    break
            else:
                shown.set_postfix_str(f"loss {history.losses[-1]:.3f}")
    if kept is not None:
        network.load_state_dict(kept)
    network.eval()
    return history


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


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


def _check(loss: float, epoch: int, step: int, config: LoopConfig) -> None:
    if not math.isfinite(loss):
        raise TrainingFailed(
            f"the loss became {loss} in epoch {epoch}, step {step}, at learning rate "
            f"{config.learning_rate:g}. Try a tenth of that rate, or look for extreme values in "
            "the events' weights."
        )
