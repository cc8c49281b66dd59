"""One process or several: the same loop under ``accelerate launch``."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from penchant.core import MissingDependency

Loss = Callable[[Any], tuple[Tensor, int]]


class Devices(Protocol):
    """What the loop asks of the processes that train together.

    Attributes:
        count: processes.
        rank: the number of this one; 0 writes files and draws the progress bar.
        sharded: whether each process holds a part of the weights only (FSDP).
    """

    count: int
    rank: int
    sharded: bool

    def prepare(
        self, network: nn.Module, loss_of: Loss, optimiser: torch.optim.Optimizer
    ) -> tuple[Loss, torch.optim.Optimizer]:
        """The loss and the optimiser as this process uses them."""
        ...

    def total(self, *numbers: float) -> tuple[float, ...]:
        """Each number summed over the processes."""
        ...

    def gather(self, thing: Any) -> list[Any]:
        """The things of all processes, by rank."""
        ...


class Alone:
    """One process, which needs nothing from anybody."""

    count = 1
    rank = 0
    sharded = False

    def prepare(
        self, network: nn.Module, loss_of: Loss, optimiser: torch.optim.Optimizer
    ) -> tuple[Loss, torch.optim.Optimizer]:
        """Both as they are."""
        return loss_of, optimiser

    def total(self, *numbers: float) -> tuple[float, ...]:
        """The numbers."""
        return numbers

    def gather(self, thing: Any) -> list[Any]:
        """The only one."""
        return [thing]


class Together:
    """Processes started by ``accelerate launch`` or ``torchrun``: data parallel (DDP) or FSDP.

    Each takes every n-th row of a batch, so that together they learn from what one process would.
    Each draws the same numbers from generators handed in (negatives, order of batches), and its own
    from torch (dropout).
    """

    def __init__(self) -> None:
        try:
            # accelerate ships no types
            from accelerate import (  # type: ignore[import-untyped]
                Accelerator,
                DistributedDataParallelKwargs,
            )
        except ImportError as error:
            raise MissingDependency(
                "training in several processes needs accelerate: pip install accelerate"
            ) from error
        # a batch without queries, say, leaves the parameters that read queries without gradients
        handlers: list[Any] = [DistributedDataParallelKwargs(find_unused_parameters=True)]
        self._accelerator = Accelerator(kwargs_handlers=handlers)
        self.count = int(self._accelerator.num_processes)
        self.rank = int(self._accelerator.process_index)
        self.sharded = "FSDP" in str(self._accelerator.distributed_type)

    def prepare(
        self, network: nn.Module, loss_of: Loss, optimiser: torch.optim.Optimizer
    ) -> tuple[Loss, torch.optim.Optimizer]:
        """The loss inside a module whose gradients are shared among the processes."""
        loss, optimiser = self._accelerator.prepare(_Lesson(network, loss_of), optimiser)
        torch.manual_seed(torch.initial_seed() + self.rank)
        return loss, optimiser

    def total(self, *numbers: float) -> tuple[float, ...]:
        """Each number summed over the processes."""
        device = self._accelerator.device
        kind = torch.float32 if device.type == "mps" else torch.float64
        summed = self._accelerator.reduce(torch.tensor(numbers, dtype=kind, device=device), "sum")
        return tuple(float(number) for number in summed)

    def gather(self, thing: Any) -> list[Any]:
        """The things of all processes, by rank."""
        from accelerate.utils import gather_object  # type: ignore[import-untyped]  # ships no types

        return list(gather_object([thing]))


class _Lesson(nn.Module):
    """The network inside a module whose forward pass is the loss: what DDP and FSDP wrap."""

    def __init__(self, network: nn.Module, loss_of: Loss) -> None:
        super().__init__()
        self.network = network
        self._loss_of = loss_of

    def forward(self, batch: Any) -> tuple[Tensor, int]:
        """The mean loss of a batch and its examples."""
        return self._loss_of(batch)


def devices() -> Devices:
    """The processes that this one was started with."""
    launched = "ACCELERATE_MIXED_PRECISION" in os.environ  # `accelerate launch` always sets it
    return Together() if launched or int(os.environ.get("WORLD_SIZE", "1")) > 1 else Alone()
