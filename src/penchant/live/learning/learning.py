"""The loop that learns: gather, update, judge, promote or refuse, watch, roll back."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Protocol

from penchant.core import BundleError, TrainingFailed, UsageError
from penchant.engine import Engine, Recommender
from penchant.lab.gate import Verdict, judge
from penchant.store import Registry

from ..followed import Followed
from .config import LearnConfig
from .heard import Heard
from .journal import Journal
from .lesson import Lesson, lesson
from .outcome import Did, Outcome
from .watching import Watched, watched

log = logging.getLogger(__name__)

FOLDER, JOURNAL, CANDIDATE = "learning", "journal.json", "candidate"

Teach = Callable[[Recommender, Lesson], Recommender]
"""Makes a candidate of the serving model and what there is to learn; the serving model stays."""


class Exchange(Protocol):
    """Lets models answer; where a service runs, in all of its processes at once."""

    def promote(self, version: str, why: str, figures: dict[str, Any]) -> None:
        """Let a registered version answer.

        Raises:
            BundleError: it may not.
        """
        ...

    def roll_back(self, why: str, figures: dict[str, Any]) -> str:
        """Let the version before answer again; its name."""
        ...


class Learning:
    """Learns from the log of a service, in a process of its own.

    Each step may be killed at any moment: a candidate is written aside and renamed, the registry and
    the journal are whole or as they were, and a step that is done again comes to the same.

    Args:
        folder: the data folder of the service.
        followed: its log.
        registry: of its models.
        exchange: lets models answer.
        update: makes a candidate by going on from the serving model.
        retune: makes one by fitting anew.
        config: when, and from what.
        clock: seconds since 1970 (UTC).
    """

    def __init__(  # noqa: PLR0913 - the seams of the loop
        self,
        folder: Path,
        followed: Followed,
        registry: Registry,
        exchange: Exchange,
        *,
        update: Teach,
        retune: Teach,
        config: LearnConfig | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config = config or LearnConfig()
        self.registry = registry
        self._folder = folder / FOLDER
        self._exchange = exchange
        self._teach = {"update": update, "retune": retune}
        self._heard = Heard(followed)
        self._clock = clock
        self._loaded: dict[str, Engine] = {}
        self._seconds: dict[str, float] = {}

    def step(self, how: Literal["update", "retune", ""] = "", trial: bool = False) -> Outcome:
        """Look at the log once, and do what there is to do.

        Args:
            how: make a candidate in this way however few events are new; by default when there are
                enough, in the way that is due.
            trial: make a candidate and judge it, and change nothing: it lies in the folder
                ``candidate``, a run like any other.

        Raises:
            UsageError: no model answers yet; a feedback rule names what is not there.
            BundleError: a bundle is damaged, or cannot be written.
            LogError: the log cannot be read now.
        """
        self._seconds = {}
        journal = self._journal()
        with self._timed("gather"):
            self._heard.catch_up()
        if not trial:
            journal, back = self._watch(journal)
            if back is not None:
                return back
        serving = self._serving()
        with self._timed("gather"):
            known = lesson(serving.recommender, self._heard, self.config)
        fresh = int((known.whole.arrived > journal.tried).sum())
        if not known.train.new.any() or (fresh < self.config.least and not how):
            why = f"{fresh:,} new events, {self.config.least:,} are learned from together."
            return Outcome("waiting", events=fresh, why=why, seconds=self._seconds)
        how = how or ("retune" if self._retune_is_due(journal) else "update")
        last = int(known.whole.arrived.max(initial=0))
        try:
            verdict = self._judged(serving, known, how)
        except TrainingFailed as error:
            if not trial:
                self._write(replace(journal, tried=last))
            return Outcome("refused", "", how, fresh, str(error), seconds=self._seconds)
        if trial:
            why = str(verdict)
            told = known.disbelieved
            return Outcome("judged", "", how, fresh, why, verdict, told, self._seconds)
        with self._timed("register"):
            version = self.registry.add(self.candidate).name
        did, why = self._decide(version, verdict, known)
        retuned = self._clock() if how == "retune" else journal.retuned
        self._write(replace(journal, tried=last, retuned=retuned or self._clock()))
        shutil.rmtree(self.candidate, ignore_errors=True)
        told = known.disbelieved
        return Outcome(did, version, how, fresh, why, verdict, told, self._seconds)

    @property
    def candidate(self) -> Path:
        """Where a candidate lies until it is decided about."""
        return self._folder / CANDIDATE

    def _judged(self, serving: Engine, known: Lesson, how: str) -> Verdict:
        """A candidate, saved with the policy of the model that serves, and what it is worth."""
        with self._timed(how):
            candidate = self._teach[how](serving.recommender, known)
        with self._timed("save"):
            Engine.of(candidate, serving.policy.config).save(self.candidate)
        limits = self.config.gate
        with self._timed("judge"):
            newest, older = known.newest(limits.questions), known.older(limits.questions)
            return judge(serving.recommender, candidate, newest, older, limits)

    def _decide(self, version: str, verdict: Verdict, known: Lesson) -> tuple[Did, str]:
        """Promote or refuse; what was done, and why."""
        told = {**verdict.to_json(), "disbelieved": dict(known.disbelieved)}
        if not verdict.passed:
            why = " ".join(verdict.reasons)
            self.registry.refuse(version, why, told)
            return ("undecided" if verdict.undecided else "refused"), why
        try:
            with self._timed("promote"):
                self._exchange.promote(version, f"learned: {verdict.newest}", told)
        except BundleError as error:  # it does not answer as it should; the history says so
            return "refused", str(error)
        return "promoted", str(verdict.newest)

    def _watch(self, journal: Journal) -> tuple[Journal, Outcome | None]:
        """Whether the model that answers is worse than the one before, on what came since."""
        standing = self.registry.standing()
        current, before = standing.current, standing.previous
        if not self.config.watch or None in (current, before) or journal.proven == current:
            return journal, None
        looks = journal.looks + 1 if journal.watched == current else 1
        with self._timed("watch"):
            found = self._watched(str(current), str(before), looks)
        if found.worse:
            name = self._exchange.roll_back(found.why, found.to_json())
            journal = replace(journal, proven=name, watched="", looks=0)
            self._write(journal)
            return journal, Outcome("rolled back", name, why=found.why, seconds=self._seconds)
        if found.questions >= self.config.watched:
            journal = replace(journal, proven=str(current), watched="", looks=0)
        elif found.looked:
            journal = replace(journal, watched=str(current), looks=looks)
        self._write(journal)
        return journal, None

    def _watched(self, current: str, before: str, looks: int) -> Watched:
        done = [line for line in self.registry.standing().history if line["version"] == current]
        return watched(
            self._engine(current).recommender,
            self._engine(before).recommender,
            self._heard,
            str(done[-1]["at"]),
            looks,
            self.config,
        )

    def _retune_is_due(self, journal: Journal) -> bool:
        days = (self._clock() - journal.retuned) / 86_400
        return bool(self.config.retune_days and journal.retuned and days >= self.config.retune_days)

    def _serving(self) -> Engine:
        current = self.registry.standing().current
        if current is None:
            raise UsageError(
                f"{self._folder.parent} has no model yet. Start the service once: "
                "penchant serve --run RUN --data DIR."
            )
        return self._engine(current)

    def _engine(self, version: str) -> Engine:
        if version not in self._loaded:
            if len(self._loaded) > 1:
                self._loaded.clear()
            self._loaded[version] = Engine.load(self.registry.path(version), version=version)
        return self._loaded[version]

    def _journal(self) -> Journal:
        return Journal.read(self._folder / JOURNAL)

    def _write(self, journal: Journal) -> None:
        if journal != self._journal():
            journal.write(self._folder / JOURNAL)

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - began
            self._seconds[step] = round(self._seconds.get(step, 0.0) + spent, 3)
