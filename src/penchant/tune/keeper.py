"""Writes checkpoints and curves into the run folder, when they are due."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penchant.core import Unsupported

from .checkpoint import newest_checkpoint, write_checkpoint
from .curves import draw_curves, write_curves
from .folder import RunFolder
from .settings import LoopConfig
from .trackers import Tracker, open_trackers
from .training import Training, identity

EVERY = 10
"""Steps between two that trackers are told of."""


class Keeper:
    """Keeps one training in a run folder, or nothing where there is no run folder."""

    def __init__(self, run: RunFolder | None, what: str, config: LoopConfig) -> None:
        self._run = run
        self._folder = run.next_training(what) if run else Path()
        self._config = config
        self._what = what
        self._of: dict[str, Any] = {}
        self._written = time.monotonic()
        self._trackers: list[Tracker] = []

    def open(self, training: Training[Any]) -> None:
        """Go on from the newest checkpoint, if there is one, and start the trackers.

        Raises:
            BundleError: all checkpoints are damaged.
            UsageError: they are of another training.
            Unsupported: the weights are sharded among processes.
            MissingDependency: of a tracker.
        """
        if self._run is None:
            return
        if training.devices.sharded:
            raise Unsupported(
                "the checkpoints of a run folder hold whole weights, which no process has under "
                "FSDP. Train without a run folder, or with DDP."
            )
        settings = dataclasses.asdict(self._config)
        self._of = {
            "about": dict(self._run.about),
            "what": self._what,
            "settings": settings,
            "processes": training.devices.count,
            **identity(training.network, training.lessons.rngs),
        }
        found = newest_checkpoint(self._folder / "checkpoints", self._of)
        if found is not None:
            training.go_on_from(found)
        if training.devices.rank == 0 and not training.place.done:
            self._trackers = open_trackers(self._run, self._folder, settings)

    def after_step(self, training: Training[Any]) -> None:
        """Write what is due after a step."""
        if self._run is None:
            return
        history = training.history
        if training.step.taken % EVERY == 0:
            last = {"loss": history.step_losses, "learning rate": history.rates}
            told = {**last, "gradient norm": history.norms}
            self._tell({name: values[-1] for name, values in told.items()}, training.step.taken)
        due = time.monotonic() - self._written > self._run.every_seconds
        if training.devices.total(due and training.devices.rank == 0)[0] or (
            self._run.every_steps and training.step.taken % self._run.every_steps == 0
        ):
            self._write(training, self._run.keep)

    def after_epoch(self, training: Training[Any]) -> None:
        """Tell the trackers of an epoch."""
        history = training.history
        told = {"epoch loss": history.losses[-1]}
        if history.validations:
            told["validation"] = history.validations[-1]
        self._tell(told, training.step.taken)

    def finish(self, training: Training[Any]) -> None:
        """Write the end, so that a run that is begun again does not train again."""
        if self._run is None:
            return
        self._write(training, self._run.keep)
        if training.devices.rank == 0:
            write_curves(training.history, self._folder / "curves.json")
            draw_curves(training.history, self._folder / "curves.svg", self._what)

    def close(self) -> None:
        """Let the trackers end, whether training did well or not."""
        for tracker in self._trackers:
            tracker.finish()
        self._trackers = []

    def _tell(self, values: Mapping[str, float], step: int) -> None:
        for tracker in self._trackers:
            tracker.log(values, step)

    def _write(self, training: Training[Any], keep: int) -> None:
        checkpoint = training.checkpoint(self._of)
        if training.devices.rank == 0:
            folder = self._folder / "checkpoints"
            write_checkpoint(folder, training.step.taken, checkpoint, keep)
        self._written = time.monotonic()
