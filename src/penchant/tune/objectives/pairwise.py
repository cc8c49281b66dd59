"""Pairs: what was chosen above what was not."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from penchant.core import UsageError

from .shapes import mean, of_shape, same_shape


@dataclass(frozen=True, slots=True)
class BPRLoss:
    """Bayesian personalised ranking: the chosen item above one that was not.

    What it learns: an order, by the log of the probability that a pair stands in it; a smooth bound
    of the AUC. When to use it: positives only and a light model. With many negatives at hand the
    softmax (``SampledSoftmax``, ``InBatchSoftmax``) learns faster, since it weighs hard negatives
    more.

    Source: S. Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009.
    """

    def __call__(self, positive: Tensor, negative: Tensor, mask: Tensor | None = None) -> Tensor:
        """The mean of -log sigmoid(positive - negative) over all pairs, in nats.

        Args:
            positive: score of the chosen item, (rows,).
            negative: scores of others, (rows,) or (rows, negatives).
            mask: which negatives count, in the shape of ``negative``; all by default.

        Raises:
            UsageError: shapes do not fit.
        """
        return _masked(functional.softplus(-_gaps(positive, negative)), mask)


@dataclass(frozen=True, slots=True)
class MarginLoss:
    """The chosen item above another by a margin, and no more than that.

    What it learns: an order that is settled; pairs that are already apart give no gradient, so it
    does not push popular and unpopular items ever further apart. When to use it: with cosines or
    hard negatives, where a bounded score makes the margin mean something.

    Source: J. Weston and C. Watkins, "Support Vector Machines for Multi-Class Pattern Recognition",
    ESANN 1999; as triplet loss F. Schroff et al., "FaceNet", CVPR 2015.
    """

    margin: float = 0.2
    """How far above; in units of the scores (for cosines 0.1 to 0.5)."""

    def __post_init__(self) -> None:
        if self.margin < 0:
            raise UsageError(f"margin={self.margin:g}: at least 0.")

    def __call__(self, positive: Tensor, negative: Tensor, mask: Tensor | None = None) -> Tensor:
        """The mean of max(0, margin - (positive - negative)) over all pairs.

        Args:
            positive: score of the chosen item, (rows,).
            negative: scores of others, (rows,) or (rows, negatives).
            mask: which negatives count, in the shape of ``negative``; all by default.

        Raises:
            UsageError: shapes do not fit.
        """
        return _masked((self.margin - _gaps(positive, negative)).clamp_min(0), mask)


def _gaps(positive: Tensor, negative: Tensor) -> Tensor:
    """Positive less negative, in the shape of ``negative``."""
    if negative.dim() == 1:
        same_shape(positive=positive, negative=negative)
        return positive - negative  # (rows,)
    of_shape("negative", negative, len(positive), None)
    of_shape("positive", positive, len(negative))
    return positive[:, None] - negative  # (rows, negatives)


def _masked(losses: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return mean(losses)
    same_shape(negative=losses, mask=mask)
    return mean(losses, mask.to(losses.dtype))
