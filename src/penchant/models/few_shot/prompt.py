"""A language model answers yes or no, by the probability of the two words (a verbaliser)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from penchant.core import Unsupported, generator
from penchant.language import batches_by_length, load_language_model
from penchant.language.tuning import Tuning, apply_tuning, load_tuned_state, tuned_state
from penchant.tune import (
    NO,
    YES,
    Lessons,
    LoopConfig,
    answer_labels,
    padded_labels,
    train,
    yes_no_prompt,
)

from ..settings import within
from .example import Batch, Example
from .ground import Ground
from .head import Prior, fit_head

if TYPE_CHECKING:
    from penchant.language import LanguageModel

Array = NDArray[np.float64]
Lesson = tuple[list[int], list[int]]


@dataclass(frozen=True)
class PromptConfig:
    """How a language model is asked."""

    language: str = "SmolLM2-135M-Instruct"
    """A decoder, or a masked model with its head: a packaged name, a folder, a Hugging Face id."""
    noun: str = "item"
    """What a candidate is called in the question, such as film."""
    history: int = 10
    """Titles of each list that are shown: the last ones."""
    tuning: Tuning | None = None
    """How the model is tuned on the examples; None asks it as it is."""
    epochs: int = 3
    """Passes over the examples, where it is tuned."""
    batch: int = 8
    """Examples a step."""
    learning_rate: float = 2e-4
    """Of AdamW."""
    strength: float = 10.0
    """Labels' worth of belief that the answer adds nothing to the share of likes."""

    def __post_init__(self) -> None:
        for name in ("history", "epochs", "batch"):
            within(self, name, 1, float("inf"))
        within(self, "learning_rate", 0.0, 1.0, open_low=True)
        within(self, "strength", 0.0, float("inf"))


@dataclass(frozen=True)
class PromptScorer:
    """The answer's log-odds beside the share of likes, under a logistic head.

    Attributes:
        model: the language model.
        config: how it is asked.
        standard: mean and deviation of the answers of the examples.
        weights: of the share's log-odds and the standardised answer, (2,).
        intercept: log-odds.
    """

    model: LanguageModel
    config: PromptConfig
    standard: tuple[float, float]
    weights: Array
    intercept: float

    def logits(self, examples: Sequence[Example]) -> Array:
        """Log-odds of a like, (examples,)."""
        answers = answers_of(self.model, self.config, examples)
        return np.asarray(
            _features(examples, answers, self.standard) @ self.weights + self.intercept
        )

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """The head, and what was tuned."""
        arrays: dict[str, NDArray[Any]] = {"weights": self.weights}
        if self.config.tuning is not None:
            tuned = tuned_state(self.model)
            arrays |= {f"tuned.{name}": value.cpu().numpy() for name, value in tuned.items()}
        about = {"standard": list(self.standard), "intercept": self.intercept}
        return arrays, {**about, "digest": self.model.digest}


def fit_prompt(ground: Ground, config: PromptConfig | None = None) -> tuple[PromptScorer, Array]:
    """Ask the model, tuned on the examples or as it is; then a head with a prior at the share.

    Source: T. Schick and H. Schütze, "Exploiting Cloze Questions for Few-Shot Text Classification",
    2021 (masked models), and T. Brown et al. 2020 (decoders); as a recommender TALLRec, 2023.

    Returns:
        the scorer and log-odds of each judged example, out of fold, (examples,).
    """
    config = config or PromptConfig()
    if config.tuning is None:
        model = opened(config)
        answers = answers_of(model, config, ground.examples)
        place = {id(one): at for at, one in enumerate(ground.examples)}

        def cheap(kept: Sequence[Example], labels: Array) -> PromptScorer:
            rows = [place[id(one)] for one in kept]
            return _headed(model, config, kept, labels, answers[rows])

        def held(kept: Sequence[Example], labels: Array) -> Any:
            scorer = cheap(kept, labels)

            def logits(asked: Sequence[Example]) -> Array:
                own = answers[[place[id(one)] for one in asked]]
                return np.asarray(
                    _features(asked, own, scorer.standard) @ scorer.weights + scorer.intercept
                )

            return logits

        return cheap(ground.examples, ground.labels), ground.out_of_fold(held)

    def costly(kept: Sequence[Example], labels: Array) -> PromptScorer:
        tuned = opened(config, ground.seed)
        _tune(tuned, config, kept, labels, ground.seed)
        return _headed(tuned, config, kept, labels, answers_of(tuned, config, kept))

    crossed = ground.out_of_fold(lambda kept, labels: costly(kept, labels).logits)
    return costly(ground.examples, ground.labels), crossed


