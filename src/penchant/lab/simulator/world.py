"""People with tastes over a catalogue: what they would click, and how they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError, generator

from .config import SimulatorConfig
from .vectors import item_vectors, unit

if TYPE_CHECKING:
    from penchant.data import Dataset


class World:
    """A simulated population; the truth that no policy sees.

    The chance of a click is that of an examination model: an item is looked at with a chance that
    only its place decides, and if it is, clicked with one that only person and item decide
    (Richardson et al., WWW 2007; Craswell et al., "An experimental comparison of click
    position-bias models", WSDM 2008). The log-odds of the second are those of ``base_rate``, plus
    ``strength`` for each standard deviation of the affinity of taste and item, less the satiation
    with what is alike and was clicked of late (Leqi et al., "Rebounding bandits", NeurIPS 2021).
    Tastes drift, and are drawn to what is clicked, which closes the feedback loop (Jiang et al.,
    "Degenerate feedback loops in recommender systems", AIES 2019). The design is that of Chaney,
    Stewart & Engelhardt (RecSys 2018) and of RecSim (Ie et al., 2019).

    Attributes:
        vectors: of the items, (items, dim), unit length.
        tastes: of the people, (people, dim), unit length.
        satiation: of the people, (people, dim).
        released: round in which each item comes in, (items,); 0 from the beginning.
        real: row of the data set whose taste each person began with, (people,).
    """

    def __init__(self, dataset: Dataset, config: SimulatorConfig) -> None:
        self.config = config
        seed = config.seed
        made = dataset.interactions
        if not len(made.items):
            raise UsageError("simulate: the catalogue is empty.")
        self.vectors = item_vectors(dataset, config.tastes, config.dim, seed)
        rows = np.flatnonzero(made.events.lengths > 0)
        if not len(rows):
            raise UsageError("simulate: the data has no events to take tastes from.")
        weights = np.zeros((len(made.events), config.dim))
        np.add.at(weights, made.events.row, self.vectors[made.events.item])
        self._prototypes = unit(weights)  # (real users, dim)
        self._rows = rows
        rng = generator(seed, "simulator people")
        self.real = rng.choice(rows, config.users, replace=config.users > len(rows))
        self.tastes = self._born(self.real, rng)
        self.satiation = np.zeros_like(self.tastes)
        self.released = _releases(len(made.items), config)
        sample = self.tastes[:200] @ self.vectors.T
        self._centre, self._scale = float(sample.mean()), max(float(sample.std()), 1e-9)

    def __len__(self) -> int:
        return len(self.tastes)

    def attraction(self, people: NDArray[np.integer]) -> NDArray[np.float64]:
        """Chance that each item is clicked once it is looked at, (people, items)."""
        config = self.config
        affinity = (self.tastes[people] @ self.vectors.T - self._centre) / self._scale
        tired = np.maximum(self.satiation[people] @ self.vectors.T, 0.0)
        odds = np.log(config.base_rate / (1.0 - config.base_rate))
        return _sigmoid(odds + config.strength * affinity - config.boredom * tired)

    def looked_at(self, k: int) -> NDArray[np.float64]:
        """Chance that each place of a list is looked at, (k,)."""
        return np.arange(1, k + 1, dtype=np.float64) ** -self.config.position

    def expected(
        self, people: NDArray[np.integer], lists: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """True chance of a click on each place (people, k); 0 where a list has ended (-1)."""
        chance = np.take_along_axis(self.attraction(people), np.maximum(lists, 0), axis=1)
        return np.where(lists >= 0, chance * self.looked_at(lists.shape[1]), 0.0)

    def clicked(
        self, people: NDArray[np.integer], lists: NDArray[np.integer], clicks: NDArray[np.bool_]
    ) -> None:
        """Let people change by what they clicked: taste and satiation."""
        config = self.config
        chosen = np.where(clicks[..., None], self.vectors[lists], 0.0).sum(axis=1)  # (people, dim)
        self.tastes[people] = unit(self.tastes[people] + config.reinforcement * chosen)
        self.satiation[people] = config.recovery * self.satiation[people] + chosen

    def live(self, round_: int) -> None:
        """Let a round go by: tastes drift, new people come."""
        config = self.config
        rng = generator(config.seed, "simulator drift", str(round_))
        wind = unit(rng.standard_normal(self.tastes.shape))
        self.tastes = unit(self.tastes + config.drift * wind)
        count = round(config.new_users * config.users)
        born = rng.choice(self._rows, count)
        self.real = np.concatenate([self.real, born])
        self.tastes = np.concatenate([self.tastes, self._born(born, rng)])
        self.satiation = np.concatenate([self.satiation, np.zeros((count, config.dim))])

    def available(self, round_: int) -> NDArray[np.int64]:
        """Codes of the items that have come in by a round, ascending."""
        return np.flatnonzero(self.released <= round_)

    def _born(self, rows: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.float64]:
        own = unit(rng.standard_normal((len(rows), self.config.dim)))
        share = self.config.own_taste
        return unit((1.0 - share) * self._prototypes[rows] + share * own)


def _releases(items: int, config: SimulatorConfig) -> NDArray[np.int64]:
    """The round in which each item comes in; those of one round are drawn by lot."""
    released = np.zeros(items, np.int64)
    if config.rounds > 1:
        late = generator(config.seed, "simulator items").permutation(items)
        late = late[: round(config.new_items * items)]
        released[late] = 1 + np.arange(len(late)) * (config.rounds - 1) // max(len(late), 1)
    return released


def _sigmoid(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -50, 50))), np.float64)
