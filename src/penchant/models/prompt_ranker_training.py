"""Tuning the language model of PromptRanker on questions about a first stage's lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from penchant.core import generator
from penchant.language import learned_choices, load_language_model
from penchant.language.tuning import penalty
from penchant.tune import NO, YES, History, Lessons, LoopConfig, adapting, train

from .pair_ranker_training import WEIGHT_DECAY
from .prompt_ranker_scorer import PromptScorer
from .short_lists import Lists, Material, material
from .two_stage import Mix, TwoStage, learned_mix, ndcg_of_lists

if TYPE_CHECKING:
    from penchant.data import Dataset

    from .base import ModelClass
    from .prompt_ranker import PromptRankerConfig, TastedWords


def fit_scorer(
    config: PromptRankerConfig,
    first_stage: tuple[type[ModelClass], Any],
    words: TastedWords,
    data: Dataset,
    seed: int,
) -> tuple[PromptScorer, Mix]:
    """A tuned scorer, and its share in the final score."""
    found = material(config, first_stage, data, seed, ("prompt-ranker", "questions"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        scorer = PromptScorer(load_language_model(config.language), config, seed)
        if found is None:
            return scorer.eval(), Mix()
        stages = TwoStage(found.first, scorer, words, config.depth, config.history, Mix())
        lesson = PromptLesson(config, stages, scorer, found, seed)
        if config.tuning is not None:
            lesson.learn()
        # the answer alone needs no scale, and no lists are asked about to learn one
        return scorer.eval(), lesson.mix()[0] if config.mix else Mix(1.0)


class PromptLesson:
    """One training."""

    def __init__(
        self,
        config: PromptRankerConfig,
        stages: TwoStage,
        scorer: PromptScorer,
        found: Material,
        seed: int,
    ) -> None:
        self._config, self._stages, self._scorer = config, stages, scorer
        self._lists, self._held = found.lists, found.held
        self._rng = generator(seed, "negatives")

    def learn(self) -> History:
        """Tune the language model; the epoch with the best validation NDCG@10 is kept."""
        config = self._config
        batches = -(-len(self._lists) // config.batch)
        with adapting(self._scorer.language, config.epochs * batches):
            return train(
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
                    precision=config.precision,
                ),
                lambda: self.mix()[1],
                "prompt-ranker",
            )

    def mix(self) -> tuple[Mix, float]:
        """The best mix on the held-out lists, or the answer alone, and its NDCG@10."""
        held = self._held
        scores = held.second(self._stages)
        if self._config.mix:
            return learned_mix(held.scores, scores, held.hit)
        alone = np.where(np.isfinite(held.scores), scores, -np.inf).astype(np.float32)
        return Mix(1.0), ndcg_of_lists(alone, held.hit)

    def _batches(self) -> Iterator[Lists]:
        order = self._rng.permutation(len(self._lists))
        for start in range(0, len(order), self._config.batch):
            yield self._lists[order[start : start + self._config.batch]]

    def _loss(self, batch: Lists) -> tuple[Tensor, int]:
        """The mean loss of a batch of lists."""
        language, words = self._scorer.language, self._stages.words
        histories = words.histories(batch.requests, self._config.history)
        questions = []
        for row, history in enumerate(histories):
            codes = batch.codes[row]
            right = int(np.flatnonzero(codes == batch.target[row])[0])
            places = np.array([right, *self._drawn(codes, right)])
            asked = self._scorer.questions(history, words.candidates(codes[places], places))
            questions.append(asked)
        said = learned_choices(language, questions, (YES, NO))
        loss = torch.stack([self._loss_of(one) for one in said]).mean()
        rule = penalty(language)
        return (loss + rule if rule.requires_grad else loss), len(batch)

    def _loss_of(self, said: Tensor) -> Tensor:
        """Of what was said of one list, (items, 2): Yes and No in nats; the right item stands first."""
        if self._config.objective == "listwise":
            return -(said[:, 0] - said[:, 1]).log_softmax(dim=0)[0]
        return -torch.cat([said[:1, 0], said[1:, 1]]).mean()

    def _drawn(self, codes: NDArray[np.int32], right: int) -> list[int]:
        """Places of some other items of a list."""
        wrong = np.flatnonzero((codes >= 0) & (np.arange(len(codes)) != right))
        found: list[int] = self._rng.permutation(wrong)[: self._config.negatives].tolist()
        return found
