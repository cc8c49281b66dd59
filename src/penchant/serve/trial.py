"""An experiment at work in this process: whose question goes to which model."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from penchant.core import PenchantError
from penchant.engine import Answer, Ask
from penchant.live.experiments import Experiment
from penchant.rank import draft_teams, team_draft

from .deployed import Deployed
from .shadowing import Shadow

log = logging.getLogger("penchant.serve")

Found = Answer | PenchantError

_WARN_EVERY = 60.0  # seconds


class Trial:
    """Answers the questions of an experiment.

    In it are lists for a user whose place is within the shares, without words and without an item to be
    like. Everybody and everything else gets the model that answers, and no policy: so nothing of it
    counts.

    Attributes:
        experiment: which.
        arms: the models that it needs, of a shadow the unseen one alone.
        failed: questions that a model of it could not answer, as it raised an error; the model that
            answers did so instead, without a policy.

    Args:
        experiment: which.
        arms: its models by version.
        folder: of the service; where a shadow's counts are written.
    """

    def __init__(self, experiment: Experiment, arms: dict[str, Deployed], folder: Path) -> None:
        self.experiment = experiment
        self.arms = tuple(arms.values())
        self.failed = 0
        self._warned = -_WARN_EVERY
        self._models = {
            code: arms[arm.version]
            for code, arm in enumerate(experiment.arms)
            if arm.version in arms
        }
        self._policies = [experiment.policy(code) for code in range(len(experiment.arms))]
        self._shadow = (
            Shadow(self._models[1].answers, experiment, folder)
            if experiment.kind == "shadow"
            else None
        )

    def answers(self, asks: Sequence[Ask], usual: Deployed) -> list[Found]:
        """An answer or an error for each question, in order.

        Args:
            asks: a batch.
            usual: the model that answers whatever is not in the experiment.
        """
        arms = [self._arm(ask) for ask in asks]
        if self._shadow is not None:
            return _with_shadow(self._shadow, asks, arms, usual.answers(asks))
        found: list[Found | None] = [None] * len(asks)
        for arm in dict.fromkeys(arms):
            rows = [row for row, code in enumerate(arms) if code == arm]
            own = [asks[row] for row in rows]
            answers = usual.answers(own) if arm is None else self._tried(own, arm, usual)
            for row, answer in zip(rows, answers, strict=True):
                found[row] = answer
        return [answer for answer in found if answer is not None]

    def close(self) -> None:
        """Stop asking a shadow, and write what it did."""
        if self._shadow is not None:
            self._shadow.close()

    def _arm(self, ask: Ask) -> int | None:
        """The arm of a question; None for one that is not in the experiment."""
        if ask.user_id is None or ask.query is not None or ask.similar_to is not None:
            return None
        arm = self.experiment.arm_of(ask.user_id)
        if arm is None or self.experiment.kind == "ab":
            return arm
        # a draft is told from the request and the places of the first page
        drafted = ask.request_id and not ask.offset and not ask.explain
        return 0 if drafted or self._shadow is not None else None

    def _tried(self, asks: Sequence[Ask], arm: int, usual: Deployed) -> Sequence[Found]:
        """The answers of an arm; where its model fails, those of the model that answers."""
        try:
            return [answer for _, answer in zip(asks, self._of(asks, arm), strict=True)]
        except Exception:  # whoever tries a model out must not disturb the others
            self.failed += len(asks)
            now = time.monotonic()
            if now - self._warned > _WARN_EVERY:
                self._warned = now
                name = self.experiment.arms[arm].name
                told = {"name": self.experiment.name, "arm": name, "failed": self.failed}
                log.exception("experiment-arm-failed", extra={"told": told})
            return usual.answers(asks)

    def _of(self, asks: Sequence[Ask], arm: int) -> Sequence[Found]:
        if self.experiment.kind == "interleave":
            lists = self._models[0].answers(asks), self._models[1].answers(asks)
            return [self._merged(*one) for one in zip(asks, *lists, strict=True)]
        policy = self._policies[arm]
        return [
            replace(answer, policy=policy) if isinstance(answer, Answer) else answer
            for answer in self._models[arm].answers(asks)
        ]

    def _merged(self, ask: Ask, first: Found, second: Found) -> Found:
        """Two lists as one; the first alone, which then does not count, where one is too short."""
        if isinstance(first, PenchantError) or isinstance(second, PenchantError):
            return second if isinstance(first, PenchantError) else first
        if min(len(first.items), len(second.items)) < ask.k:
            return first
        lists = [{item.item: item for item in answer.items} for answer in (first, second)]
        teams = draft_teams(ask.request_id, ask.k, self.experiment.salt).tolist()
        merged = team_draft(list(lists[0]), list(lists[1]), teams)
        items = tuple(lists[team][item] for team, item in zip(teams, merged, strict=True))
        version = f"{first.model_version}+{second.model_version}"
        return Answer(items, version, first.decisions, self._policies[0])


def _with_shadow(
    shadow: Shadow, asks: Sequence[Ask], arms: Sequence[int | None], found: list[Found]
) -> list[Found]:
    """The answers, of which some are asked of a shadow later."""
    for ask, arm, answer in zip(asks, arms, found, strict=True):
        if arm is not None and isinstance(answer, Answer):
            shadow.ask(ask, answer)
    return found
