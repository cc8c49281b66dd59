"""Random order: the floor under every other model."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    UNKNOWN,
    Abilities,
    Catalogue,
    Interactions,
    Requests,
    Space,
    State,
    generator,
)

if TYPE_CHECKING:
    from penchant.data import Dataset


@dataclass(frozen=True)
class RandomConfig:
    """A random order has no settings."""


class Random:
    """A random score for every item, the same each time for the same seed and the same request.

    What is asked (user, history, words) decides the numbers, and nothing else in the batch does.
    It answers every request, words included, and no answer means anything.

    State: ``seed`` (1,) int64.
    """

    name: str = "random"
    abilities: Abilities = Abilities(new_users=True, new_items=True, queries=True)
    Config: ClassVar[type[RandomConfig]] = RandomConfig
    space: ClassVar[Space] = {}

    def __init__(self, config: RandomConfig, seed: int, items: int) -> None:
        self.config = config
        self.seed = seed
        self.items = items

    @classmethod
    def fit(cls, config: RandomConfig, train: Dataset, seed: int = 0) -> Self:
        """Keep the seed."""
        return cls(config, seed, len(train.interactions.items))

    @classmethod
    def restore(
        cls, config: RandomConfig, state: State, catalogue: Catalogue, interactions: Interactions
    ) -> Self:
        """The model that gave this ``state``."""
        return cls(config, int(state["seed"][0]), len(catalogue))

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Scores (rows, items), uniform in [0, 1)."""
        scores = np.empty((len(requests), self.items), np.float32)
        for row in range(len(requests)):
            numbers = generator(self.seed, "random", _content(requests, row))
            scores[row] = numbers.random(self.items, np.float32)
        return scores

    def state(self) -> State:
        """The seed."""
        return {"seed": np.array([self.seed], np.int64)}

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """The same model with more items; the scores of those before stay."""
        return type(self)(self.config, self.seed, len(catalogue))


def _content(requests: Requests, row: int) -> str:
    code = int(requests.user[row])
    user = "" if code == UNKNOWN else requests.users.name(code)
    words = (requests.queries[row] if requests.queries else None) or ""
    history = requests.history.items_of(row).tobytes()
    return f"{user}\x1f{words}\x1f{hashlib.sha256(history).hexdigest()}"
