"""Curves to TensorBoard, W&B and MLflow, through Accelerate's trackers."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from penchant.core import MissingDependency

from .folder import RunFolder


class Tracker(Protocol):
    """Who is told how training goes."""

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Note some figures of one step."""
        ...

    def finish(self) -> None:
        """Close files and connections."""
        ...


def open_trackers(run: RunFolder, folder: Path, settings: Mapping[str, Any]) -> list[Tracker]:
    """The trackers that a run folder asks for, told of the settings.

    TensorBoard and W&B write into ``folder``. MLflow writes to ``MLFLOW_TRACKING_URI``, or to
    ``mlflow.db`` in the run folder where that is not set; W&B obeys ``WANDB_MODE``.

    Raises:
        MissingDependency: of a tracker, with the line that installs it.
    """
    return [_open(name, run, folder, settings) for name in run.trackers]


def _open(name: str, run: RunFolder, folder: Path, settings: Mapping[str, Any]) -> Tracker:
    _demand(name, "accelerate", "accelerate")
    _demand(name, *NEEDS[name])
    from accelerate import PartialState, tracking  # type: ignore[import-untyped]  # ships no types

    PartialState()  # Accelerate's trackers ask it which process they are in
    folder.mkdir(parents=True, exist_ok=True)
    tracker: Any
    if name == "tensorboard":
        tracker = tracking.TensorBoardTracker("tensorboard", folder)
    elif name == "wandb":
        tracker = tracking.WandBTracker(run.project, dir=str(folder), name=folder.name)
    else:
        _mlflow_store(run.path)
        tracker = tracking.MLflowTracker(run.project, run_name=folder.name)
    tracker.start()
    told = {**run.about, **settings}
    # what has parts is told as text: a hyperparameter is a number or a word everywhere
    plain = {key: value if _is_plain(value) else json.dumps(value) for key, value in told.items()}
    if name == "tensorboard":
        tracker.tracker.add_text("settings", json.dumps(told, indent=2))
    else:
        tracker.store_init_configuration(plain)
    return _Told(tracker)


class _Told:
    """One of Accelerate's trackers."""

    def __init__(self, tracker: Any) -> None:
        self._tracker = tracker

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Note some figures of one step."""
        self._tracker.log(dict(values), step=step)

    def finish(self) -> None:
        """Close files and connections."""
        self._tracker.finish()


NEEDS = {
    "tensorboard": ("tensorboard", "tensorboard"),
    "wandb": ("wandb", "wandb"),
    "mlflow": ("mlflow", "mlflow-skinny"),
}
"""Module that a tracker needs, and what pip calls it."""


def _demand(tracker: str, module: str, package: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise MissingDependency(f"the tracker {tracker!r} needs {module}: pip install {package}")


def _mlflow_store(folder: Path) -> None:
    import mlflow

    if "MLFLOW_TRACKING_URI" not in os.environ:
        mlflow.set_tracking_uri(f"sqlite:///{folder.resolve() / 'mlflow.db'}")


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)
