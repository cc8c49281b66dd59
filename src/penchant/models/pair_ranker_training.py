"""Training a cross-encoder on a first stage's lists."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from penchant.core import Holdout, Requests, generator
from penchant.data import validation_split
from penchant.language import load_backbone
from penchant.language.tuning import penalty
from penchant.tune import Lessons, LoopConfig, adapting, train

from .pair_ranker_scorer import CrossEncoder
from .two_stage import Mix, TwoStage, learned_mix, shortlist

if TYPE_CHECKING:
    from penchant.data import Dataset

    from .base import ModelClass
    from .pair_ranker import PairRankerConfig

log = logging.getLogger(__name__)

LEAST = 5
"""Held-out users that are too few to learn from: a fifth of them, at least one, is for validation."""

WEIGHT_DECAY = 0.01

CELLS = 2**27
"""Scores of a first stage that are held at once: 0.5 GB."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Short lists of a first stage, and what came next.

    Attributes:
        requests: whom for, (rows,).
        codes: the first stage's best items, (rows, depth) int32; -1 where there are fewer.
        scores: its scores of them, the same shape; ``-inf`` where there are fewer.
        target: the item that came next, (rows,) int32.
    """

    requests: Requests
    codes: NDArray[np.int32]
    scores: NDArray[np.float32]
    target: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, rows: NDArray[np.int64]) -> Lists:
        """Some of the lists."""
        return Lists(self.requests[rows], self.codes[rows], self.scores[rows], self.target[rows])


def lists_of(first: Any, holdout: Holdout, depth: int) -> Lists:
    """What a fitted first stage lists for held-out users."""
    requests = holdout.requests
    step = max(1, CELLS // max(1, len(requests.items)))
    parts = [slice(start, start + step) for start in range(0, len(requests), step)]
    found, codes = (
        np.concatenate(part)
        for part in zip(*(_listed(first, requests[rows], depth) for rows in parts), strict=True)
    )
    target = holdout.truth.item[holdout.truth.indptr[:-1]]
    return Lists(requests, codes, found, target)


def _listed(
    first: Any, requests: Requests, depth: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Scores and codes of a first stage's best items, (rows, depth) each."""
    scores = first.score(requests)
    codes = shortlist(scores, requests.history, depth)
    found = np.take_along_axis(scores, np.maximum(codes, 0).astype(np.int64), axis=1)
    found[codes < 0] = -np.inf
    return found, codes


def fit_scorer(
    config: PairRankerConfig,
    first_class: type[ModelClass],
    first_config: Any,
    data: Dataset,
    seed: int,
) -> tuple[CrossEncoder, Mix]:
    """A cross-encoder, and its share in the final score."""
    from .pair_ranker import words_of

    inner, holdout = validation_split(data, config.users + config.validation_users, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        scorer = CrossEncoder(load_backbone(config.language), config, seed)
        words = words_of(data.catalogue)
        if len(holdout) < LEAST or not any(text.strip() for text in words.texts):
            log.warning(
                "pair-ranker: too few users have 3 events, or no item has a text; there is nothing "
                "to learn from, and the first stage's order stays"
            )
            return scorer.eval(), Mix()
        first = first_class.fit(first_config, inner, seed)
        lists = lists_of(first, holdout, config.depth)
        order = generator(seed, "pairs").permutation(len(lists))
        kept = max(1, min(config.validation_users, len(lists) // LEAST))
        stages = TwoStage(first, scorer, words, config.depth, config.history, Mix())
        lesson = _Lesson(config, stages, scorer, lists[order[kept:]], lists[order[:kept]], seed)
        lesson.learn()
        return scorer.eval(), lesson.mix()[0]


class _Lesson:
    """One training."""

    def __init__(
        self,
        config: PairRankerConfig,
        stages: TwoStage,
        scorer: CrossEncoder,
        lists: Lists,
        held: Lists,
        seed: int,
    ) -> None:
        self._config, self._stages, self._scorer = config, stages, scorer
        self._lists, self._held = lists, held
        self._rng = generator(seed, "negatives")

    def learn(self) -> None:
        config = self._config
        batches = -(-len(self._lists) // config.batch)
        with adapting(self._scorer.backbone, config.epochs * batches):
            train(
                self._scorer,
                Lessons(self._batches, len(self._lists), (self._rng,)),
                self._loss,
                LoopConfig(
                    config.epochs,
                    config.patience,
                    config.learning_rate,
                    WEIGHT_DECAY,
                    warmup_steps=min(50, 1 + batches // 5),
                    schedule="linear",
                    groups=(("head.", config.head_rate / config.learning_rate),),
                ),
                lambda: self.mix()[1],
                "pair-ranker",
            )

    def mix(self) -> tuple[Mix, float]:
        """The best mix on the held-out lists, and its NDCG@10."""
        held = self._held
        row, column, second = self._stages.pairs(held.requests, held.codes)
        scores = np.zeros(held.codes.shape, np.float32)
        scores[row, column] = second
        return learned_mix(held.scores, scores, held.codes == held.target[:, None])

    def _batches(self) -> Iterator[Lists]:
        order = self._rng.permutation(len(self._lists))
        for start in range(0, len(order), self._config.batch):
            yield self._lists[order[start : start + self._config.batch]]

    def _loss(self, batch: Lists) -> tuple[Tensor, int]:
        """The mean loss of a batch of lists; the right item stands first in each."""
        chosen = self._drawn(batch)  # (lists, 1 + negatives)
        histories = self._stages.words.histories(batch.requests, self._config.history)
        texts, there = self._stages.words.texts, chosen >= 0
        row, column = np.nonzero(there)
        pairs = [
            self._scorer.tokens(histories[r], texts[chosen[r, c]])
            for r, c in zip(row.tolist(), column.tolist(), strict=True)
        ]
        found = self._scorer(pairs)  # (pairs,)
        scores = found.new_full(chosen.shape, torch.finfo(found.dtype).min / 4)
        scores[torch.from_numpy(row), torch.from_numpy(column)] = found
        if self._config.objective == "listwise":
            right = torch.zeros(len(batch), dtype=torch.int64, device=found.device)
            loss = functional.cross_entropy(scores, right)
        else:
            label = torch.from_numpy((column == 0).astype(np.float32)).to(found.device)
            loss = functional.binary_cross_entropy_with_logits(found, label)
        rule = penalty(self._scorer.backbone)
        return (loss + rule if rule.requires_grad else loss), len(batch)

    def _drawn(self, batch: Lists) -> NDArray[np.int32]:
        """The right item and some others of each list, -1 where there are fewer."""
        noise = self._rng.random(batch.codes.shape)
        wrong = (batch.codes >= 0) & (batch.codes != batch.target[:, None])
        noise[~wrong] = 2.0  # behind all others
        order = np.argsort(noise, axis=1)[:, : self._config.negatives]
        drawn = np.where(
            np.take_along_axis(wrong, order, axis=1),
            np.take_along_axis(batch.codes, order, axis=1),
            -1,
        )
        return np.concatenate([batch.target[:, None], drawn], axis=1).astype(np.int32)
