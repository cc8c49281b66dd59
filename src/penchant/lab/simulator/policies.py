"""What makes the lists: models that learn from the clicks, the truth, and chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.core import Requests, UsageError, quiet
from penchant.engine import Estimator, Recommender, by_name

from .world import World

if TYPE_CHECKING:
    from penchant.data import Dataset

ORACLE = "oracle"
"""The policy that knows the truth: the most that anything can reach in the world it makes."""


class Policy(Protocol):
    """Something that fills lists."""

    def learn(self, data: Dataset, seed: int) -> None:
        """Train on everything known so far."""
        ...

    def lists(self, requests: Requests, items: NDArray[np.int64], k: int) -> NDArray[np.int32]:
        """The best of some items for each request, (rows, k) codes; short lists end in -1."""
        ...


class Learner:
    """A model by its recipe; a recommender that was fitted before answers until it is trained."""

    def __init__(self, estimator: Estimator, fitted: Recommender | None = None) -> None:
        self.estimator = estimator
        self.fitted = fitted

    def learn(self, data: Dataset, seed: int) -> None:
        """Fit anew."""
        with quiet():
            self.fitted = self.estimator.fit(data, seed)

    def lists(self, requests: Requests, items: NDArray[np.int64], k: int) -> NDArray[np.int32]:
        """What the recommender ranks highest."""
        if self.fitted is None:
            raise UsageError("a policy is asked before it has learned: call learn first.")
        found = np.full((len(requests), k), -1, np.int32)
        for rows, codes, _ in self.fitted.rank(requests, k, items):
            found[rows] = codes
        return found


class Oracle:
    """Whoever knows every taste."""

    def __init__(self, world: World) -> None:
        self.world = world

    def learn(self, data: Dataset, seed: int) -> None:
        """There is nothing to learn."""

    def lists(self, requests: Requests, items: NDArray[np.int64], k: int) -> NDArray[np.int32]:
        """The items that are likeliest to be clicked, but for those of the history."""
        return best(self.world.attraction(requests.user), requests, items, k)


def best(
    scores: NDArray[np.floating], requests: Requests, items: NDArray[np.int64], k: int
) -> NDArray[np.int32]:
    """The ``k`` highest of some items a row, without those of the history, (rows, k)."""
    left = np.full(scores.shape, -np.inf)
    left[:, items] = scores[:, items]
    left[requests.history.row, requests.history.item] = -np.inf
    k_there = min(k, len(items))
    top = np.argsort(-left, axis=1, kind="stable")[:, :k_there]
    found = np.full((len(left), k), -1, np.int32)
    high = np.take_along_axis(left, top, axis=1)
    found[:, :k_there] = np.where(np.isfinite(high), top, -1)
    return found


def policy(one: str | Path | Estimator | Recommender, world: World) -> Policy:
    """A policy from a model's name, ``"oracle"``, the folder of a run, a recipe or a recommender.

    Raises:
        UsageError: no model of that name, and no such folder.
        BundleError: the run is damaged.
    """
    if isinstance(one, Estimator):
        return Learner(one)
    if isinstance(one, Recommender):
        return Learner(Estimator(type(one.model), one.config), one)  # type: ignore[arg-type]  # fitted by a class of models
    if str(one) == ORACLE:
        return Oracle(world)
    if Path(one).is_dir():
        return policy(Recommender.load(one), world)
    return Learner(by_name(str(one)))


def named(
    policies: Sequence[str | Path | Estimator] | Mapping[str, str | Path | Estimator | Recommender],
) -> dict[str, str | Path | Estimator | Recommender]:
    """Policies by name, each once.

    Raises:
        UsageError: none, or two of one name.
    """
    if isinstance(policies, Mapping):
        found = dict(policies)
    else:
        names = [one.name if isinstance(one, Estimator | Path) else one for one in policies]
        found = dict(zip(names, policies, strict=True))
        if len(found) < len(names):
            raise UsageError(f"simulate: name each policy once, got {', '.join(names)}.")
    if not found:
        raise UsageError("simulate: name at least one policy, such as 'popularity'.")
    return found
