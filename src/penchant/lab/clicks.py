"""Evaluation of click probabilities and of predicted ratings, with intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from penchant import metrics
from penchant.core import UsageError

from .evaluation import Figure

_DRAWS = 300  # AUC sorts again for every draw


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
    users, whose = _grouped(groups, len(labels))
    measures: dict[str, Callable[[NDArray[np.int64], NDArray[np.int64]], float]] = {
        "AUC": lambda rows, _: metrics.auc(labels[rows], scores[rows])
    }
    if groups is not None:
        measures["grouped AUC"] = lambda rows, who: metrics.grouped_auc(
            labels[rows], scores[rows], who
        )
    if ((scores >= 0) & (scores <= 1)).all():
        loss = metrics.log_loss(labels, scores)
        measures["log-loss"] = lambda rows, _: float(loss[rows].mean())
    return _bootstrapped(measures, users, whose, seed, draws)


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


def _grouped(
    groups: NDArray[np.generic] | None, rows: int
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Rows of each user, and the user of each row."""
    if groups is None:
        whose = np.arange(rows)
        return [whose], whose
    if len(groups) != rows:
        raise UsageError(f"{len(groups)} groups for {rows} labels: give one a label.")
    _, whose = np.unique(groups, return_inverse=True)
    order = np.argsort(whose, kind="stable")
    return np.split(order, np.cumsum(np.bincount(whose))[:-1]), whose


def _bootstrapped(
    measures: dict[str, Callable[[NDArray[np.int64], NDArray[np.int64]], float]],
    users: list[NDArray[np.int64]],
    whose: NDArray[np.int64],
    seed: int,
    draws: int,
) -> dict[str, Figure]:
    rng = np.random.default_rng(seed)
    rows = np.arange(len(whose))
    means = {name: measure(rows, whose) for name, measure in measures.items()}
    drawn: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(draws):
        if len(users) == 1:  # every row on its own
            part = rng.integers(0, len(rows), len(rows))
            again = part
        else:
            picked = rng.integers(0, len(users), len(users))
            part = np.concatenate([users[user] for user in picked])
            again = np.repeat(np.arange(len(picked)), [len(users[user]) for user in picked])
        for name, measure in measures.items():
            drawn[name].append(_or_nan(measure, part, again))
    return {
        name: Figure(means[name], *np.nanquantile(drawn[name], [0.025, 0.975]).tolist())
        for name in measures
    }


def _or_nan(
    measure: Callable[[NDArray[np.int64], NDArray[np.int64]], float],
    rows: NDArray[np.int64],
    users: NDArray[np.int64],
) -> float:
    """NaN for a draw in which every label is the same: it has no AUC, and is left out."""
    try:
        return measure(rows, users)
    except UsageError:
        return float("nan")
