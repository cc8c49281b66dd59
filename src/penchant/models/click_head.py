"""A ridge-penalised logistic regression: from features to the probability of a click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STEPS = 25
"""Newton's method needs fewer."""


@dataclass(frozen=True)
class Head:
    """Weights of standardised features.

    Attributes:
        weights: of the features as they come, (features,).
        intercept: the log-odds of a pair whose features are all zero.
    """

    weights: Array
    intercept: float

    @classmethod
    def fit(cls, features: Array, label: Array, l2: float) -> Self:
        """Newton's method on the penalised log-loss (iteratively reweighted least squares).

        Args:
            features: (rows, features).
            label: 0 or 1, (rows,).
            l2: penalty on the weights of standardised features; the intercept has none.
        """
        centre, scale = features.mean(axis=0), features.std(axis=0)
        scale = np.where(scale > 1e-9, scale, np.inf)  # a constant feature weighs nothing
        x = np.column_stack([(features - centre) / scale, np.ones(len(features))])
        penalty = np.append(np.full(len(scale), l2), 1e-6)
        weights = np.zeros(x.shape[1])
        for _ in range(STEPS):
            chance = sigmoid(x @ weights)
            slope = x.T @ (label - chance) - penalty * weights
            curve = (x * np.maximum(chance * (1 - chance), 1e-6)[:, None]).T @ x + np.diag(penalty)
            step = np.linalg.solve(curve, slope)
            weights = weights + step
            if np.abs(step).max() < 1e-8:
                break
        own = weights[:-1] / scale
        return cls(own, float(weights[-1] - centre @ own))

    def odds(self, features: Array) -> Array:
        """Log-odds, (rows,)."""
        odds: Array = features @ self.weights + self.intercept
        return odds


def sigmoid(odds: Array) -> Array:
    """Probabilities of log-odds, without overflow."""
    half: Array = 0.5 + 0.5 * np.tanh(0.5 * odds)
    return half
