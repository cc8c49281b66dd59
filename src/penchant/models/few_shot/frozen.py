"""Frozen vectors under a small head with a strong prior: 16 examples do no harm, 256 help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .example import Example
from .features import Features
from .ground import Ground
from .head import fit_head, log_loss_of
from .quality import Quality

Array = NDArray[np.float64]

STRENGTHS = (float("inf"), 300.0, 100.0)
"""Labels' worth of belief in the prior that cross-validation chooses from, strongest first.

A weaker one, 30, was chosen for 64 windows over few people's histories and lost .02 to .05 of AUC on
other people: labels of one person are not independent.
"""


@dataclass(frozen=True)
class FrozenScorer:
    """A linear head over features of history and candidate.

    Attributes:
        features: makes them.
        weights: (features,).
        intercept: log-odds where all features are 0.
        strength: of the prior, as chosen.
    """

    features: Features
    weights: Array
    intercept: float
    strength: float

    def logits(self, examples: Sequence[Example]) -> Array:
        """Log-odds of a like, (examples,)."""
        return np.asarray(self.features(examples) @ self.weights + self.intercept)

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Weights; the features are saved with the model."""
        strength = None if np.isinf(self.strength) else self.strength
        about = {"intercept": self.intercept, "strength": strength}
        return {"weights": self.weights}, about


def fit_rules(ground: Ground) -> tuple[FrozenScorer, Array]:
    """Zero-shot: the prior's weights as they are, no label read, no intercept.

    With other people's ratings the weights were trained on tasks simulated from them.

    Returns:
        the scorer and its log-odds of the examples, which it has not seen either, (examples,).
    """
    features = Features(ground.space, None, ground.others)
    scorer = FrozenScorer(features, ground.prior.mean, 0.0, float("inf"))
    return scorer, scorer.logits(ground.examples)


def fit_share(ground: Ground) -> tuple[FrozenScorer, Array]:
    """The rule without a model: the smoothed share of likes in the history, nothing else."""
    weights = np.zeros(len(ground.prior.mean))
    weights[0] = 1
    bare = Features(ground.space, None, ground.others)
    scorer = FrozenScorer(bare, weights, 0.0, float("inf"))
    return scorer, scorer.logits(ground.examples)


def fit_frozen(ground: Ground) -> tuple[FrozenScorer, Array]:
    """The head with a Gaussian prior around the zero-shot weights; its strength by cross-validation.

    Every example's ``quality`` is computed without its own fold, or the head would learn to trust
    its own labels. Of the strengths, the strongest is taken that is no worse than the best by more
    than one standard error over people (Breiman et al. 1984).

    Returns:
        the scorer, and log-odds of each judged example by heads that had not seen it, (examples,).
    """
    crossed = _crossed(ground)
    judged = ground.judged
    found = {at: _out_of_fold(ground, crossed, at) for at in STRENGTHS}
    people = np.unique(ground.people[judged], return_inverse=True)[1]
    losses = np.stack(
        [
            np.bincount(people, log_loss_of(logit[judged], ground.labels[judged]))
            for logit in found.values()
        ]
    )  # (strengths, people)
    rest = losses - losses[losses.sum(1).argmin()]
    error = rest.std(1) * np.sqrt(rest.shape[1])
    strength = STRENGTHS[int((rest.sum(1) <= error).argmax())]
    weights, intercept = fit_head(crossed, ground.labels, ground.prior, strength)
    features = Features(
        ground.space,
        Quality.of(ground.examples, ground.people, ground.space),
        ground.others,
    )
    return FrozenScorer(features, weights, intercept, strength), found[strength]


def _crossed(ground: Ground) -> Array:
    """Features whose quality was learned from other folds, (examples, features)."""
    folds = ground.folds
    found = Features(ground.space, None, ground.others)(ground.examples)
    column = Features(ground.space).names.index("quality")
    for fold in np.unique(folds):
        out, inside = folds == fold, np.flatnonzero(folds != fold)
        if not len(inside):
            continue
        kept = [ground.examples[at] for at in inside]
        quality = Quality.of(kept, ground.people[inside], ground.space)
        candidates = [ground.examples[at].candidate for at in np.flatnonzero(out)]
        found[out, column] = quality.of_titles(candidates, ground.space)
    return found


def _out_of_fold(ground: Ground, features: Array, strength: float) -> Array:
    found = np.zeros(len(features))
    for fold in range(int(ground.folds.max()) + 1):
        out = ground.folds == fold
        weights, intercept = fit_head(features[~out], ground.labels[~out], ground.prior, strength)
        found[out] = features[out] @ weights + intercept
    return found
