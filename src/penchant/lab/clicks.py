"""Evaluation of click probabilities and of predicted ratings, with intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant import metrics
from penchant.core import UsageError

from .evaluation import Figure

_DRAWS = 300  # AUC sorts again for every draw

Measure = Callable[[NDArray[np.int64], NDArray[np.int64]], float]
"""From rows and the user of each to a figure."""


@dataclass(frozen=True, slots=True)
class Draws:
    """How often users are resampled, and from which seed."""

    seed: int
    number: int


def evaluate_clicks(
    labels: NDArray[np.generic],
    scores: NDArray[np.floating],
    groups: NDArray[np.generic] | None = None,
    seed: int = 0,
    draws: int = _DRAWS,
) -> dict[str, Figure]:
    """AUC, log-loss and, with groups, grouped AUC, with 95 % intervals by resampling users.

    Log-loss is left out where a score is not a probability.

    >>> found = evaluate_clicks(np.array([1, 0, 1, 0] * 9), np.array([0.9, 0.2, 0.6, 0.7] * 9))
    >>> found["AUC"].mean
    0.75

    Args:
        labels: one where clicked, else zero, (impressions,).
        scores: higher means more likely clicked, (impressions,).
        groups: the user of each impression, (impressions,); None: each is resampled on its own.
        seed: of the resampling.
        draws: how often the users are resampled.

    Raises:
        UsageError: labels of one kind only, other labels than 0 and 1, or NaN.
    """
    measures: dict[str, Measure] = {"AUC": lambda rows, _: metrics.auc(labels[rows], scores[rows])}
    if groups is not None:
        measures["grouped AUC"] = lambda rows, who: metrics.grouped_auc(
            labels[rows], scores[rows], who
        )
    if ((scores >= 0) & (scores <= 1)).all():
        loss = metrics.log_loss(labels, scores)
        measures["log-loss"] = lambda rows, _: float(loss[rows].mean())
    return _bootstrapped(measures, groups, len(labels), Draws(seed, draws))


def evaluate_ratings(
    truth: NDArray[np.floating],
    predicted: NDArray[np.floating],
    groups: NDArray[np.generic] | None = None,
    seed: int = 0,
    draws: int = 2000,
) -> dict[str, Figure]:
    """RMSE and MAE with 95 % intervals by resampling users.

    >>> evaluate_ratings(np.array([4.0, 2.0]), np.array([3.0, 4.0]))["MAE"].mean
    1.5

    Args:
        truth: ratings given, (ratings,).
        predicted: ratings foretold, (ratings,).
        groups: the user of each rating, (ratings,); None: each is resampled on its own.
        seed: of the resampling.
        draws: how often the users are resampled.

    Raises:
        UsageError: the lengths differ, or there are none.
    """
    root, mean = metrics.rmse(truth, predicted), metrics.mae(truth, predicted)
    errors = np.asarray(predicted, np.float64) - truth
    both = np.stack([errors**2, np.abs(errors)], axis=1)
    (low_square, low), (high_square, high) = metrics.interval(both, seed, draws, users=groups)
    return {
        "RMSE": Figure(root, float(low_square**0.5), float(high_square**0.5)),
        "MAE": Figure(mean, float(low), float(high)),
    }


def _bootstrapped(
    measures: dict[str, Measure], groups: NDArray[np.generic] | None, rows: int, draws: Draws
) -> dict[str, Figure]:
    """Each measure of all rows, with its interval over resampled users."""
    if groups is not None and len(groups) != rows:
        raise UsageError(f"{len(groups)} groups for {rows} labels: give one a label.")
    whose = np.arange(rows) if groups is None else np.unique(groups, return_inverse=True)[1]
    mean = {name: measure(np.arange(rows), whose) for name, measure in measures.items()}
    order = np.argsort(whose, kind="stable")
    lengths = np.bincount(whose)
    starts = np.cumsum(lengths) - lengths
    rng = np.random.default_rng(draws.seed)
    drawn: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(draws.number):
        picked = rng.integers(0, len(lengths), len(lengths))
        some = lengths[picked]
        again = np.repeat(np.arange(len(picked)), some)  # a user picked twice is two users
        shift = starts[picked] - (np.cumsum(some) - some)
        part = order[np.repeat(shift, some) + np.arange(some.sum())]
        for name, measure in measures.items():
            drawn[name].append(_or_nan(measure, part, again))
    return {
        name: Figure(mean[name], *np.nanquantile(drawn[name], [0.025, 0.975]).tolist())
        for name in measures
    }


def _or_nan(measure: Measure, rows: NDArray[np.int64], users: NDArray[np.int64]) -> float:
    """NaN for a draw in which every label is the same: it has no AUC, and is left out."""
    try:
        return measure(rows, users)
    except UsageError:
        return float("nan")
