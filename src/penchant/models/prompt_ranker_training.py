"""Tuning the language model of PromptRanker on questions about a first stage's lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from penchant.core import generator
from penchant.language import batches_by_length, load_language_model
from penchant.language.tuning import penalty
from penchant.tune import (
    NO,
    YES,
    History,
    Lessons,
    LoopConfig,
    adapting,
    answer_labels,
    padded_labels,
    train,
)

from .pair_ranker_training import WEIGHT_DECAY
from .prompt_ranker_scorer import PromptScorer
from .short_lists import Material, material
from .two_stage import Mix, TwoStage, learned_mix, ndcg_of_lists

if TYPE_CHECKING:
    from penchant.data import Dataset

    from .base import ModelClass
    from .prompt_ranker import PromptRankerConfig, TastedWords

Question = tuple[list[int], list[int]]
"""Tokens that are read, and which of them are learned."""


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
        return scorer.eval(), lesson.mix()[0]


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
        questions = len(self._lists) * (1 + config.negatives)
        batches = -(-questions // config.batch)
        with adapting(self._scorer.language, config.epochs * batches):
            return train(
                self._scorer,
                Lessons(self._batches, questions, (self._rng,)),
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
        """The best mix on the held-out lists, and its NDCG@10."""
        held = self._held
        scores = held.second(self._stages)
        found, figure = learned_mix(held.scores, scores, held.hit)
        if self._config.mix:
            return found, figure
        alone = Mix(1.0, found.first, found.second)
        mixed = np.where(np.isfinite(held.scores), scores, -np.inf).astype(np.float32)
        return alone, ndcg_of_lists(mixed, held.hit)

    def _batches(self) -> Iterator[list[Question]]:
        questions = self._questions()
        lengths = np.array([len(read) for read, _ in questions], np.int64)
        # batches of like length, as many questions each as the config says of the longest ones
        most = self._config.batch * int(lengths.max())
        for rows in batches_by_length(lengths, most, 1, self._rng):
            yield [questions[row] for row in rows.tolist()]

    def _questions(self) -> list[Question]:
        """Yes to the item that came next, No to some others of each list, drawn anew."""
        lists, config = self._lists, self._config
        histories = self._stages.words.histories(lists.requests, config.history)
        texts = self._stages.words.texts
        tokenizer = self._scorer.language.tokenizer
        told: list[Question] = []
        for row, history in enumerate(histories):
            if not history:
                continue
            items = [int(lists.target[row]), *self._drawn(lists.codes[row], lists.target[row])]
            prompts = self._scorer.questions(history, [texts[item] for item in items])
            answers = [YES] + [NO] * (len(items) - 1)
            before = tokenizer(prompts, verbose=False)["input_ids"]
            after = tokenizer(answers, add_special_tokens=False)["input_ids"]
            told += zip(*answer_labels(before, after, self._scorer.language.length), strict=True)
        return told

    def _drawn(self, codes: NDArray[np.int32], target: np.int32) -> list[int]:
        wrong = codes[(codes >= 0) & (codes != target)]
        chosen = self._rng.permutation(len(wrong))[: self._config.negatives]
        return [int(item) for item in wrong[chosen]]

    def _loss(self, batch: list[Question]) -> tuple[Tensor, int]:
        """The mean negative log-likelihood of the answers."""
        language = self._scorer.language
        device = language.model.device
        ids = padded_labels([read for read, _ in batch], device)
        mask = ids >= 0
        labels = padded_labels([learned for _, learned in batch], device)
        loss: Tensor = language.loss(ids.clamp(min=0), labels, mask)
        rule = penalty(language)
        return (loss + rule if rule.requires_grad else loss), len(batch)
