"""What happened in training, and what is learned from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

Batch = TypeVar("Batch")


@dataclass(slots=True)
class History:
    """What happened in training.

    Attributes:
        losses: mean training loss of each epoch, nats.
        seconds: time of each epoch's training steps, validation not counted.
        validations: the validation figure after each epoch, higher is better; empty without
            validation.
        best_epoch: the epoch (from 1) with the best figure; the last one without validation.
        averaged: the validation figure of averaged weights (``LastK``, ``BestK``), None without.
        step_losses: mean loss of each step, before it.
        rates: learning rate of each step.
        norms: norm of each step's gradient, before it was clipped.
    """

    losses: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    validations: list[float] = field(default_factory=list)
    best_epoch: int = 0
    averaged: float | None = None
    step_losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)


class Keeps(Protocol):
    """Something that changes in training beside the network, such as an optimiser of its own."""

    def state_dict(self) -> dict[str, Any]:
        """Where it stands: nested dicts, lists and tuples of tensors, arrays and plain values."""
        ...

    def load_state_dict(self, state: dict[str, Any], /) -> Any:
        """Be there again."""
        ...


@dataclass(frozen=True, slots=True)
class Lessons(Generic[Batch]):
    """What is learned from.

    Attributes:
        batches: gives the batches of one epoch, anew at each call. An order at random is drawn when
            the first batch is asked for, so that a resumed training finds its place again.
        examples: examples in an epoch, for the time left and for a learning rate that falls.
        rngs: the generators that ``batches`` and the loss draw from; a checkpoint keeps where they
            stand. One that is left out here makes a resumed training differ.
        also: by name, what else changes in training and must be in a checkpoint.
    """

    batches: Callable[[], Iterable[Batch]]
    examples: int
    rngs: Sequence[np.random.Generator] = ()
    also: Mapping[str, Keeps] = field(default_factory=dict)
