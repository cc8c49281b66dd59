"""How a candidate is made."""

from __future__ import annotations

from penchant.engine import Estimator, Recommender

from .learning import Teach
from .lesson import Lesson


def fitted_anew(seed: int = 0) -> Teach:
    """Fit a model of the same class and settings on everything that may be learned.

    Args:
        seed: of the fit.
    """

    def teach(serving: Recommender, lesson: Lesson) -> Recommender:
        return Estimator(type(serving.model), serving.config).fit(lesson.train.data, seed)

    return teach
