"""A logistic regression that says how much likelier a profile is made up than lived."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST = 4.0
"""No profile alone speaks for more than this (natural log of a likelihood ratio): 55 to 1."""
TRIMMED = 0.07
"""Share of the most suspicious users that the second fit leaves out of the lived ones."""

_PENALTY = 10.0
_WEIGHT = 1000.0  # profiles that both classes together count as, whatever their sizes
_STEPS = 15


def log_ratio(
    lived: NDArray[np.float64], made_up: NDArray[np.float64], asked: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The log of the likelihood ratio, made up to lived, of some users.

    Linear logistic regression (Newton's method, L2 penalty) on the features by their place among
    the lived, both classes weighing alike. Attackers among the lived would teach it that they are
    lived: so it is linear, which a small cluster hardly bends (with squares and products the area
    under its curve fell from 0.91 to 0.81 on MovieLens with 3 % injected), and fitted a second time
    without the most suspicious. Last, ratios are brought down until their mean among the lived is 1
    at most, as that of a likelihood ratio must be.

    Args:
        lived: features of users of the data, (users, features).
        made_up: features of profiles made up, (profiles, features).
        asked: features to judge, (asked, features).

    Returns:
        (asked,) within ``MOST`` of zero.
    """
    first = _fitted(lived, made_up, lived)
    kept = lived[first < np.quantile(first, 1.0 - TRIMMED)]
    judged = _fitted(kept, made_up, np.concatenate([lived, asked]))
    excess = np.log(np.exp(judged[: len(lived)]).mean())
    return np.clip(judged[len(lived) :] - max(float(excess), 0.0), -MOST, MOST)


def _fitted(
    lived: NDArray[np.float64], made_up: NDArray[np.float64], asked: NDArray[np.float64]
) -> NDArray[np.float64]:
    grid = np.quantile(lived, np.linspace(0, 1, 101), axis=0)

    def table(part: NDArray[np.float64]) -> NDArray[np.float64]:
        placed = [_placed(part[:, n], grid[:, n]) for n in range(part.shape[1])]
        return np.column_stack([np.ones(len(part)), *placed])

    x = np.concatenate([table(lived), table(made_up)])
    y = np.concatenate([np.zeros(len(lived)), np.ones(len(made_up))])
    weight = _WEIGHT * np.where(y > 0, 0.5 / len(made_up), 0.5 / len(lived))
    ridge = _PENALTY * np.eye(x.shape[1])
    ridge[0, 0] = 1e-6
    beta = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ beta, -30, 30)))
        slope = x.T @ (weight * (y - p)) - ridge @ beta
        bend = (x * (weight * p * (1 - p))[:, None]).T @ x + ridge
        beta = beta + np.linalg.solve(bend, slope)
    return np.clip(table(asked) @ beta, -MOST, MOST)


def _placed(value: NDArray[np.float64], grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values by their place among the lived, -1 to 1, plus how far they are from the middle."""
    unique, first = np.unique(grid, return_index=True)
    if len(unique) < 2:
        return np.zeros(len(value))
    inside = np.interp(value, unique, 2.0 * first / (len(grid) - 1) - 1.0)
    middle, scale = np.median(grid), max(float(np.ptp(grid[5:96])), 1e-9)
    return np.asarray(inside + np.clip((value - middle) / scale, -3.0, 3.0), np.float64)
