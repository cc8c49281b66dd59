"""Contrastive pairs, then a light head (SetFit): the encoder learns which examples are alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from penchant.core import generator
from penchant.language import DEFAULT_MODEL, load_backbone
from penchant.language.tuning import (
    TopLayers,
    Tuning,
    apply_tuning,
    load_tuned_state,
    tuned_state,
)
from penchant.tune import Lessons, LoopConfig, train

from ..settings import within
from .example import Batch, Example
from .ground import Ground
from .head import Prior, fit_head

if TYPE_CHECKING:
    from penchant.language import Backbone

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ContrastiveConfig:
    """How the encoder is tuned by pairs."""

    language: str = DEFAULT_MODEL
    """The encoder: a packaged name, a folder, a Hugging Face id."""
    tuning: Tuning = field(default_factory=lambda: TopLayers(layers=2))
    """Which of its weights learn."""
    steps: int = 24
    """Steps of training."""
    batch: int = 8
    """Pairs a step, half of them of equal labels."""
    learning_rate: float = 1e-4
    """Of AdamW."""
    history: int = 5
    """Titles of each list that are read: long texts are what costs."""
    strength: float = 30.0
    """Labels' worth of belief that the tuned vectors add nothing to the share of likes."""

    def __post_init__(self) -> None:
        for name in ("steps", "history"):
            within(self, name, 1, float("inf"))
        within(self, "batch", 2, float("inf"))
        within(self, "learning_rate", 0.0, 1.0, open_low=True)
        within(self, "strength", 0.0, float("inf"))


@dataclass(frozen=True)
class ContrastiveScorer:
    """A logistic head over the share of likes and the tuned vector of the whole example.

    Attributes:
        backbone: the tuned encoder.
        config: how it was tuned.
        weights: (1 + dim,).
        intercept: log-odds.
    """

    backbone: Backbone
    config: ContrastiveConfig
    weights: Array
    intercept: float

    def logits(self, examples: Sequence[Example]) -> Array:
        """Log-odds of a like, (examples,)."""
        features = _features(self.backbone, self.config, examples)
        return np.asarray(features @ self.weights + self.intercept)

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """The head and what was tuned."""
        tuned = tuned_state(self.backbone)
        arrays: dict[str, NDArray[Any]] = {"weights": self.weights}
        arrays |= {f"tuned.{name}": value.cpu().numpy() for name, value in tuned.items()}
        return arrays, {"intercept": self.intercept, "digest": self.backbone.digest}


def fit_contrastive(
    ground: Ground, config: ContrastiveConfig | None = None
) -> tuple[ContrastiveScorer, Array]:
    """Tune the encoder so that examples of one label lie together, then fit the head.

    Source: L. Tunstall et al., "Efficient Few-Shot Learning Without Prompts" (SetFit), 2022: the
    squared error between the cosine of a pair and 1 (equal labels) or 0 (others).

    Returns:
        the scorer and log-odds of each judged example, out of fold, (examples,).
    """
    config = config or ContrastiveConfig()

    def fit(kept: Sequence[Example], labels: Array) -> ContrastiveScorer:
        backbone = load_backbone(config.language)
        apply_tuning(backbone, config.tuning, ground.seed)
        _tune(backbone, config, kept, labels, ground.seed)
        features = _features(backbone, config, kept)
        mean = np.zeros(features.shape[1])
        mean[0] = 0.7
        weights, intercept = fit_head(
            features, labels, Prior(mean, np.ones(len(mean))), config.strength
        )
        return ContrastiveScorer(backbone, config, weights, intercept)

    crossed = ground.out_of_fold(lambda kept, labels: fit(kept, labels).logits)
    return fit(ground.examples, ground.labels), crossed


def text_of(one: Example, history: int) -> str:
    """An example as one text, the candidate first so that cutting never loses it."""
    liked, disliked = one.liked[-history:], one.disliked[-history:]
    return f"{one.candidate}? Liked: {'; '.join(liked)}. Disliked: {'; '.join(disliked)}."


def _features(backbone: Backbone, config: ContrastiveConfig, examples: Sequence[Example]) -> Array:
    share = Batch.of(examples).share
    tokens = backbone.tokens([text_of(one, config.history) for one in examples])
    order = np.argsort([len(row) for row in tokens], kind="stable")
    vectors = np.zeros((len(tokens), backbone.dim))
    with torch.inference_mode():
        for start in range(0, len(order), 32):
            rows = order[start : start + 32]
            found = backbone.vectors([tokens[row] for row in rows.tolist()])
            vectors[rows] = torch.nn.functional.normalize(found, dim=1).double().cpu().numpy()
    return np.column_stack([np.log(share / (1 - share)), vectors])


def _tune(
    backbone: Backbone,
    config: ContrastiveConfig,
    examples: Sequence[Example],
    labels: Array,
    seed: int,
) -> None:
    tokens = backbone.tokens([text_of(one, config.history) for one in examples])
    rng = generator(seed, "few-shot pairs")
    sides = [np.flatnonzero((labels > 0.5) == side) for side in (True, False)]

    def batches() -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        for _ in range(config.steps):
            left, right = [], []
            for pair in range(config.batch):
                first = sides[pair // 2 % 2]
                second = first if pair % 2 else sides[1 - pair // 2 % 2]
                if len(first) and len(second):
                    left.append(rng.choice(first))
                    right.append(rng.choice(second))
            yield np.array(left, np.int64), np.array(right, np.int64)

    def loss_of(pair: tuple[NDArray[np.int64], NDArray[np.int64]]) -> tuple[Tensor, int]:
        left, right = pair
        rows = np.unique(np.concatenate(pair))  # each text once, however often it was drawn
        vectors = backbone.vectors([tokens[row] for row in rows.tolist()])
        a, b = (vectors[torch.tensor(np.searchsorted(rows, side))] for side in pair)
        alike = torch.tensor((labels[left] > 0.5) == (labels[right] > 0.5), device=a.device)
        cosine = torch.nn.functional.cosine_similarity(a, b)
        return torch.nn.functional.mse_loss(cosine, alike.float()), len(left)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        loop = LoopConfig(1, 1, config.learning_rate, warmup_steps=5)
        lessons = Lessons(batches, config.steps * config.batch, (rng,))
        train(backbone, lessons, loss_of, loop, what="few-shot pairs")
    backbone.eval()


def restored(
    config: ContrastiveConfig, arrays: dict[str, NDArray[Any]], about: dict[str, Any]
) -> ContrastiveScorer:
    """The scorer from what ``ContrastiveScorer.state`` gave."""
    backbone = load_backbone(config.language)
    apply_tuning(backbone, config.tuning, 0)
    tuned = {
        name.removeprefix("tuned."): torch.tensor(value)
        for name, value in arrays.items()
        if name.startswith("tuned.")
    }
    load_tuned_state(backbone, tuned)
    return ContrastiveScorer(backbone.eval(), config, arrays["weights"], float(about["intercept"]))
