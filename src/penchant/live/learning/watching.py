"""Whether a model that was promoted is worse than the one before, on what people did since."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from penchant.data import questions_at
from penchant.engine import Recommender
from penchant.lab.gate import Compared, compare_on, knowing

from .config import LearnConfig
from .heard import Heard
from .lesson import believed

FEWEST = 30
"""Questions without which a look says nothing, and does not count as one."""

GROWN = 1.5
"""A look counts where there are so many times the questions of the one before: there are few looks."""

DRAWS = 20_000
"""Resamplings, as the intervals of later looks are wide."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a look at a promoted model found.

    Attributes:
        compared: the model that answers against the one before; None where there was too little.
        worse: whether it is worse beyond chance, however often it was looked at.
    """

    compared: Compared | None = None
    worse: bool = False

    @property
    def looked(self) -> bool:
        """Whether there was something to look at."""
        return self.compared is not None

    @property
    def questions(self) -> int:
        """How many questions there were."""
        return 0 if self.compared is None else self.compared.questions

    @property
    def why(self) -> str:
        """In words."""
        return f"since it answers it is worse than the model before: {self.compared}"

    def to_json(self) -> dict[str, Any]:
        """One plain document."""
        return asdict(self)


def watched(
    current: Recommender,
    before: Recommender,
    heard: Heard,
    since: str,
    look: tuple[int, int],
    config: LearnConfig,
) -> Watched:
    """Ask both models about the events that came since one of them took over.

    Neither has learned these. The same data is looked at again and again as it grows, so look
    ``n`` gets the share ``1 / (n (n + 1))`` of the 5 % by which a model may be rolled back for
    nothing: all looks together get no more than 5 %.

    Args:
        current: the model that answers.
        before: the model that it took over from.
        heard: the log.
        since: when it took over, ISO 8601.
        look: the number of this look, from 1 up, and the questions of the one before.
        config: which events count, and most questions.
    """
    start = heard.since(datetime.fromisoformat(since).timestamp())
    whole, _ = believed(current, heard, config)
    asked = np.flatnonzero(whole.arrived > start)
    test = questions_at(whole.data.interactions, asked, whole.arrived <= start, config.watched)
    people, (number, seen) = len(set(test.request_ids)), look
    if len(test) < max(FEWEST, GROWN * seen) or people < config.gate.fewest:
        return Watched()
    level = 1 - 0.05 / (number * (number + 1))
    catalogue = whole.data.catalogue
    one, other = knowing(before, catalogue), knowing(current, catalogue)
    found = compare_on(one, other, test, config.gate.k, level, DRAWS)
    return Watched(found, found.high < 0)
