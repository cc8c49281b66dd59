"""Lists: all scores of a list at once against how relevant its items are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from penchant.core import UsageError

from .shapes import mean, places, same_shape


@dataclass(frozen=True, slots=True)
class ListwiseSoftmax:
    """Softmax over a list against the shares of relevance in it (ListNet).

    What it learns: to put relevant items first; with one relevant item a list it is the softmax
    cross-entropy. When to use it: lists with graded or several relevant items, such as the
    impressions of a session or the candidates of a re-ranker; robust, hardly any setting.

    Source: Z. Cao et al., "Learning to Rank: From Pairwise Approach to Listwise Approach", ICML
    2007 (``"exponential"``, its top-one probabilities); S. Bruch et al., "An Analysis of the
    Softmax Cross Entropy Loss for Learning-to-Rank with Binary Relevance", ICTIR 2019
    (``"proportional"``, a bound of NDCG where relevance is 0 or 1).
    """

    labels: Literal["proportional", "exponential"] = "proportional"
    """How relevance becomes shares: in proportion to it, or to its exponential."""

    def __post_init__(self) -> None:
        if self.labels not in ("proportional", "exponential"):
            raise UsageError(f"labels={self.labels!r}: 'proportional' or 'exponential'.")

    def __call__(self, scores: Tensor, relevance: Tensor, mask: Tensor | None = None) -> Tensor:
        """The mean cross-entropy over the lists, in nats; lists without relevance do not count.

        Args:
            scores: (lists, items).
            relevance: at least 0, (lists, items).
            mask: which entries are items and not padding, (lists, items) bool; all by default.

        Raises:
            UsageError: shapes differ, or a relevance is below 0.
        """
        scores, relevance, mask = checked_lists(scores, relevance, mask)
        if self.labels == "proportional":
            total = relevance.sum(dim=1, keepdim=True)  # (lists, 1)
            share = relevance / total.clamp_min(torch.finfo(scores.dtype).tiny)
            counts = total[:, 0] > 0
        else:
            share = masked_softmax(relevance, mask)  # (lists, items)
            counts = mask.any(dim=1)
        log_share = functional.log_softmax(scores, dim=1)
        losses = -torch.where(share > 0, share * log_share, 0.0).sum(dim=1)  # (lists,)
        return mean(losses[counts])


@dataclass(frozen=True, slots=True)
class ListMLE:
    """The likelihood of the right order (Plackett-Luce).

    What it learns: a whole order, the best first, then the best of the rest, and so on. When to use
    it: complete orders are known (ratings on a fine scale, dwell times). With many ties it fits
    their arbitrary order too; use :class:`ListwiseSoftmax` then.

    Source: F. Xia et al., "Listwise Approach to Learning to Rank: Theory and Algorithm", ICML 2008.
    """

    first: int | None = None
    """Only the first places of the order are fitted; None: all."""

    def __post_init__(self) -> None:
        places("first", self.first)

    def __call__(self, scores: Tensor, relevance: Tensor, mask: Tensor | None = None) -> Tensor:
        """The mean negative log-likelihood of the lists' orders, in nats.

        Items of equal relevance keep the order in which they are given.

        Args:
            scores: (lists, items).
            relevance: at least 0, (lists, items).
            mask: which entries are items and not padding, (lists, items) bool; all by default.

        Raises:
            UsageError: shapes differ, or a relevance is below 0.
        """
        scores, relevance, mask = checked_lists(scores, relevance, mask)
        ranked = relevance.masked_fill(~mask, -math.inf)
        order = ranked.sort(dim=1, descending=True, stable=True).indices
        placed = scores.gather(1, order)  # (lists, items), best first, padding last
        item = mask.gather(1, order)
        rest = torch.logcumsumexp(placed.flip(1), dim=1).flip(
            1
        )  # log of what is still to be placed
        losses = torch.where(item, rest - placed, 0.0)
        if self.first is not None:
            losses = losses[:, : self.first]
        return mean(losses.sum(dim=1)[mask.any(dim=1)])


def checked_lists(
    scores: Tensor, relevance: Tensor, mask: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Scores that are very low where there is no item, relevance that is 0 there, and the mask.

    Raises:
        UsageError: shapes differ, there is no list, or a relevance is below 0.
    """
    same_shape(scores=scores, relevance=relevance)
    if scores.dim() != 2:
        raise UsageError(f"scores {tuple(scores.shape)}: must be (lists, items).")
    if mask is None:
        mask = torch.ones_like(scores, dtype=torch.bool)
    same_shape(scores=scores, mask=mask)
    mask = mask.bool()
    relevance = relevance.to(scores.dtype).masked_fill(~mask, 0.0)
    if bool((relevance < 0).any()):
        raise UsageError("relevance: at least 0. Shift ratings so that the lowest is 0.")
    # finite, not -inf: a list of padding alone would else have a gradient of NaN
    return scores.masked_fill(~mask, torch.finfo(scores.dtype).min / 4), relevance, mask


def masked_softmax(values: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the entries of the mask; 0 elsewhere, and in rows without any."""
    low = torch.finfo(values.dtype).min / 4
    return functional.softmax(values.masked_fill(~mask, low), dim=1) * mask
