"""A folder in which a run keeps its checkpoints and curves; light, so that any room can open one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penchant.core import UsageError

TRACKERS = ("tensorboard", "wandb", "mlflow")
"""Where curves can be sent."""


@dataclass(slots=True)
class RunFolder:
    """Where a run keeps its checkpoints and curves, and how often.

    Every training inside it has a folder of its own, ``1-sasrec``, ``2-sasrec-on-all-events``: with
    checkpoints, ``curves.json``, ``curves.svg``, and what the trackers write.

    Attributes:
        path: the folder; made when something is written.
        every_seconds: between checkpoints.
        every_steps: between checkpoints; None looks at the clock only.
        keep: checkpoints kept, the newest: where one is damaged, the one before is used.
        trackers: of ``"tensorboard"``, ``"wandb"``, ``"mlflow"``.
        project: the name that W&B and MLflow file the runs under.
        about: what the run is of (model, settings, seed, data), of JSON values: a folder of
            another run is refused.
        trainings: how many trainings have begun in it since it was opened.
    """

    path: Path
    every_seconds: float = 300.0
    every_steps: int | None = None
    keep: int = 2
    trackers: tuple[str, ...] = ()
    project: str = "penchant"
    about: Mapping[str, Any] = field(default_factory=dict)
    trainings: int = 0

    def __post_init__(self) -> None:
        self.path = Path(self.path)
        strange = [name for name in self.trackers if name not in TRACKERS]
        if strange:
            raise UsageError(
                f"no tracker is called {strange[0]!r}; there are {', '.join(TRACKERS)}."
            )
        if self.keep < 1 or (self.every_steps is not None and self.every_steps < 1):
            raise UsageError("a run folder keeps at least 1 checkpoint, at most one a step.")

    def next_training(self, what: str) -> Path:
        """The folder of the training that now begins."""
        self.trainings += 1
        words = re.sub(r"[^\w]+", "-", what.lower()).strip("-") or "training"
        return self.path / f"{self.trainings}-{words}"


_open: ContextVar[RunFolder | None] = ContextVar("run_folder", default=None)


@contextmanager
def run_folder(path: str | Path, **settings: Any) -> Iterator[RunFolder]:
    """Trainings inside this block keep checkpoints in a folder, and go on from those they find there.

    The models need not know: a run that was killed is run again, with the same code, seed and
    folder, and ends with the weights that it would have had.

    Args:
        path: the folder.
        **settings: the other fields of :class:`RunFolder`.
    """
    token = _open.set(opened := RunFolder(Path(path), **settings))
    try:
        yield opened
    finally:
        _open.reset(token)


def current_run_folder() -> RunFolder | None:
    """The innermost open run folder."""
    return _open.get()
