"""Training a cross-encoder on a first stage's lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from penchant.core import generator
from penchant.language import load_backbone
from penchant.language.tuning import penalty
from penchant.tune import Lessons, LoopConfig, adapting, train

from .pair_ranker_scorer import CrossEncoder
from .short_lists import Lists, Material, material
from .two_stage import Mix, TwoStage, Words, learned_mix

if TYPE_CHECKING:
    from penchant.data import Dataset

    from .base import ModelClass
    from .pair_ranker import PairRankerConfig

WEIGHT_DECAY = 0.01


def fit_scorer(
    config: PairRankerConfig,
    first_stage: tuple[type[ModelClass], Any],
    words: Words,
    data: Dataset,
    seed: int,
) -> tuple[CrossEncoder, Mix]:
    """A cross-encoder, and its share in the final score."""
    found = material(config, first_stage, data, seed, ("pair-ranker", "pairs"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        scorer = CrossEncoder(load_backbone(config.language), config, seed)
        if found is None:
            return scorer.eval(), Mix()
        stages = TwoStage(found.first, scorer, words, config.depth, config.history, Mix())
        lesson = _Lesson(config, stages, scorer, found, seed)
        lesson.learn()
        return scorer.eval(), lesson.mix()[0]


class _Lesson:
    """One training."""

    def __init__(
        self,
        config: PairRankerConfig,
        stages: TwoStage,
        scorer: CrossEncoder,
        found: Material,
        seed: int,
    ) -> None:
        self._config, self._stages, self._scorer = config, stages, scorer
        self._lists, self._held = found.lists, found.held
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
        return learned_mix(held.scores, held.second(self._stages), held.hit)

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
