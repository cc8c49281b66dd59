"""How a candidate is made."""

from __future__ import annotations

from pathlib import Path

from penchant.engine import Recommender, refitted, updated
from penchant.models import UpdateConfig

from .learning import Teach
from .lesson import Lesson


def fitted_anew(seed: int = 0, resume: Path | None = None) -> Teach:
    """Fit a model of the same class and settings on everything that may be learned.

    Args:
        seed: of the fit.
        resume: a folder for checkpoints, from which a fit that was killed goes on.
    """

    def teach(serving: Recommender, lesson: Lesson) -> Recommender:
        return refitted(serving, lesson.train.data, seed, resume)

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
        return updated(serving, train.data, train.new, config, seed, resume)

    return teach
