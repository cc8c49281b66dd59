"""Classes: a click, like or purchase or not; one of several."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from penchant.core import UsageError

from .shapes import mean, of_shape, positive, same_shape, within_classes


@dataclass(frozen=True, slots=True)
class BinaryCrossEntropy:
    """Whether it happens: a click, a like, a purchase.

    What it learns: the probability of the event; ``sigmoid(logits)`` is calibrated where the
    training events are drawn as the future will be. When to use it: events with and without the
    outcome are both recorded (impressions with clicks, ratings cut at a threshold). With recorded
    outcomes only, rank instead (``InBatchSoftmax``, ``BPRLoss``): negatives made up at random train
    a popularity model and its probabilities mean nothing.

    Source: maximum likelihood of a Bernoulli variable; label smoothing of C. Szegedy et al.,
    "Rethinking the Inception Architecture for Computer Vision", CVPR 2016.
    """

    positive_weight: float = 1.0
    """How much an event with the outcome counts; above 1 where they are rare. Shifts the logits by
    its logarithm, so probabilities must be corrected for it afterwards (see ``corrected``)."""
    smoothing: float = 0.0
    """Share of each label that is spread evenly over yes and no."""

    def __post_init__(self) -> None:
        positive("positive_weight", self.positive_weight)
        _smooth(self.smoothing)

    def __call__(self, logits: Tensor, labels: Tensor, weight: Tensor | None = None) -> Tensor:
        """The weighted mean negative log-likelihood, in nats.

        Args:
            logits: log-odds that it happens, (rows,).
            labels: 0 or 1, or a probability between them, (rows,).
            weight: how much each row counts, (rows,); 1 by default.

        Raises:
            UsageError: shapes differ, or a label is not within 0 .. 1.
        """
        same_shape(logits=logits, labels=labels)
        target = labels.to(logits.dtype)
        if target.numel() and not bool(((target >= 0) & (target <= 1)).all()):
            raise UsageError(
                "labels: a click is 0 or 1. Cut ratings at a threshold first, or use SquaredError."
            )
        target = target * (1 - self.smoothing) + self.smoothing / 2  # (rows,)
        losses = functional.binary_cross_entropy_with_logits(
            logits,
            target,
            reduction="none",
            pos_weight=logits.new_tensor(self.positive_weight),
        )  # (rows,)
        if weight is not None:
            same_shape(logits=logits, weight=weight)
        return mean(losses, weight)

    def corrected(self, logits: Tensor) -> Tensor:
        """The log-odds without what ``positive_weight`` added, the same shape."""
        return logits - torch.log(logits.new_tensor(self.positive_weight))


@dataclass(frozen=True, slots=True)
class SoftmaxCrossEntropy:
    """Which of several classes: kind of event, aspect, star rating as a class.

    What it learns: the probability of each class. When to use it: classes without an order, or
    with one that the squared error would take too literally.

    Source: multinomial logistic regression; smoothing as in :class:`BinaryCrossEntropy`.
    """

    classes: int
    """How many classes there are."""
    weights: tuple[float, ...] | None = None
    """How much a row of each class counts, such as one over its share; all alike by default."""
    smoothing: float = 0.0
    """Share of each label that is spread evenly over all classes."""

    def __post_init__(self) -> None:
        if self.classes < 2:
            raise UsageError(f"classes={self.classes}: at least 2.")
        if self.weights is not None and len(self.weights) != self.classes:
            raise UsageError(f"weights: {len(self.weights)} for {self.classes} classes.")
        _smooth(self.smoothing)

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The weighted mean negative log-likelihood, in nats.

        Args:
            logits: unnormalised log-probabilities, (rows, classes).
            labels: class of each row, (rows,) int64.

        Raises:
            UsageError: a shape does not fit, or a label is no class.
        """
        of_shape("logits", logits, None, self.classes)
        of_shape("labels", labels, len(logits))
        within_classes("labels", labels, self.classes)
        if not len(labels):
            return logits.sum()  # 0, with a gradient
        return functional.cross_entropy(
            logits,
            labels,
            weight=None if self.weights is None else logits.new_tensor(self.weights),
            label_smoothing=self.smoothing,
        )


def _smooth(smoothing: float) -> None:
    if not 0 <= smoothing < 1:
        raise UsageError(f"smoothing={smoothing:g}: at least 0 and below 1.")
