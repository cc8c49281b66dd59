"""How far predicted ratings are from given ones, in the unit of the ratings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError


def rmse(truth: NDArray[np.floating], predicted: NDArray[np.floating]) -> float:
    """Root of the mean squared error.

    >>> rmse(np.array([1.0, 2.0]), np.array([1.0, 4.0])) == 2**0.5
    True
    """
    return float(np.sqrt(np.mean(np.square(_errors(truth, predicted)))))


def mae(truth: NDArray[np.floating], predicted: NDArray[np.floating]) -> float:
    """Mean absolute error."""
    return float(np.mean(np.abs(_errors(truth, predicted))))


def _errors(truth: NDArray[np.floating], predicted: NDArray[np.floating]) -> NDArray[np.float64]:
    if truth.shape != predicted.shape or not truth.size:
        raise UsageError(f"{predicted.shape} predictions for {truth.shape} ratings")
    return np.asarray(predicted, np.float64) - truth
