"""What a simulation showed, round by round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .config import NOTICE, SimulatorConfig

METRICS = {
    "click rate": "clicks for each place shown",
    "expected": "the same in expectation, from the true chances",
    "regret": "share of the expected clicks that the best lists would have had more",
    "coverage": "share of the items on offer that were shown",
    "gini": "inequality of exposure: 0 all alike, 1 one item",
    "novelty": "bits by popularity in the real events",
    "alike": "mean Jaccard overlap of the lists of two people",
    "new items": "share of the places that went to items that came in later",
    "new people": "click rate of people who came in later; null where there are none",
}
"""What is measured in each round, and what it means."""


@dataclass(frozen=True, slots=True)
class Log:
    """Everything that one policy showed, a row a place: for off-policy estimates.

    Attributes:
        round: of each row, (shown,).
        person: code of who was shown it.
        place: in the list, from 0.
        item: code.
        propensity: chance with which the policy put this item in this place, given what it knew.
        click: whether it was clicked.
        expected: the true chance of a click.
    """

    round: NDArray[np.int64]
    person: NDArray[np.int64]
    place: NDArray[np.int64]
    item: NDArray[np.int64]
    propensity: NDArray[np.float64]
    click: NDArray[np.bool_]
    expected: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Simulation:
    """Figures of a simulation; made up, as the people are.

    Attributes:
        config: of the world.
        explore: share of the lists that were drawn by lot.
        catalogue: name of the data set whose catalogue it is.
        rounds: policy -> metric -> one figure a round.
        logs: policy -> everything shown.
    """

    config: SimulatorConfig
    explore: float
    catalogue: str
    rounds: Mapping[str, Mapping[str, tuple[float, ...]]]
    logs: Mapping[str, Log]

    def to_json(self) -> Mapping[str, Any]:
        """Everything but the logs; says that it is a simulation."""
        return {
            "simulation": True,
            "notice": NOTICE,
            "catalogue": self.catalogue,
            "config": asdict(self.config),
            "explore": self.explore,
            "metrics": dict(METRICS),
            "rounds": {
                name: {
                    metric: [_plain(value) for value in values] for metric, values in found.items()
                }
                for name, found in self.rounds.items()
            },
        }

    def __str__(self) -> str:
        shown = [metric for metric in METRICS if metric != "expected"]
        wide = max(len("policy"), *(len(name) for name in self.rounds))
        head = f"{'policy':<{wide}}  round" + "".join(f"  {metric:>10}" for metric in shown)
        lines = [NOTICE, "", head]
        for name, found in self.rounds.items():
            last = len(found["click rate"]) - 1
            for at in dict.fromkeys((0, last)):
                cells = "".join(f"  {_cell(found[metric][at]):>10}" for metric in shown)
                lines.append(f"{name if at == 0 else '':<{wide}}  {at + 1:>5}{cells}")
        return "\n".join(lines)


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else value


def _cell(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}" if value < 10 else f"{value:.1f}"
