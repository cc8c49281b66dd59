"""Rounds of showing, clicking and learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penchant import metrics
from penchant.core import Requests, UsageError, bar, generator
from penchant.engine import Estimator, Recommender

from .config import SimulatorConfig
from .memory import Memory
from .policies import Policy, best, named, policy
from .simulation import METRICS, Log, Simulation
from .world import World

if TYPE_CHECKING:
    from tqdm import tqdm

    from penchant.data import Dataset

PAIRS = 1000
"""Pairs of people whose lists are compared in a round."""


def simulate(
    dataset: Dataset,
    policies: Sequence[str | Path | Estimator] | Mapping[str, str | Path | Estimator | Recommender],
    config: SimulatorConfig | None = None,
    explore: float = 0.0,
) -> Simulation:
    """Let policies recommend to simulated people, each in a world of its own that began alike.

    In a round everybody is shown a list; what is clicked becomes an event, and the next training
    learns from it: the feedback loop. The same arguments give the same figures.

    Args:
        dataset: a real catalogue with real events, which tastes are learned from.
        policies: names of models, ``"oracle"``, folders of runs, recipes; or a mapping from names
            of your own to any of these or to fitted recommenders.
        config: of the world.
        explore: share of the lists that are drawn by lot from the items on offer (epsilon-greedy),
            with the propensity of every place in the log.

    Raises:
        UsageError: no policy, an unknown one, or a share that is none.
    """
    config = config or SimulatorConfig()
    if not 0.0 <= explore <= 1.0:
        raise UsageError(f"simulate: explore is a share of the lists, 0 to 1, got {explore}.")
    chosen = named(policies)
    rounds, logs = {}, {}
    with bar(len(chosen) * config.rounds, "simulation", "round", at_once=True) as shown:
        for name, one in chosen.items():
            world = World(dataset, config)
            run = _Run(dataset, world, policy(one, world), explore)
            rounds[name], logs[name] = run.all(shown)
    return Simulation(config, explore, dataset.name, rounds, logs)


@dataclass
class _Run:
    """One policy in one world."""

    dataset: Dataset
    world: World
    policy: Policy
    explore: float

    def all(self, shown: tqdm[None]) -> tuple[dict[str, tuple[float, ...]], Log]:
        config = self.world.config
        memory = Memory(self.dataset, self.world, config.history)
        known = getattr(self.policy, "fitted", None) is not None
        figures: dict[str, list[float]] = {metric: [] for metric in METRICS}
        logs = []
        for round_ in range(config.rounds):
            if round_:
                self.world.live(round_)
            data = memory.data(len(self.world))
            due = config.retrain and round_ % config.retrain == 0
            if len(data.interactions) and (not known or (due and round_)):
                self.policy.learn(data, config.seed)
                known = True
            requests = memory.requests(np.arange(len(self.world)), len(self.world))
            ideal = self._ideal(round_, requests)
            log = self._round(round_, requests, known)
            for metric, value in self._measured(round_, log, ideal).items():
                figures[metric].append(value)
            memory.add(log.person[log.click], log.item[log.click], round_)
            logs.append(log)
            shown.update()
        joined = {
            one.name: np.concatenate([getattr(log, one.name) for log in logs])
            for one in fields(Log)
        }
        return {metric: tuple(values) for metric, values in figures.items()}, Log(**joined)

    def _round(self, round_: int, requests: Requests, known: bool) -> Log:
        """Show everybody a list, and let them click and change."""
        world, people = self.world, np.arange(len(self.world))
        rng = generator(world.config.seed, "simulator round", str(round_))
        lists, propensity = self._lists(world.available(round_), requests, known, rng)
        expected = world.expected(people, lists)
        clicks = rng.random(lists.shape) < expected
        world.clicked(people, lists, clicks)
        there = lists >= 0
        row, place = np.nonzero(there)
        return Log(
            np.full(len(row), round_),
            row,
            place,
            lists[there].astype(np.int64),
            propensity[there],
            clicks[there],
            expected[there],
        )

    def _lists(
        self, items: NDArray[np.int64], requests: Requests, known: bool, rng: np.random.Generator
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """A list for everybody, and the chance with which each place got what is in it.

        A list is the policy's, or with a chance of ``explore`` all of it a draw from the items on
        offer; whom the policy has no answer for always gets a draw.
        """
        people, k = len(requests), self.world.config.k
        drawn = best(rng.random((people, len(self.world.vectors))), requests, items, k)
        lots = rng.random(people)
        wanted = np.full((people, k), -1, np.int32)
        if known:
            wanted = self.policy.lists(requests, items, k)
        answered = (wanted >= 0).any(axis=1)
        share = np.where(answered, self.explore, 1.0)[:, None]
        lists = np.where(lots[:, None] < share, drawn, wanted)
        seen = np.zeros((people, len(self.world.vectors)), np.bool_)
        seen[requests.history.row, requests.history.item] = True
        left = np.maximum((~seen[:, items]).sum(axis=1), 1)[:, None]
        return lists, share / left + (1.0 - share) * (lists == wanted)

    def _ideal(self, round_: int, requests: Requests) -> float:
        """Clicks to be expected from the best lists, which only the truth knows."""
        people, items = np.arange(len(self.world)), self.world.available(round_)
        k = self.world.config.k
        lists = best(self.world.attraction(people), requests, items, k)
        return float(self.world.expected(people, lists).sum())

    def _measured(self, round_: int, log: Log, ideal: float) -> dict[str, float]:
        world, config = self.world, self.world.config
        people, items = np.arange(len(world)), world.available(round_)
        lists = np.full((len(people), config.k), -1, np.int64)
        lists[log.person, log.place] = log.item
        exposed = metrics.exposure(lists, len(world.vectors))[items]
        late = log.person >= config.users
        counts = self.dataset.interactions.counts()
        return {
            "click rate": float(log.click.mean()),
            "expected": float(log.expected.mean()),
            "regret": 1.0 - float(log.expected.sum()) / max(ideal, 1e-12),
            "coverage": metrics.coverage(exposed),
            "gini": metrics.gini(exposed),
            "novelty": float(metrics.novelty(lists, counts).mean()),
            "alike": _alike(lists, generator(config.seed, "simulator pairs", str(round_))),
            "new items": float((world.released[log.item] > 0).mean()),
            "new people": float(log.click[late].mean()) if late.any() else float("nan"),
        }


def _alike(lists: NDArray[np.int64], rng: np.random.Generator) -> float:
    """Mean Jaccard index of the lists of two people, over some pairs (Chaney et al. 2018)."""
    first, second = rng.integers(0, len(lists), (2, PAIRS))
    apart = first != second
    one, other = lists[first[apart]], lists[second[apart]]
    both = ((one[:, :, None] == other[:, None, :]) & (one[:, :, None] >= 0)).sum(axis=(1, 2))
    union = (one >= 0).sum(axis=1) + (other >= 0).sum(axis=1) - both
    return float((both / np.maximum(union, 1)).mean())
