"""The lists of a model for the questions of a judgement."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant import metrics
from penchant.core import UNKNOWN, Holdout
from penchant.engine import Recommender


@dataclass(frozen=True, slots=True)
class Answered:
    """What a model answered.

    Attributes:
        codes: its lists in the codes of the questions, (questions, k); -1 where a list is short.
        ndcg: of each list, (questions,).
        finite: whether every score was a number.
        seconds: of the processor that it took.
    """

    codes: NDArray[np.int32]
    ndcg: NDArray[np.float64]
    finite: bool
    seconds: float

    @property
    def unanswered(self) -> float:
        """Share of the questions with an empty list."""
        return float((self.codes[:, 0] == UNKNOWN).mean()) if len(self.codes) else 0.0

    def shares(self, items: int) -> NDArray[np.float64]:
        """Share of the lists that hold each item, (items,)."""
        listed = self.codes[self.codes >= 0]
        return np.bincount(listed, minlength=items) / max(len(self.codes), 1)

    def overlap(self, other: Answered) -> float:
        """Mean share of these lists' items that the other's lists have too."""
        both = (self.codes[:, :, None] == other.codes[:, None, :]) & (self.codes >= 0)[:, :, None]
        listed = np.maximum((self.codes >= 0).sum(axis=1), 1)
        return float((both.any(axis=2).sum(axis=1) / listed).mean()) if len(self.codes) else 1.0


def answered(model: Recommender, test: Holdout, k: int) -> Answered:
    """Ask a model; items of a question's history are not listed.

    Args:
        model: a fitted recommender, of any codes.
        test: the questions.
        k: length of the lists.
    """
    codes = np.full((len(test), k), UNKNOWN, np.int32)
    finite, began = True, time.process_time()
    for rows, listed, scores in model.rank(test.requests, k):
        codes[rows] = listed
        finite = finite and bool(np.isfinite(scores[listed >= 0]).all())
    seconds = time.process_time() - began
    hits = metrics.hits(codes, test.truth.indptr, test.truth.item)
    return Answered(codes, metrics.ndcg(hits, test.truth.lengths), finite, seconds)
