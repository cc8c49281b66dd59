"""The elastic penalty: weights that the old events depend on are held where they were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from penchant.core import UsageError

Batch = TypeVar("Batch")

Loss = Callable[[Batch], tuple[Tensor, int]]
"""The mean loss of a batch, and how many examples it is the mean of."""


def diagonal_fisher(
    network: nn.Module, batches: Iterable[Batch], loss_of: Loss[Batch]
) -> dict[str, Tensor]:
    """How much the loss of one example bends along each learned weight: the Fisher information.

    The expected square of an example's gradient (the empirical Fisher, at the labels that were
    seen). A batch of n examples estimates it by n times the square of its mean gradient, which is
    exact in expectation where the mean gradient is zero, as at the end of a training; batches of
    one example need no such condition, and take n times as long.

    Source: J. Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", PNAS 2017;
    on the empirical Fisher J. Martens, "New Insights and Perspectives on the Natural Gradient
    Method", JMLR 2020.

    Args:
        network: looked at in evaluation mode, without dropout; nothing in it changes.
        batches: of old examples.
        loss_of: the mean loss of a batch, and its examples.

    Returns:
        By name of the learned parameter its diagonal, of the parameter's shape; batches count by
        their examples.
    """
    learned = {name: p for name, p in network.named_parameters() if p.requires_grad}
    summed = {name: torch.zeros_like(p) for name, p in learned.items()}
    count, training = 0, network.training
    network.eval()
    try:
        for batch in batches:
            loss, size = loss_of(batch)
            found = torch.autograd.grad(loss, list(learned.values()), allow_unused=True)
            for name, gradient in zip(learned, found, strict=True):
                if gradient is not None:
                    summed[name].addcmul_(gradient, gradient, value=float(size) ** 2)
            count += size
    finally:
        network.train(training)
    return {name: part / max(count, 1) for name, part in summed.items()}


class ElasticPenalty:
    """``strength / 2 * sum F (w - w0)^2``: elastic weight consolidation (EWC).

    What it learns: nothing; it holds the weights that the old events depend on, and lets go the
    others. When to use it: where old events may not be kept, or beside a replay of a few of them. A
    strength of as many times as there are more old examples than new ones is the Laplace
    approximation of having learned from both.

    Source: J. Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", PNAS 2017.
    """

    def __init__(
        self, network: nn.Module, fisher: Mapping[str, Tensor], strength: float = 1.0
    ) -> None:
        """Hold a network where it stands now.

        Args:
            network: what is trained from here on.
            fisher: what :func:`diagonal_fisher` gave; parameters that it lacks are free.
            strength: of the penalty, at least 0.

        Raises:
            UsageError: a strength below 0, or a part of ``fisher`` that fits no parameter.
        """
        if not strength >= 0:
            raise UsageError(f"strength must be at least 0, got {strength!r}.")
        learned = {name: p for name, p in network.named_parameters() if p.requires_grad}
        for name, part in fisher.items():
            if name not in learned or learned[name].shape != part.shape:
                raise UsageError(
                    f"the Fisher information of {name!r} {tuple(part.shape)} fits no learned "
                    "parameter of this network. Estimate it on the network that is trained."
                )
        self._parts = [
            (learned[name], learned[name].detach().clone(), strength * part)
            for name, part in fisher.items()
        ]

    def __call__(self) -> Tensor:
        """The penalty, in nats, with its gradient."""
        each = [(f * (p - anchor) ** 2).sum() for p, anchor, f in self._parts]
        return torch.stack(each).sum() / 2 if each else torch.zeros(())


def with_terms(loss_of: Loss[Batch], *terms: Callable[[], Tensor]) -> Loss[Batch]:
    """A loss with terms that know no batch, such as penalties, added to its mean."""

    def both(batch: Batch) -> tuple[Tensor, int]:
        loss, examples = loss_of(batch)
        for term in terms:
            loss = loss + term()
        return loss, examples

    return both if terms else loss_of
