"""One step of the optimiser after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from torch import Tensor, nn

from .adversarial import Adversary
from .devices import Devices
from .guards import Guard
from .optimisers import optimiser_for, set_rate
from .precision import autocast, chosen_precision, device_of
from .schedules import factor
from .settings import LoopConfig
from .sharing import share_of

Batch = TypeVar("Batch")


@dataclass(frozen=True, slots=True)
class Learned:
    """What one step saw.

    Attributes:
        loss: mean over the examples, before the step.
        examples: in all its batches, on all processes.
        norm: of the gradient, before it was clipped.
        rate: the learning rate.
    """

    loss: float
    examples: int
    norm: float
    rate: float


class Step(Generic[Batch]):
    """Learns from a few batches at a time.

    Attributes:
        optimiser: with its state.
        precision: float32 or bfloat16.
        taken: steps so far.
        guard: looks at losses and gradients.
        adversary: for adversarial training, or None.
    """

    def __init__(
        self,
        network: nn.Module,
        loss_of: Callable[[Batch], tuple[Tensor, int]],
        config: LoopConfig,
        devices: Devices,
    ) -> None:
        self._config = config
        self._devices = devices
        self._device = device_of(network)
        self.precision = chosen_precision(config.precision, self._device)
        self.guard = Guard(config)
        self.adversary = Adversary(network, config.adversarial) if config.adversarial else None
        self.taken = 0
        optimiser = optimiser_for(network, config)
        self._loss_of, self.optimiser = devices.prepare(network, loss_of, optimiser)
        self._learned = [p for p in network.parameters() if p.requires_grad]
        # with one batch and one process the loss is its own mean, and nothing need be weighed
        self._plain = config.accumulate == 1 and devices.count == 1

    def __call__(
        self, batches: Sequence[Batch], epoch: int, progress: float, rate: float | None = None
    ) -> Learned:
        """Learn from some batches as from one.

        Args:
            batches: one, or as many as are accumulated.
            epoch: from 1, for messages.
            progress: share of all epochs' examples that were learned from before.
            rate: the learning rate; left out: what the schedule says.

        Raises:
            TrainingFailed: the loss or the gradient is not finite, or the loss explodes.
        """
        self.taken += 1
        if rate is None:
            rate = self._config.learning_rate * factor(
                self._config.schedule, self.taken, self._config.warmup_steps, progress
            )
        set_rate(self.optimiser, rate)
        self.optimiser.zero_grad(set_to_none=True)
        loss, examples = self._gradient(batches, epoch)
        if self.adversary is not None:
            for _ in self.adversary.attacks():
                self._gradient(batches, epoch, examples)
        norm = self._clipped()
        self.guard.gradient(norm, self.taken, epoch)
        self.optimiser.step()
        self.guard.trend(loss, self.taken, epoch)
        return Learned(loss, examples, norm, rate)

    def go_on_from(self, taken: int, precision: str, losses: Sequence[float]) -> None:
        """Be where an earlier training was, after so many steps with these losses."""
        self.taken, self.precision = taken, precision
        for loss in losses:
            self.guard.trend(loss, taken, 0)

    def _gradient(
        self, batches: Sequence[Batch], epoch: int, known: int | None = None
    ) -> tuple[float, int]:
        """Add the gradient of the mean loss over all examples; the loss, and the examples.

        A batch's mean loss counts by its examples. How many there are in all is known only after
        the last one, so the gradients are summed first and divided then, unless ``known`` says.
        """
        summed, count = 0.0, 0
        for number, batch in enumerate(batches, 1):
            mine, real = share_of(batch, self._devices.rank, self._devices.count)
            with self._together(last=number == len(batches)):
                with autocast(self.precision, self._device):
                    loss, size = self._loss_of(mine)
                value = float(loss.detach())
                self.guard.loss(value, self.taken, epoch)
                if self._plain:
                    loss.backward()  # type: ignore[no-untyped-call]  # torch
                    return value, size
                size *= real
                weight = size * self._devices.count / known if known else size
                (loss * weight).backward()  # type: ignore[no-untyped-call]  # torch
            summed, count = summed + value * size, count + size
        if known:
            return summed, known
        summed, total = self._devices.total(summed, count)
        self._scale(self._devices.count / max(total, 1.0))  # DDP took the mean over processes
        return summed / max(total, 1.0), int(total)

    def _together(self, last: bool) -> AbstractContextManager[Any]:
        """Processes exchange gradients at the last batch of a step only."""
        alone = getattr(self._loss_of, "no_sync", None)
        return nullcontext() if last or alone is None else alone()

    def _scale(self, by: float) -> None:
        for p in self._learned:
            if p.grad is not None:
                p.grad.mul_(by)

    def _clipped(self) -> float:
        norm: Any = nn.utils.clip_grad_norm_(self._learned, self._config.clip)
        whole = getattr(norm, "full_tensor", None)  # under FSDP each process has a part
        return float(whole() if whole else norm)