def opened(config: PromptConfig, seed: int = 0) -> LanguageModel:
    """The language model, ready to be tuned where the config says so.

    Raises:
        ModelNotFound: there is no such model.
        Unsupported: it has no head; a masked model to be tuned.
    """
    model = load_language_model(config.language)
    if config.tuning is not None:
        if model.kind == "masked":
            raise Unsupported(
                f"{config.language} fills in masks; it is asked as it is here. Leave tuning out, or "
                "name a decoder."
            )
        apply_tuning(model, config.tuning, seed)
    return model


def answers_of(model: LanguageModel, config: PromptConfig, examples: Sequence[Example]) -> Array:
    """The model's log P(yes) - log P(no), (examples,)."""
    prompts = [_question(one, config) for one in examples]
    words = (YES, NO)
    if model.kind == "masked":
        prompts = [f"{prompt} {{mask}}." for prompt in prompts]
        words = (YES.strip(), NO.strip())
    said = model.choices(prompts, words)
    return np.asarray(said[:, 0] - said[:, 1], np.float64)


def _question(one: Example, config: PromptConfig) -> str:
    liked, disliked = one.liked[-config.history :], one.disliked[-config.history :]
    return yes_no_prompt(liked, disliked, one.candidate, noun=config.noun)


def _features(examples: Sequence[Example], answers: Array, standard: tuple[float, float]) -> Array:
    share = Batch.of(examples).share
    return np.column_stack([np.log(share / (1 - share)), (answers - standard[0]) / standard[1]])


def _headed(
    model: LanguageModel,
    config: PromptConfig,
    examples: Sequence[Example],
    labels: Array,
    answers: Array,
) -> PromptScorer:
    standard = (float(answers.mean()), float(answers.std()) or 1.0)
    prior = Prior(np.array([0.7, 0.1]), np.ones(2))
    weights, intercept = fit_head(
        _features(examples, answers, standard), labels, prior, config.strength
    )
    return PromptScorer(model, config, standard, weights, intercept)


def _tune(
    model: LanguageModel,
    config: PromptConfig,
    examples: Sequence[Example],
    labels: Array,
    seed: int,
) -> None:
    """Teach the model the answers."""
    rng = generator(seed, "few-shot prompt")
    before = model.tokenizer([_question(one, config) for one in examples], verbose=False)
    answers = [YES if label > 0.5 else NO for label in labels.tolist()]
    after = model.tokenizer(answers, add_special_tokens=False)
    lessons: list[Lesson] = list(
        zip(*answer_labels(before["input_ids"], after["input_ids"], model.length), strict=True)
    )
    lengths = np.array([len(read) for read, _ in lessons], np.int64)

    def batches() -> Iterator[list[Lesson]]:
        most = config.batch * int(lengths.max())
        for rows in batches_by_length(lengths, most, 1, rng):
            yield [lessons[row] for row in rows.tolist()]

    def loss_of(batch: list[Lesson]) -> tuple[Tensor, int]:
        ids = padded_labels([read for read, _ in batch], model.model.device)
        learned = padded_labels([label for _, label in batch], model.model.device)
        return model.loss(ids.clamp(min=0), learned, ids >= 0), len(batch)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        loop = LoopConfig(config.epochs, config.epochs, config.learning_rate, warmup_steps=5)
        train(model, Lessons(batches, len(lessons), (rng,)), loss_of, loop, what="few-shot prompt")
    model.eval()


def restored(
    config: PromptConfig, arrays: dict[str, NDArray[Any]], about: dict[str, Any]
) -> PromptScorer:
    """The scorer from what ``PromptScorer.state`` gave."""
    model = opened(config)
    tuned = {
        name.removeprefix("tuned."): torch.tensor(value)
        for name, value in arrays.items()
        if name.startswith("tuned.")
    }
    if tuned:
        load_tuned_state(model, tuned)
    low, high = about["standard"]
    return PromptScorer(
        model.eval(), config, (low, high), arrays["weights"], float(about["intercept"])
    )
