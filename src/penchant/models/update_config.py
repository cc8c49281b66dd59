"""Settings of an update: how a fitted model learns from new events; light, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .settings import within


@dataclass(frozen=True)
class UpdateConfig:
    """How a fitted model learns from new events, and what holds it to the old ones.

    The defaults were chosen on validation events of Amazon Video Games, and Beauty after it
    (``bench/forgetting``).
    """

    epochs: int = 16
    """Passes over the new events."""
    learning_rate: float = 0.001
    """Step size; 0 changes nothing that is learned."""
    batch_tokens: int = 1024
    """Events in a batch, padding counted: fewer than in a training, as there are fewer to learn."""
    replay: float = 0.5
    """Share of old events among those learned from; 0 for none, 1 for old ones alone."""
    replay_from: Literal["users", "events", "reservoir"] = "users"
    """Who is replayed: users alike with their newest events; all events alike; or a fixed number
    of histories at random, as where the others may not be kept."""
    reservoir: int = 10_000
    """Histories in the reservoir."""
    elastic: float = 100.0
    """Strength of the elastic penalty on weights that old events depend on (EWC); 0: none."""
    fisher: int = 2_000
    """Old histories that the penalty's Fisher information is estimated on."""
    distil: float = 0.0
    """Weight of staying with what the model said before, over the items that it knew; 0: none."""
    temperature: float = 1.0
    """What both sides' scores are divided by in `distil`."""
    learn: Literal["all", "items"] = "all"
    """What is learned: everything but the language model, or the vectors of items alone."""
    seconds: float | None = None
    """Longest time spent on learning; left out: no limit."""
    window_days: float | None = None
    """Days of newest events that a model without gradients is fitted on again; left out: all."""

    def __post_init__(self) -> None:
        for field in ("epochs", "batch_tokens", "fisher", "reservoir"):
            within(self, field, 1, float("inf"))
        within(self, "learning_rate", 0.0, 1.0)
        within(self, "replay", 0.0, 1.0)
        within(self, "elastic", 0.0, float("inf"))
        within(self, "distil", 0.0, float("inf"))
        within(self, "temperature", 0.0, float("inf"), open_low=True)
        for field in ("seconds", "window_days"):
            if getattr(self, field) is not None:
                within(self, field, 0.0, float("inf"), open_low=True)
