"""Logistic regression with a Gaussian prior that is not at zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """What is believed of the weights before any label is seen.

    Attributes:
        mean: the weights that would be used with no label at all, (features,).
        scale: how far each may lie from it, (features,), before ``strength``; about one over the
            feature's standard deviation.
    """

    mean: Array
    scale: Array


def fit_head(
    features: Array, labels: Array, prior: Prior, strength: float, bias: float = 0.1
) -> tuple[Array, float]:
    """Weights and intercept of the largest posterior (Newton's method).

    Minimises sum of log-losses + strength/2 · sum(((w - mean) / scale)²) + bias/2 · intercept².

    Args:
        features: (rows, features).
        labels: 0 to 1; a pseudo-label may lie between, (rows,).
        prior: see there.
        strength: labels' worth of belief in the prior; infinite leaves the weights there.
        bias: the same for the intercept, around 0.

    Returns:
        weights (features,), intercept.
    """
    fixed = np.isinf(strength)
    scaled = np.column_stack(
        [np.zeros_like(features) if fixed else features * prior.scale, _one(features)]
    )
    offset = features @ prior.mean
    penalty = np.append(np.full(features.shape[1], 1.0 if fixed else strength), bias)
    theta = np.zeros(len(penalty))

    def loss(at: Array) -> float:
        logit = offset + scaled @ at
        return float((np.logaddexp(0, logit) - labels * logit).sum() + penalty @ at**2 / 2)

    for _ in range(50):
        chance = sigmoid(offset + scaled @ theta)
        slope = scaled.T @ (chance - labels) + penalty * theta
        curve = (scaled * (chance * (1 - chance))[:, None]).T @ scaled + np.diag(penalty)
        step, size, now = np.linalg.solve(curve, slope), 1.0, loss(theta)
        while size > 1e-4 and loss(theta - size * step) > now:
            size /= 2
        theta = theta - size * step
        if np.abs(step).max() < 1e-8:
            break
    return prior.mean + theta[:-1] * prior.scale, float(theta[-1])


def sigmoid(logit: Array) -> Array:
    """1 / (1 + exp(-logit)) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(logit / 2)))


def log_loss_of(logit: Array, labels: Array) -> Array:
    """Minus the log of the probability of each label, nats, (rows,)."""
    return np.asarray(np.logaddexp(0, logit) - labels * logit)


def _one(features: Array) -> Array:
    return np.ones((len(features), 1))
