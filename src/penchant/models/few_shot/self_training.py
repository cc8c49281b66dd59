"""Self-training: confident answers about unlabelled examples become labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .example import Example
from .frozen import FrozenScorer, fit_frozen
from .ground import Ground
from .head import sigmoid
from .people import folds_of, people_of

Array = NDArray[np.float64]

CONFIDENT = 0.85
"""Probability from which an answer of the model is taken for a label."""


def fit_self_trained(ground: Ground, unlabelled: Sequence[Example]) -> tuple[FrozenScorer, Array]:
    """Fit, label the confident of the unlabelled, fit again (Scudder 1965; Lee 2013).

    The verdicts in the unlabelled histories tell about quality too. In cross-validation nothing of
    the people in the held-out fold is used: neither their labels, nor pseudo-labels made with
    them, nor unlabelled examples that are theirs.

    Returns:
        the scorer and log-odds of each judged example, out of fold, (examples,).
    """
    n = len(ground.examples)
    people = people_of((*ground.examples, *unlabelled))
    crossed = np.zeros(n)
    for fold in range(int(ground.folds.max()) + 1):
        out = ground.folds == fold
        strangers = ~np.isin(people[n:], people[:n][out])
        kept = [one for one, free in zip(unlabelled, strangers.tolist(), strict=True) if free]
        scorer = _fit(_part(ground, np.flatnonzero(~out)), kept)
        crossed[out] = scorer.logits([ground.examples[at] for at in np.flatnonzero(out)])
    return _fit(ground, unlabelled), crossed


def _fit(ground: Ground, unlabelled: Sequence[Example]) -> FrozenScorer:
    first, _ = fit_frozen(ground)
    if not unlabelled:
        return first
    chance = sigmoid(first.logits(unlabelled))
    sure = np.flatnonzero((chance >= CONFIDENT) | (chance <= 1 - CONFIDENT))
    if not len(sure):
        return first
    # labels stay off the examples: a candidate's pseudo-label is no verdict for its quality
    added = [replace(unlabelled[at], label=None) for at in sure.tolist()]
    examples = (*ground.examples, *added)
    wider = replace(
        ground,
        examples=examples,
        labels=np.concatenate([ground.labels, (chance[sure] > 0.5).astype(np.float64)]),
        people=people_of(examples),
        folds=np.concatenate([ground.folds, np.full(len(sure), -1)]),
    )
    return fit_frozen(wider)[0]


def _part(ground: Ground, rows: NDArray[np.int64]) -> Ground:
    people = ground.people[rows]
    return replace(
        ground,
        examples=tuple(ground.examples[at] for at in rows),
        labels=ground.labels[rows],
        people=people,
        folds=folds_of(people, 5, ground.seed),
    )
