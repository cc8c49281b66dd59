"""Drift and quality of one service, looked at in the background by one of its processes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import PenchantError, Recommendation
from penchant.engine import Ask
from penchant.live.drift import Drift, DriftConfig, Facts, Judgement, still_open, told_in
from penchant.live.experiments import last_number
from penchant.live.quality import LENGTH, Feedback, Prequential
from penchant.store.log import EventStored, Log, UserErased

from .deployed import Deployed
from .watch_figures import Watched

log = logging.getLogger("penchant.serve")

PAGE, PAGES = 200, 10
"""Changes, and impressions, that are taken in at once (some milliseconds), and how often in a look."""

FAR = 50_000
"""Changes behind the log after which quality goes on with the newest ones."""

SHARE = 0.02
"""Part of the time that asking for lists in users' names may take."""


class Watching:
    """Looks at what the log has to tell beside the lists; nobody waits for it.

    Args:
        events: the log.
        deployed: the model that answers.
        config: of drift.
        path: the checkpoint of drift.
        first: whether it is this process that looks; the others tell what it found.
        versions: names of the models that there are, beside the one that answers.

    Attributes:
        looks: whether it is this process.
    """

    def __init__(
        self,
        events: Log,
        deployed: Callable[[], Deployed],
        config: DriftConfig,
        path: Path,
        first: bool = True,
        versions: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._log, self._deployed = events, deployed
        self._path, self.looks = path, first
        self._versions, self._known = versions, frozenset[str]()
        self._feedback, self._lists = Feedback(known=self._knows), Prequential()
        self._heard = self._shown = 0
        self._asked_at = 0.0
        self._counted: tuple[object, NDArray[np.int64]] = None, np.empty(0, np.int64)
        if not first:
            return
        facts = Facts(events.item, lambda: deployed().engine.catalogue, config.category)
        self.drift = Drift(events, facts, config, path)
        self._heard = events.last_seq()  # of quality: what is newer than this process
        self._shown = last_number(events)

    def look(self) -> Watched:
        """Take in what is new, within bounds.

        Raises:
            LogError: the log cannot be read now.
        """
        self._feedback.age(time.time())
        with suppress(OSError, PenchantError):  # the registry cannot be read: as it was
            self._known = frozenset(self._versions())
        if self._log.last_seq() - self._heard > FAR:
            log.warning("watching-skips", extra={"changes": FAR})
            self._heard = self._log.last_seq() - PAGE
        for _ in range(PAGES):
            if not self.drift.catch_up(PAGE) + self._take_in():
                break
            time.sleep(0.001)  # whoever answers goes first
        signals = self.drift.signals()
        open_now = [alert.signal for alert in still_open(self.drift.alerts())]
        return Watched(
            {key: count for key, count in self._feedback.counts.items() if count.shown},
            self._lists.quality(len(self._deployed().engine.catalogue)),
            {name: open_now.count(name) for name in signals},
            {name: signal.psi for name, signal in signals.items() if signal.watches},
        )

    def told(self) -> dict[str, Any]:
        """Stage and alerts, as the status tells them; the newest alert first."""
        return self.drift.told() if self.looks else told_in(self._path)

    def close(self) -> None:
        """Write the checkpoint, where no block is open."""
        if self.looks:
            self.drift.save()

    def _knows(self, version: str) -> bool:
        """Whether a version is one of ours, or two of ours that were merged."""
        known = {self._deployed().version, *self._known}
        return version in known or known.issuperset(version.split("+"))

    def _take_in(self) -> int:
        shown = self._log.impressions(self._shown, PAGE)
        if shown:
            self._feedback.shown(shown)
            self._shown = shown[-1].number
        changes = self._log.changes(self._heard, PAGE)
        for change in changes:
            if isinstance(change, EventStored):
                self._judge(change)
                self._feedback.heard(change)
            elif isinstance(change, UserErased):
                self._feedback.erased(change)
        while self._feedback.ended:
            self.drift.ended(self._feedback.ended.popleft(), time.time())
        if changes:
            self._heard = changes[-1].seq
        return len(shown) + len(changes)

    def _judge(self, stored: EventStored) -> None:
        """Judge the list that the user saw before this event, and the one they would have got."""
        asked = self._asked(stored)
        if asked is not None:
            self._take_list(stored, tuple(one.item for one in asked), "asked")
            chosen = stored.event.item_id
            hit = any(one.item == chosen for one in asked)
            score = asked[0].score if asked else None
            self.drift.judged(Judgement(score, hit), stored.received_at)
        shown = self._feedback.list_before(stored)
        if shown is not None:
            self._take_list(stored, shown, "shown")

    def _take_list(self, stored: EventStored, listed: tuple[str, ...], source: str) -> None:
        interactions = self._deployed().engine.recommender.interactions
        if self._counted[0] is not interactions:  # another model
            self._counted = interactions, interactions.counts()
        counts = self._counted[1]
        codes = {item: interactions.items.code(item) for item in listed}
        known = {item: int(counts[code]) for item, code in codes.items() if code >= 0}
        event = stored.event
        self._lists.judge(event.user_id, listed, event.item_id, source, known, len(interactions))

    def _asked(self, stored: EventStored) -> tuple[Recommendation, ...] | None:
        """The list of a user as it would have been before an event; None where it is too early."""
        now = time.monotonic()
        if now < self._asked_at:
            return None
        deployed = self._deployed()
        past = deployed.live.past(stored.event.user_id)
        past = tuple(one for one in past if not one.time >= stored.time)
        (answer,) = deployed.engine.answers([Ask(past=past, k=LENGTH)])
        self._asked_at = time.monotonic() + (time.monotonic() - now) / SHARE
        self.drift.answered_by(deployed.version, stored.received_at)
        if isinstance(answer, PenchantError):
            return None
        return answer.items
