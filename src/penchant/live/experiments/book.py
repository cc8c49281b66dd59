"""The experiments of a data folder: ``DIR/experiments.json``.

Written as the registry of models is: whole or as before, whatever moment a process dies. Several
processes may read and change it; ``stamp`` tells cheaply that somebody did.

One experiment runs at a time. Two at once would want layers (Tang et al., 2010) and models that differ
in one thing each; with whole models as arms there is nothing to cross.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from penchant.core import LogError, UsageError
from penchant.store import SealedFile

from .experiment import Experiment

EXPERIMENTS = "experiments.json"
_KEPT = 1000


class Book:
    """Starts, stops and remembers experiments.

    Args:
        folder: of the service.
        clock: seconds since 1970 (UTC).
    """

    def __init__(self, folder: str | Path, clock: Callable[[], float] = time.time) -> None:
        self._file = SealedFile(Path(folder) / EXPERIMENTS)
        self._clock = clock

    @property
    def path(self) -> Path:
        """Of the file."""
        return self._file.path

    def stamp(self) -> tuple[int, int]:
        """Changes whenever an experiment is started or stopped; microseconds."""
        return self._file.stamp()

    def every(self) -> tuple[Experiment, ...]:
        """All experiments, the oldest first.

        Raises:
            LogError: the file is damaged, and its second copy too.
        """
        found = self._file.read()
        if found is None:
            return ()
        try:
            return tuple(Experiment.from_json(one) for one in found["experiments"])
        except (KeyError, TypeError, IndexError, UsageError) as error:
            raise LogError(
                f"{self.path} was written by another version of penchant ({error}). Use that one."
            ) from error

    def running(self) -> Experiment | None:
        """The one that runs."""
        return next((one for one in self.every() if one.runs), None)

    def needed(self) -> tuple[str, ...]:
        """The models of the experiment that runs, which a registry has to keep.

        Empty where the file cannot be read: nobody can tell, and a registry has to go on.
        """
        try:
            running = self.running()
        except LogError:
            return ()
        return () if running is None else running.versions

    def find(self, name: str | None = None) -> Experiment:
        """An experiment by name; without one, that which runs, or else the last.

        Raises:
            UsageError: there is none.
        """
        every = self.every()
        if not every:
            raise UsageError(
                f"No experiment was started in {self.path.parent}. "
                "Start one: penchant experiment start --help"
            )
        if name is None:
            return next((one for one in every if one.runs), every[-1])
        for one in every:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in every)
        raise UsageError(f"There is no experiment {name!r}. There are: {known}.")

    def start(self, experiment: Experiment) -> Experiment:
        """Begin now; a salt is drawn where there is none.

        Raises:
            UsageError: the name was used before, or another experiment runs.
        """
        with self._file.changing() as write:
            every = self.every()
            if any(one.name == experiment.name for one in every):
                raise UsageError(
                    f"There was an experiment {experiment.name!r} before. Take another name: lists "
                    "are told apart by it."
                )
            for one in every:
                if one.runs:
                    raise UsageError(
                        f"Experiment {one.name!r} runs; one runs at a time. "
                        f"Stop it first: penchant experiment stop {one.name}"
                    )
            salt = experiment.salt or secrets.token_hex(8)
            begun = replace(experiment, salt=salt, started_at=self._clock(), stopped_at=None)
            write({"experiments": [one.as_json() for one in (*every, begun)][-_KEPT:]})
        return begun

    def stop(self, name: str, why: str = "") -> Experiment:
        """End an experiment: from now on everybody gets the model that answers.

        Raises:
            UsageError: there is none of that name, or it was stopped already.
        """
        with self._file.changing() as write:
            found = self.find(name)
            if not found.runs:
                raise UsageError(f"Experiment {name!r} was stopped already.")
            ended = replace(found, stopped_at=self._clock(), why=why)
            every = [ended if one.name == name else one for one in self.every()]
            write({"experiments": [one.as_json() for one in every]})
        return ended
