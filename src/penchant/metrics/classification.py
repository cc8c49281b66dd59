"""How well scores tell clicks from skips."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError


def auc(labels: NDArray[np.generic], scores: NDArray[np.floating]) -> float:
    """The chance that a positive stands above a negative; a tie counts half.

    >>> auc(np.array([1, 0, 1, 0]), np.array([0.9, 0.5, 0.5, 0.1]))
    0.875

    Args:
        labels: true or one where positive, (rows,).
        scores: higher means more likely positive, (rows,).

    Raises:
        UsageError: all labels are the same, or a score is NaN.
    """
    positive = _positive(labels, scores)
    value = _aucs(positive, scores, np.zeros(len(positive), np.int64), 1)[0][0]
    if np.isnan(value):
        raise UsageError("AUC needs at least one positive and one negative label")
    return float(value)


def grouped_auc(
    labels: NDArray[np.generic], scores: NDArray[np.floating], groups: NDArray[np.generic]
) -> float:
    """Mean of the AUC within each user, weighted by impressions (Zhou et al., DIN, 2018).

    Users whose labels are all the same have no AUC and are left out, as is usual.

    Args:
        labels: true or one where positive, (rows,).
        scores: higher means more likely positive, (rows,).
        groups: the user of each row, (rows,).

    Raises:
        UsageError: no user has both kinds of label, or a score is NaN.
    """
    positive = _positive(labels, scores)
    _, group = np.unique(groups, return_inverse=True)
    values, sizes = _aucs(positive, scores, group, int(group.max(initial=-1)) + 1)
    known = ~np.isnan(values)
    if not known.any():
        raise UsageError("grouped AUC needs a group with both a positive and a negative label")
    return float(np.average(values[known], weights=sizes[known]))


def log_loss(
    labels: NDArray[np.generic], probabilities: NDArray[np.floating], least: float = 1e-15
) -> NDArray[np.float64]:
    """Minus the log of the probability given to what happened, (rows,), in nats.

    Args:
        labels: true or one where positive, (rows,).
        probabilities: of the positive label, (rows,), between 0 and 1.
        least: probabilities are kept this far from 0 and 1, so that one mistake stays finite.

    Raises:
        UsageError: a probability lies outside 0 .. 1 or is NaN.
    """
    positive = _positive(labels, probabilities)
    if ((probabilities < 0) | (probabilities > 1)).any():
        raise UsageError("log-loss needs probabilities between 0 and 1")
    given = np.where(positive, probabilities, 1 - probabilities).astype(np.float64)
    return -np.log(np.clip(given, least, 1 - least))


def _positive(labels: NDArray[np.generic], scores: NDArray[np.floating]) -> NDArray[np.bool_]:
    if labels.shape != scores.shape:
        raise UsageError(f"{labels.shape} labels for {scores.shape} scores")
    if np.isnan(scores).any():
        raise UsageError("a score is NaN")
    if not np.isin(labels, (0, 1)).all():
        raise UsageError("labels must be 0 or 1")
    return labels.astype(np.bool_)


def _aucs(
    positive: NDArray[np.bool_],
    scores: NDArray[np.floating],
    group: NDArray[np.integer],
    groups: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """AUC of each group (NaN where it has one kind of label) and its rows, by rank sums."""
    order = np.lexsort((scores, group))
    positive, scores, group = positive[order], scores[order], group[order]
    new = np.ones(len(scores), np.bool_)
    new[1:] = (scores[1:] != scores[:-1]) | (group[1:] != group[:-1])
    starts = np.flatnonzero(new)  # of each run of equal scores
    ends = np.append(starts[1:], len(scores))
    rank = ((starts + 1 + ends) / 2)[np.cumsum(new) - 1]  # ties share their mean place
    sizes = np.bincount(group, minlength=groups)
    before = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    plus = np.bincount(group, weights=positive, minlength=groups)
    total = np.bincount(
        group, weights=np.where(positive, rank - before[group], 0), minlength=groups
    )
    pairs = plus * (sizes - plus)
    wins = total - plus * (plus + 1) / 2
    return np.divide(wins, pairs, out=np.full(groups, np.nan), where=pairs > 0), sizes
