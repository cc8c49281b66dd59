"""Everything that changes while a network is trained: what a checkpoint holds."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np
from torch import nn

from .averaging import Averaging
from .checkpoint import Checkpoint
from .devices import Devices
from .history import History, Lessons
from .precision import device_of
from .randomness import random_state, set_random_state
from .snapshots import Best, put_back, snapshot
from .step import Learned, Step
from .trees import put_together, taken_apart

Batch = TypeVar("Batch")


@dataclass(slots=True)
class Place:
    """How far a training has come.

    Attributes:
        epoch: the one that is learned from, from 1.
        batches: of this epoch, learned from.
        examples: in those batches.
        summed: their losses, each by its examples.
        seconds: spent on them.
        seen: examples learned from since the start, the same one in two epochs counted twice.
        done: nothing is left to do.
    """

    epoch: int = 1
    batches: int = 0
    examples: int = 0
    summed: float = 0.0
    seconds: float = 0.0
    seen: int = 0
    done: bool = False


@dataclass(slots=True)
class Training(Generic[Batch]):
    """A network with everything that changes while it is trained."""

    network: nn.Module
    lessons: Lessons[Batch]
    step: Step[Batch]
    average: Averaging
    best: Best
    history: History
    place: Place
    devices: Devices
    start: dict[str, Any] | None = None
    """Where the generators stood when the epoch began: the order of its batches follows from it."""

    @property
    def loss(self) -> float:
        """The mean loss of the epoch so far."""
        return self.place.summed / max(self.place.examples, 1)

    def batches(self, at_once: int) -> Iterator[list[Batch]]:
        """What is left of the epoch, some batches at a time; those learned from are passed over."""
        rngs = self.lessons.rngs
        if self.place.batches and self.start is not None:
            now = random_state(rngs)
            set_random_state(self.start, rngs)
            left = iter(self.lessons.batches())
            for _ in islice(left, self.place.batches):
                pass
            set_random_state(now, rngs)
        else:
            self.start = random_state(rngs)
            left = iter(self.lessons.batches())
        while some := list(islice(left, at_once)):
            yield some

    def note(self, batches: Sequence[Batch], learned: Learned) -> None:
        """Write down what a step saw."""
        self.place.batches += len(batches)
        self.place.examples += learned.examples
        self.place.seen += learned.examples
        self.place.summed += learned.loss * learned.examples
        self.history.step_losses.append(learned.loss)
        self.history.rates.append(learned.rate)
        self.history.norms.append(learned.norm)

    def end_epoch(self) -> None:
        """Write down what the epoch saw."""
        self.history.losses.append(self.loss)
        self.history.seconds.append(self.place.seconds)

    def next_epoch(self) -> None:
        """Stand at the beginning of the next epoch."""
        self.place = Place(epoch=self.place.epoch + 1, seen=self.place.seen)

    def checkpoint(self, of: dict[str, Any]) -> Checkpoint:
        """This moment; every process must ask for it."""
        also = {name: thing.state_dict() for name, thing in self.lessons.also.items()}
        rest = {"optimiser": self.step.optimiser.state_dict()["state"], "also": also}
        plain, parts = taken_apart(rest)
        facts = {
            "place": dataclasses.asdict(self.place),
            "history": dataclasses.asdict(self.history),
            "taken": self.step.taken,
            "precision": self.step.precision,
            "random": self.devices.gather([self.start, random_state(self.lessons.rngs)]),
            "best": [self.best.figure, self.best.epoch, self.best.stale],
            "kept": {epoch: figure for epoch, (figure, _) in self.average.kept.items()},
            "rest": plain,
        }
        tensors = {"network": snapshot(self.network), "rest": parts}
        if self.best.weights is not None:
            tensors["best"] = dict(self.best.weights)
        for epoch, (_, weights) in self.average.kept.items():
            tensors[f"average-{epoch}"] = dict(weights)
        return Checkpoint(of, facts, tensors)

    def go_on_from(self, checkpoint: Checkpoint) -> None:
        """Be where a checkpoint was."""
        facts, tensors = checkpoint.facts, checkpoint.tensors
        put_back(self.network, tensors["network"])
        rest = put_together(facts["rest"], dict(tensors["rest"]))
        groups = self.step.optimiser.state_dict()["param_groups"]
        self.step.optimiser.load_state_dict({"state": rest["optimiser"], "param_groups": groups})
        for name, thing in self.lessons.also.items():
            thing.load_state_dict(rest["also"][name])
        self.place = Place(**facts["place"])
        for field, value in facts["history"].items():
            setattr(self.history, field, value)
        self.step.go_on_from(facts["taken"], facts["precision"], self.history.step_losses)
        figure, self.best.epoch, self.best.stale = facts["best"]
        self.best.figure, self.best.weights = float(figure), tensors.get("best")
        place = device_of(
            self.network
        )  # files are read into memory, averages move with the network
        self.average.kept = {
            int(epoch): (
                figure,
                {name: value.to(place) for name, value in tensors[f"average-{epoch}"].items()},
            )
            for epoch, figure in facts["kept"].items()
        }
        self.start, now = facts["random"][self.devices.rank]
        set_random_state(now, self.lessons.rngs)


def identity(network: nn.Module, rngs: Sequence[np.random.Generator]) -> dict[str, Any]:
    """What tells a network from another: names and shapes, and a sketch of what stays frozen."""
    shapes = [f"{name} {tuple(value.shape)}" for name, value in snapshot(network).items()]
    frozen = hashlib.sha256()
    for name, p in network.named_parameters():
        if not p.requires_grad:
            frozen.update(name.encode())
            frozen.update(p.detach().flatten()[:256].float().cpu().numpy().tobytes())
    learned = hashlib.sha256("\n".join(shapes).encode()).hexdigest()[:12]
    return {
        "learned parameters": f"{len(shapes)} tensors, {learned}",
        "frozen parameters": frozen.hexdigest()[:12],
        "generators": len(rngs),
    }
