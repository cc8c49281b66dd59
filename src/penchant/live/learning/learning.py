"""The loop that learns: gather, update, judge, promote or refuse, watch, roll back."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from penchant.core import BundleError, DataError, Overloaded, TrainingFailed, UsageError
from penchant.engine import Engine
from penchant.lab.gate import Verdict, judge
from penchant.store import Registry, Standing

from ..followed import Followed
from .config import LearnConfig
from .engines import Engines
from .heard import Heard
from .journal import Journal
from .lesson import Lesson, lesson
from .outcome import Did, Outcome
from .seams import Exchange, Teach
from .watching import Watched, watched

log = logging.getLogger(__name__)

FOLDER, JOURNAL, CANDIDATE = "learning", "journal.json", "candidate"

PAUSES = (1.0, 5.0, 20.0)
"""Seconds to wait where another model is being exchanged, before a candidate is given up."""


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
        self._engines = Engines(registry)
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
        shutil.rmtree(self.candidate, ignore_errors=True)  # of a step that was killed
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
        if fresh < self.config.least and not how:
            why = f"new events {fresh:,}, {self.config.least:,} are learned from together."
            return Outcome("waiting", events=fresh, why=why, seconds=self._seconds)
        if not known.train.new.any():
            why = (
                f"nothing is left to learn: of {fresh:,} new events all are held back to judge by."
            )
            return Outcome("waiting", events=fresh, why=why, seconds=self._seconds)
        return self._learn(journal, serving, known, (fresh, how), trial)

    def _too_early(self, fresh: int, known: Lesson, how: str) -> str:
        """Why there is nothing to do yet; empty where there is."""
        if fresh < self.config.least and not how:
            return f"new events {fresh:,}, {self.config.least:,} are learned from together."
        if not known.train.new.any():
            return (
                f"nothing is left to learn: of {fresh:,} new events all are held back to judge by."
            )
        return ""

    def _learn(
        self, journal: Journal, serving: Engine, known: Lesson, asked: tuple[int, str], trial: bool
    ) -> Outcome:
        """Make a candidate, judge it, and decide."""
        fresh, how = asked
        how = how or ("retune" if self._retune_is_due(journal) else "update")
        last = int(known.whole.arrived.max(initial=0))
        try:
            verdict = self._judged(serving, known, how)
        except (TrainingFailed, DataError, UsageError) as error:  # also an index of no numbers
            if not trial:
                self._write(replace(journal, tried=last))
            return Outcome("refused", "", how, fresh, str(error), seconds=self._seconds)
        if trial:
            why = str(verdict)
            told = known.disbelieved
            return Outcome("judged", "", how, fresh, why, verdict, told, self._seconds)
        if self._erased_meanwhile():
            shutil.rmtree(self.candidate)
            why = (
                "somebody was erased meanwhile, whom the candidate knew; the next look begins anew."
            )
            return Outcome("waiting", events=fresh, why=why, seconds=self._seconds)
        with self._timed("register"):
            version = self.registry.add(self.candidate).name
        did, why = self._decide(version, verdict, known, serving.version)
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

    def _erased_meanwhile(self) -> bool:
        before = len(self._heard.erased)
        self._heard.catch_up()
        return len(self._heard.erased) > before

    def _decide(
        self, version: str, verdict: Verdict, known: Lesson, serving: str
    ) -> tuple[Did, str]:
        """Promote or refuse; what was done, and why."""
        told = {**verdict.to_json(), "disbelieved": dict(known.disbelieved)}
        if not verdict.passed:
            why = " ".join(verdict.reasons)
            self.registry.refuse(version, why, told)
            return ("undecided" if verdict.undecided else "refused"), why
        try:
            with self._timed("promote"):
                self._promote(version, f"learned: {verdict.newest}", told, serving)
        except (BundleError, UsageError, Overloaded) as error:
            if version in self.registry.standing().versions:
                self.registry.refuse(version, str(error), told)
            return "refused", str(error)
        return "promoted", str(verdict.newest)

    def _promote(self, version: str, why: str, told: dict[str, Any], serving: str) -> None:
        """Promote, and wait a little where somebody else is exchanging models."""
        for wait in PAUSES:
            try:
                self._exchange.promote(version, why, told, serving)
            except Overloaded:
                time.sleep(wait)
            else:
                return
        self._exchange.promote(version, why, told, serving)

    def _watch(self, journal: Journal) -> tuple[Journal, Outcome | None]:
        """Whether the model that answers is worse than the one before, on what came since."""
        standing = self.registry.standing()
        current, before, since = standing.current, standing.previous, _promoted_at(standing)
        if not self.config.watch or current is None or before is None or since is None:
            return journal, None
        if journal.proven == current:
            return journal, None
        if journal.watched != current:
            journal = replace(journal, watched=current, looks=0, asked=0)
        try:
            with self._timed("watch"):
                found = self._watched(current, before, since, journal)
            if found.worse:
                self._exchange.roll_back(found.why, found.to_json(), current, before)
        except (BundleError, UsageError, Overloaded) as error:
            log.warning("%s cannot be watched now: %s", current, error)
            return journal, None
        return self._looked(journal, found, before)

    def _looked(
        self, journal: Journal, found: Watched, before: str
    ) -> tuple[Journal, Outcome | None]:
        """Write down what a look found."""
        if found.worse:
            self._write(replace(journal, proven=before, watched="", looks=0, asked=0))
            return journal, Outcome("rolled back", before, why=found.why, seconds=self._seconds)
        if found.questions >= self.config.watched:
            journal = replace(journal, proven=journal.watched, watched="", looks=0, asked=0)
        elif found.looked:
            journal = replace(journal, looks=journal.looks + 1, asked=found.questions)
        self._write(journal)
        return journal, None

    def _watched(self, current: str, before: str, since: str, journal: Journal) -> Watched:
        look = journal.looks + 1, journal.asked
        one, other = (
            self._engines.of(version, self._heard.erased).recommender
            for version in (current, before)
        )
        return watched(one, other, self._heard, since, look, self.config)

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
        return self._engines.of(current, self._heard.erased)

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


def _promoted_at(standing: Standing) -> str | None:
    """When the model that answers was promoted, ISO 8601.

    None where somebody went back to it: they had their reasons, and it is not watched.
    """
    done = [line for line in standing.history if line["version"] == standing.current]
    return str(done[-1]["at"]) if done and done[-1]["did"] == "promoted" else None
