"""A head trained in advance on few-shot tasks made from other people's ratings."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from penchant.core import generator

from .example import Batch
from .features import BESIDE, OWN_PRIOR, TRANSFERRED, transferred
from .head import Prior, fit_head
from .others import Ratings, Tastes
from .space import standard_years

EACH, FOLDS, PULL = 12, 3, 1.0
"""Tasks a user; folds of users; belief in the start, in tasks."""


@dataclass(frozen=True)
class Lesson:
    """What is learned from other people, named by what it depends on."""

    digest: str
    threshold: float
    length: int
    seed: int
    ratings: Ratings = field(compare=False, repr=False)


@lru_cache(maxsize=4)
def learned(lesson: Lesson) -> tuple[Tastes, Prior]:
    """What other people's ratings tell of the items, and the head trained on tasks made of them.

    Kept for the next call: draws of examples from one file share it.
    """
    ratings, threshold = lesson.ratings, lesson.threshold
    tastes = Tastes.of(ratings, threshold, np.ones(len(ratings.value), np.bool_))
    return tastes, simulated_prior(ratings, threshold, lesson.length, lesson.seed)


def simulated_prior(ratings: Ratings, threshold: float, length: int, seed: int) -> Prior:
    """Weights learned from what other people liked next, as a prior for the head.

    A task is a user's ``length`` ratings in a row as liked or disliked, and the one after them. The
    items' goodness and factors come from users of the other folds, as they will for new people.
    Text is not read here: its weights stay those of ``OWN_PRIOR``, lowered by hand.
    """
    chooser = generator(seed, "few-shot tasks")
    starts = _starts(ratings, length, chooser)
    fold = chooser.integers(0, FOLDS, int(ratings.user.max()) + 1)
    item = ratings.item[starts[:, None] + np.arange(length)]
    like = (ratings.value[starts[:, None] + np.arange(length)] > threshold).astype(np.float64)
    candidate, last = ratings.item[starts + length], starts + length
    labels = (ratings.value[last] > threshold).astype(np.float64)
    years = standard_years(ratings.titles)
    features = np.zeros((len(starts), 2 + len(TRANSFERRED)))
    for at in range(FOLDS):
        rows = fold[ratings.user[last]] == at
        if not rows.any() or (fold[ratings.user] == at).all():
            continue
        tastes = Tastes.of(ratings, threshold, fold[ratings.user] != at)
        batch = Batch(
            (), item[rows], like[rows], np.ones((int(rows.sum()), length)), candidate[rows]
        )
        table = np.column_stack([tastes.goodness, tastes.factors, ratings.content])
        share = batch.share
        lean = ((batch.like - share[:, None]) * years[batch.item]).sum(1) * 10 / length
        features[rows, 0] = np.log(share / (1 - share))
        features[rows, 1] = lean * years[batch.candidate]
        features[rows, 2:] = transferred(batch, table, tastes)
    spread = features.std(0)
    scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 1e-6)
    start = np.array([OWN_PRIOR.mean[0], OWN_PRIOR.mean[3], *(0.0 for _ in TRANSFERRED)])
    weights, _ = fit_head(features, labels, Prior(start, scale), PULL)
    share, year, *rest = weights
    taste, near, quality = BESIDE
    return Prior(
        np.array([share, taste, near, year, quality, *rest]),
        np.concatenate([OWN_PRIOR.scale, scale[2:]]),
    )


def _starts(ratings: Ratings, length: int, chooser: np.random.Generator) -> NDArray[np.int64]:
    """Where tasks begin: at most ``EACH`` for a user, (tasks,)."""
    counts = np.bincount(ratings.user)
    first = np.cumsum(counts) - counts
    found = [
        begin + chooser.choice(room, min(EACH, room), replace=False)
        for begin, room in zip(first.tolist(), (counts - length).tolist(), strict=True)
        if room > 0
    ]
    return np.concatenate(found).astype(np.int64) if found else np.zeros(0, np.int64)
