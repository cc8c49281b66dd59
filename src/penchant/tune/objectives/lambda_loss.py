"""LambdaLoss: pairs weighted by what swapping them is worth in NDCG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from penchant.core import UsageError

from .listwise import checked_lists
from .shapes import mean, places, positive

Weighting = Literal["lambdarank", "ndcg2", "ndcg2++"]


@dataclass(frozen=True, slots=True)
class LambdaLoss:
    """Logistic loss of each pair in the wrong or right order, weighted by NDCG.

    What it learns: NDCG rather nearly: a pair counts by the difference of its gains and by what its
    places are worth now. The weights come from the current scores and carry no gradient. When to
    use it: re-rankers of lists with graded relevance, judged by NDCG, once a softmax has brought
    the order roughly right; from random scores it learns slowly.

    With gains G = (2^relevance - 1) / (best DCG) and discounts D(rank) = log2(1 + rank), the weight
    of a pair i, j with relevance i > j is |G_i - G_j| times

    ================  =============================================================
    ``"lambdarank"``  |1 / D(rank i) - 1 / D(rank j)|
    ``"ndcg2"``       1 / D(gap) - 1 / D(gap + 1), the gap being |rank i - rank j|
    ``"ndcg2++"``     the first plus ``mix`` times the second
    ================  =============================================================

    Source: X. Wang et al., "The LambdaLoss Framework for Ranking Metric Optimization", CIKM 2018;
    ``"lambdarank"``: C. Burges et al., "Learning to Rank with Nonsmooth Cost Functions", NIPS 2006.
    """

    weighting: Weighting = "ndcg2++"
    """One of the table."""
    mix: float = 10.0
    """Weight of the second part of ``ndcg2++``; 10 in the paper."""
    sigma: float = 1.0
    """Steepness of the logistic function."""
    cut: int | None = None
    """Only pairs with an item among the first ``cut`` places count, and places after them are worth
    nothing, as in NDCG@cut; None: all."""

    def __post_init__(self) -> None:
        positive("sigma", self.sigma)
        places("cut", self.cut)
        if self.weighting not in ("lambdarank", "ndcg2", "ndcg2++"):
            raise UsageError(f"weighting={self.weighting!r}: 'lambdarank', 'ndcg2' or 'ndcg2++'.")

    def __call__(self, scores: Tensor, relevance: Tensor, mask: Tensor | None = None) -> Tensor:
        """The mean over the lists of the weighted losses of their pairs, in bits as in the paper.

        Args:
            scores: (lists, items).
            relevance: at least 0, (lists, items).
            mask: which entries are items and not padding, (lists, items) bool; all by default.

        Raises:
            UsageError: shapes differ, or a relevance is below 0.
        """
        scores, relevance, mask = checked_lists(scores, relevance, mask)
        weight = self._weights(scores.detach(), relevance, mask)  # (lists, items, items)
        gaps = self.sigma * (scores[:, :, None] - scores[:, None, :])
        # where the weight is 0 stands padding too, whose gaps are huge
        losses = functional.softplus(-torch.where(weight > 0, gaps, 0.0)) * weight
        counts = (relevance > 0).any(dim=1)
        return mean(losses.sum(dim=(1, 2))[counts]) / torch.log(scores.new_tensor(2.0))

    def _weights(self, scores: Tensor, relevance: Tensor, mask: Tensor) -> Tensor:
        lists, items = scores.shape
        order = scores.sort(dim=1, descending=True, stable=True).indices
        counted = torch.arange(1, items + 1, device=scores.device).expand(lists, items)
        rank = torch.empty_like(order).scatter_(1, order, counted)  # (lists, items), from 1
        gain = torch.exp2(relevance) - 1
        ideal = gain.sort(dim=1, descending=True).values[:, : self.cut]
        discount = torch.log2(1 + counted[:, : self.cut].to(scores.dtype))
        best = (ideal / discount).sum(dim=1, keepdim=True)  # (lists, 1)
        gain = gain / best.clamp_min(torch.finfo(scores.dtype).tiny)
        apart = (gain[:, :, None] - gain[:, None, :]).abs()  # (lists, items, items)
        above = relevance[:, :, None] > relevance[:, None, :]
        both = mask[:, :, None] & mask[:, None, :]
        worth = apart * self._places(rank, scores.dtype)
        if self.cut is not None:
            both = both & (torch.minimum(rank[:, :, None], rank[:, None, :]) <= self.cut)
        return torch.where(above & both, worth, 0.0)

    def _places(self, rank: Tensor, dtype: torch.dtype) -> Tensor:
        """What the places of each pair are worth, (lists, items, items)."""
        value = 1 / torch.log2(1 + rank.to(dtype))
        if self.cut is not None:
            value = value.masked_fill(rank > self.cut, 0.0)
        swap = (value[:, :, None] - value[:, None, :]).abs()
        if self.weighting == "lambdarank":
            return swap
        gap = (rank[:, :, None] - rank[:, None, :]).abs().clamp_min(1).to(dtype)
        step = 1 / torch.log2(1 + gap) - 1 / torch.log2(2 + gap)
        return step if self.weighting == "ndcg2" else swap + self.mix * step
