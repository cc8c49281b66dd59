"""Bayesian matrix factorisation with side information: many plausible factorisations, averaged.

    value = mean + b_u + b_i + p_u . q_i + noise
    (p_u, b_u) ~ N(x_u W, inverse(L)),  the same for items with features x_i of their own

What is known about a user or an item (attributes, text, what was watched together) moves the
centre around which the factors lie, so that an item without events stands on its text. All of it
is drawn by Gibbs sampling; there is no regularisation to choose, and it does not overfit.

Source: R. Salakhutdinov and A. Mnih, "Bayesian Probabilistic Matrix Factorization using Markov
Chain Monte Carlo", ICML 2008; side information as in J. Simm et al., "Macau: Scalable Bayesian
factorization with high-dimensional side information using MCMC", MLSP 2017; that what was rated at
all belongs among it is from S. Rendle, L. Zhang and Y. Koren, "On the Difficulty of Evaluating
Baselines", 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import track

Array = NDArray[np.float64]

SIDE = 30.0
"""Prior precision of the weights of side features, in units of the factors' own."""


@dataclass(frozen=True, slots=True)
class Values:
    """What was given: one row an event.

    Attributes:
        user: (events,) codes.
        item: (events,) codes.
        value: (events,) a rating, or 0 and 1.
    """

    user: NDArray[np.integer]
    item: NDArray[np.integer]
    value: Array


@dataclass(frozen=True, slots=True)
class Posterior:
    """Samples of everything that was not given; a vector's last number is the bias.

    Attributes:
        mean: mean value.
        noise: precision of the noise, (samples,).
        items: (samples, items, dim + 1).
        item_weights: from an item's features to its centre, (samples, features, dim + 1).
        user_weights: the same for users.
        user_precision: L of the users, (samples, dim + 1, dim + 1).
    """

    mean: float
    noise: NDArray[np.float32]
    items: NDArray[np.float32]
    item_weights: NDArray[np.float32]
    user_weights: NDArray[np.float32]
    user_precision: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Chain:
    """How long to sample.

    Attributes:
        dim: numbers in a factor.
        sweeps: over all users and items.
        kept: how many sweeps are kept, spread evenly over the last four fifths.
    """

    dim: int
    sweeps: int
    kept: int


def sample(
    given: Values, users: Array, items: Array, chain: Chain, rng: np.random.Generator
) -> Posterior:
    """Draw from the posterior.

    Args:
        given: the events.
        users: features of the users, the first a column of ones, (users, features).
        items: the same of the items.
        chain: how long.
        rng: all randomness.
    """
    mean = float(given.value.mean()) if len(given.value) else 0.0
    rest = given.value - mean
    by_user, by_item = Side(users, given.user, chain.dim), Side(items, given.item, chain.dim)
    by_user.factors = rng.normal(0, 0.1, by_user.factors.shape)
    by_item.factors = rng.normal(0, 0.1, by_item.factors.shape)
    noise = 1.5 / max(float(rest.var()), 1e-6)
    drawn: list[tuple[Array, ...]] = []
    first = min(chain.sweeps // 5, chain.sweeps - chain.kept)  # until the chain has settled
    keep = np.linspace(first, chain.sweeps - 1, chain.kept).round().astype(int)
    for sweep in track(range(chain.sweeps), "sample factors", unit="sweep"):
        by_user.draw(by_item, rest, noise, rng)
        by_item.draw(by_user, rest, noise, rng)
        error = rest - _foretold(by_user.factors[given.user], by_item.factors[given.item])
        noise = rng.gamma(1 + len(rest) / 2, 1 / (1 + float(error @ error) / 2))
        by_user.draw_prior(rng)
        by_item.draw_prior(rng)
        if sweep in keep:
            drawn.append(
                (
                    np.array(noise),
                    by_item.factors,
                    by_item.weights,
                    by_user.weights,
                    by_user.precision,
                )
            )
    parts = [np.stack(part).astype(np.float32) for part in zip(*drawn, strict=True)]
    return Posterior(mean, *parts)


def _foretold(user: Array, item: Array) -> Array:
    """Products and biases of matching rows, (rows,)."""
    products: Array = np.einsum("rd,rd->r", user[:, :-1], item[:, :-1])
    return products + user[:, -1] + item[:, -1]


class Side:
    """The users, or the items: their factors and the prior of those.

    Attributes:
        factors: (rows, dim + 1), the last number a bias.
        weights: from features to the centre of the factors, (features, dim + 1).
        precision: L, (dim + 1, dim + 1).
    """

    def __init__(self, features: Array, code: NDArray[np.integer], dim: int) -> None:
        rows, wide = features.shape
        self.features, self.code = features, code
        self.order = np.argsort(code, kind="stable")
        self.indptr = np.concatenate([[0], np.cumsum(np.bincount(code, minlength=rows))])
        self.factors = np.zeros((rows, dim + 1))
        self.weights = np.zeros((wide, dim + 1))
        self.precision = 10.0 * np.eye(dim + 1)
        damping = np.full(wide, SIDE)
        damping[0] = 1.0  # the column of ones
        gram = features.T @ features + np.diag(damping)
        inverse = np.linalg.inv(gram)
        self._damping = damping
        self._solve = inverse @ features.T
        self._spread = np.linalg.cholesky((inverse + inverse.T) / 2)

    def draw(self, other: Side, rest: Array, noise: float, rng: np.random.Generator) -> None:
        """New factors, given those of the other side."""
        across = other.factors[other.code[self.order]]
        left = rest[self.order] - across[:, -1]
        across = np.concatenate([across[:, :-1], np.ones((len(across), 1))], axis=1)
        centre = self.features @ self.weights
        precision = np.tile(self.precision, (len(self.factors), 1, 1))
        pull = centre @ self.precision
        for row in np.flatnonzero(np.diff(self.indptr)):
            part = slice(self.indptr[row], self.indptr[row + 1])
            seen = across[part]
            precision[row] += noise * (seen.T @ seen)
            pull[row] += noise * (left[part] @ seen)
        lower = np.linalg.cholesky(precision)
        middle = np.linalg.solve(precision, pull[..., None])
        chance = rng.normal(size=pull.shape)[..., None]
        self.factors = (middle + np.linalg.solve(np.swapaxes(lower, 1, 2), chance))[..., 0]

    def draw_prior(self, rng: np.random.Generator) -> None:
        """New weights and precision, given the factors (normal-Wishart)."""
        rows, dim = self.factors.shape
        middle = self._solve @ self.factors
        rest = self.factors - self.features @ middle
        scatter = np.eye(dim) + rest.T @ rest + middle.T @ (self._damping[:, None] * middle)
        root = np.linalg.cholesky(_symmetric(np.linalg.inv(scatter)))
        lower = np.tril(rng.normal(size=(dim, dim)), -1)  # Bartlett's decomposition
        lower[np.diag_indices(dim)] = np.sqrt(rng.chisquare(dim + rows - np.arange(dim)))
        half = root @ lower
        self.precision = half @ half.T
        spread = np.linalg.cholesky(_symmetric(np.linalg.inv(self.precision)))
        self.weights = middle + self._spread @ rng.normal(size=middle.shape) @ spread.T


def _symmetric(matrix: NDArray[Any]) -> NDArray[Any]:
    half: NDArray[Any] = (matrix + matrix.T) / 2  # rounding may leave it a hair off
    return half
