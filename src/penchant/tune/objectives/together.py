"""Several losses at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from penchant.core import UsageError


@dataclass(frozen=True)
class WeightedSum:
    """A sum of several losses with fixed weights: multi-task learning.

    What it learns: one network for several tasks, such as clicks and ratings, or a label beside a
    teacher. When to use it: two or three losses whose balance is known, or searched; losses of very
    different sizes are dominated by the largest.

    Source: R. Caruana, "Multitask Learning", 1997.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    """Weight by name of the task, at least 0."""

    def __post_init__(self) -> None:
        if not self.weights or min(self.weights.values()) < 0:
            raise UsageError("weights: one for each task, at least 0.")

    def __call__(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum.

        Args:
            losses: loss of each task that this batch has, scalars; a task may be missing.

        Raises:
            UsageError: a task without a weight, or no loss at all.
        """
        _known(losses, self.weights)
        return torch.stack([self.weights[task] * loss for task, loss in losses.items()]).sum()


class UncertaintyWeights(nn.Module):
    """A sum of several losses whose weights are learned along.

    What it learns: beside the tasks a noise variance each; a noisy task gets a small weight, and
    the logarithm of the variance keeps weights from falling to zero. When to use it: several tasks
    of unknown balance and enough data; the parameters need the optimiser, without weight decay.

    A squared error counts exp(-s) / 2 and any other likelihood exp(-s), s being the log of the
    task's variance; s / 2 is added for each.

    Source: A. Kendall, Y. Gal and R. Cipolla, "Multi-Task Learning Using Uncertainty to Weigh Losses
    for Scene Geometry and Semantics", CVPR 2018.

    Attributes:
        log_variance: s by task, ().
    """

    def __init__(self, tasks: Mapping[str, Literal["regression", "classification"]]) -> None:
        """Begin with all variances at 1.

        Args:
            tasks: kind of each task by name: ``"regression"`` for squared errors.

        Raises:
            UsageError: no task, or an unknown kind.
        """
        super().__init__()
        if not tasks or set(tasks.values()) - {"regression", "classification"}:
            raise UsageError("tasks: a kind for each, 'regression' or 'classification'.")
        self.tasks = dict(tasks)
        self.log_variance = nn.ParameterDict(
            {task: nn.Parameter(torch.zeros(())) for task in tasks}
        )

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum; it may be below zero.

        Args:
            losses: loss of each task that this batch has, scalars; a task may be missing.

        Raises:
            UsageError: an unknown task, or no loss at all.
        """
        _known(losses, self.tasks)
        parts = []
        for task, loss in losses.items():
            s = self.log_variance[task]
            scale = 0.5 if self.tasks[task] == "regression" else 1.0
            parts.append(scale * torch.exp(-s) * loss + s / 2)
        return torch.stack(parts).sum()


def _known(losses: Mapping[str, Tensor], tasks: Mapping[str, object]) -> None:
    unknown = sorted(set(losses) - set(tasks))
    if unknown or not losses:
        told = f"no task {unknown[0]!r}" if unknown else "no loss in this batch"
        raise UsageError(f"{told}: the tasks are {', '.join(tasks)}.")
