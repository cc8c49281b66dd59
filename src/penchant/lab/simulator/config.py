"""Settings of the simulation; light, so that a command's help needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from penchant.core import UsageError

NOTICE = "SIMULATION: people, tastes and clicks are made up; only the catalogue is real."
"""Stands wherever a figure of a simulation does."""


@dataclass(frozen=True)
class SimulatorConfig:
    """A world of people who are shown lists, and click or not."""

    rounds: int = 10
    """Rounds; in each, every person is shown a list once."""
    users: int = 500
    """People at the beginning."""
    k: int = 10
    """Items in a list."""
    retrain: int = 1
    """Rounds between two trainings on everything clicked so far; 0: never after the first."""
    tastes: Literal["events", "text"] = "events"
    """Where items and tastes live: factors of the real events, or embeddings of the texts."""
    dim: int = 16
    """Numbers in a taste."""
    own_taste: float = 0.5
    """How far a person's taste is from the one learned of a real user, 0 to 1, so that no model
    that learned from the same events knows it."""
    strength: float = 1.5
    """How much taste decides: log-odds of a click for each standard deviation of affinity."""
    base_rate: float = 0.03
    """Chance of a click on an item that fits as well as any, once it is looked at."""
    position: float = 1.0
    """Position bias: place k (from 1) is looked at with chance k to the minus this; 0: all are."""
    drift: float = 0.05
    """How far a taste moves each round in a direction of its own."""
    reinforcement: float = 0.05
    """How far a click moves a taste towards the item."""
    boredom: float = 0.5
    """Log-odds that an item loses for what is like it and was clicked of late (satiation)."""
    recovery: float = 0.5
    """Share of the satiation that is left a round later."""
    new_users: float = 0.02
    """New people a round, as a share of those at the beginning; nothing is known of them."""
    new_items: float = 0.1
    """Share of the catalogue that comes in over the rounds, evenly."""
    history: int = 20
    """Real events that each of the first people begins with, at most, the newest; 0: none, and a
    first round of random lists is what models learn from."""
    seed: int = 0
    """Of everything that is drawn."""

    def __post_init__(self) -> None:
        if self.tastes not in {"events", "text"}:
            raise UsageError(f"simulate: tastes is 'events' or 'text', got {self.tastes!r}.")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                most = "" if high == _NO_END else f" and {high:g} at most"
                raise UsageError(f"simulate: {name} must be at least {low:g}{most}, got {value}.")


_NO_END = 1e12
_RANGES = {
    **dict.fromkeys(("rounds", "k"), (1, _NO_END)),
    **dict.fromkeys(("users", "dim"), (2, _NO_END)),
    **dict.fromkeys(("retrain", "history", "seed"), (0, _NO_END)),
    **dict.fromkeys(("strength", "position", "drift", "reinforcement", "boredom"), (0, _NO_END)),
    **dict.fromkeys(("own_taste", "recovery", "new_users"), (0, 1)),
    "new_items": (0, 0.99),
    "base_rate": (0.0001, 0.9999),
}
"""What each number may be."""
