"""How a candidate is made."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from penchant.core import UsageError
from penchant.engine import Recommender, refitted, updated
from penchant.models import UpdateConfig

from .lesson import Lesson
from .seams import Teach


def fitted_anew(seed: int = 0, resume: Path | None = None) -> Teach:
    """Fit a model of the same class and settings on everything that may be learned.

    Args:
        seed: of the fit.
        resume: a folder for checkpoints, from which a fit that was killed goes on.
    """

    def teach(serving: Recommender, lesson: Lesson) -> Recommender:
        data = lesson.train.data
        return _resumed(lambda folder: refitted(serving, data, seed, folder), resume)

    return teach


def learned_on(
    config: UpdateConfig | None = None, seed: int = 0, resume: Path | None = None
) -> Teach:
    """Go on from the serving model, on the new events and a replay of old ones.

    Args:
        config: the settings of the update.
        seed: of the update.
        resume: as of ``fitted_anew``.
    """

    def teach(serving: Recommender, lesson: Lesson) -> Recommender:
        train = lesson.train
        return _resumed(
            lambda folder: updated(serving, train.data, train.new, config, seed, folder), resume
        )

    return teach


def _resumed(fit: Callable[[Path | None], Recommender], folder: Path | None) -> Recommender:
    """Go on from checkpoints where they are of this very training; none are left at the end."""
    try:
        found = fit(folder)
    except UsageError:  # of a training that was killed, and of which there is more to learn by now
        if folder is None or not folder.exists():
            raise
        shutil.rmtree(folder)
        found = fit(folder)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    return found
