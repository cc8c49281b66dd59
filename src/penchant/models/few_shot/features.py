"""What is measured about a history and a candidate, before any weight is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .example import Batch, Example
from .head import Prior
from .others import FACTORS, Others, Tastes
from .quality import Quality
from .space import TextSpace

Array = NDArray[np.float64]

OWN = ("share", "taste", "neighbours", "year", "quality")
"""share: log-odds of the smoothed share of likes. taste: likeness of the candidate to what was liked
less what was disliked. neighbours: the share of likes near the candidate less that of all. year: the
candidate's year times that of liked less disliked. quality: of the candidate, by ``Quality``."""

TRANSFERRED = ("goodness", "history goodness", "together", "content")
"""goodness: of the candidate, by others. history goodness: mean of the items that were rated.
together: a Gaussian process with the covariance of others' tastes; content: with that of texts."""

OWN_PRIOR = Prior(
    np.array([0.70, 0.20, 1.3, 0.07, 3.0]), 1 / np.array([1.1, 0.15, 0.11, 1.0, 0.06])
)
"""Weights in place of labels and their scale: from simulated people of ml-latest-small."""

BESIDE = (0.2, 0.7, 1.5)
"""Weights of taste, neighbours and quality where others' ratings already tell part of it."""

PERSON, TOGETHER, CONTENT, ERROR = 0.6, 1.0, 0.3, 1.0
"""Variances of the Gaussian process over one history: the person, the two kernels, an answer."""


@dataclass(frozen=True)
class Features:
    """Turns examples into a matrix.

    Attributes:
        space: where titles lie.
        quality: what the examples' histories told, or None.
        others: what other people's ratings told, or None.
    """

    space: TextSpace
    quality: Quality | None = None
    others: Others | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return OWN + TRANSFERRED if self.others else OWN

    def __call__(self, examples: Sequence[Example]) -> Array:
        """The features, (examples, features)."""
        batch = Batch.of(examples)
        columns = self._own(batch)
        if self.others is not None:
            rows = self.others.rows(batch.titles, self.space)
            return np.column_stack([columns, transferred(batch, rows, self.others.tastes)])
        return columns

    def _own(self, batch: Batch) -> Array:
        vectors, years = self.space.vectors(batch.titles), self.space.years(batch.titles)
        alike = np.einsum("rhd,rd->rh", vectors[batch.item], vectors[batch.candidate])
        surprise = (batch.like - batch.share[:, None]) * batch.mask
        ten = 10 / np.maximum(batch.mask.sum(1), 1)  # as if every history had ten items
        near = np.exp(6 * alike) * batch.mask
        quality = np.zeros(len(batch.candidate))
        if self.quality is not None:
            quality = self.quality.of_titles(batch.titles, self.space)[batch.candidate]
        share = batch.share
        return np.column_stack(
            [
                np.log(share / (1 - share)),
                (surprise * alike).sum(1) * ten,
                (surprise * near).sum(1) / np.maximum(near.sum(1), 1e-9),
                (surprise * years[batch.item]).sum(1) * ten * years[batch.candidate],
                quality,
            ]
        )


def transferred(batch: Batch, rows: Array, tastes: Tastes) -> Array:
    """The features that other people's ratings give, (rows, 4).

    Args:
        batch: the examples.
        rows: goodness, factors and content of the batch's titles, (titles, 1 + factors + words).
        tastes: what the ratings told.
    """
    goodness, factors = rows[:, 0], rows[:, 1 : 1 + min(FACTORS, tastes.factors.shape[1])]
    content = rows[:, 1 + factors.shape[1] :]
    value = np.where(batch.like > 0, tastes.liked, tastes.disliked)
    rest = (value - goodness[batch.item]) * batch.mask
    plain = _posterior(batch, rest, [])
    count = np.maximum(batch.mask.sum(1), 1)
    return np.column_stack(
        [
            goodness[batch.candidate],
            (goodness[batch.item] * batch.mask).sum(1) / count,
            _posterior(batch, rest, [(TOGETHER, factors)]) - plain,
            _posterior(batch, rest, [(CONTENT, content)]) - plain,
        ]
    )


def _posterior(batch: Batch, rest: Array, kernels: list[tuple[float, Array]]) -> Array:
    """What each person's answers tell about the candidate: a Gaussian process's mean, (rows,)."""
    size = batch.item.shape[1]
    pair = np.full((len(rest), size, size), PERSON)
    to = np.full((len(rest), size), PERSON)
    for variance, points in kernels:
        history, candidate = points[batch.item], points[batch.candidate]
        pair += variance * history @ history.transpose(0, 2, 1)
        to += variance * np.einsum("rhd,rd->rh", history, candidate)
    pair *= batch.mask[:, :, None] * batch.mask[:, None, :]
    weight = np.linalg.solve(pair + ERROR * np.eye(size), rest[:, :, None])[:, :, 0]
    return np.asarray((to * batch.mask * weight).sum(1))
