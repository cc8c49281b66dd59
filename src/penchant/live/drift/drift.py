"""The watches over one log, and the file from which they go on."""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from penchant.store import atomic_file
from penchant.store.log import Change

from ..followed import Followed
from .alert import Alert
from .config import DriftConfig
from .facts import Facts
from .lists import Judgement, ListWatch
from .signal import Signal
from .watches import SIGNALS, EventWatch, PutWatch, Watch

log = logging.getLogger(__name__)

FORMAT = 1
SAVE_EVERY = 50
"""Blocks after which a new checkpoint is worth its writing."""

PAGE = 2_000
"""Changes that are read at a time."""


class Drift:
    """Watches a log: what people do, what they choose, what is put.

    It follows the log by itself. The checkpoint is written between two blocks and holds the ``seq``
    up to which it goes: whoever reads it and goes on sees exactly what a process that was never ended
    would have seen. It names no user; of users it holds 16 bits of a hash of the busiest one's id and,
    while it learns, some values of events.

    Not thread-safe.

    Args:
        followed: the log.
        facts: of the items.
        config: sizes.
        path: of the checkpoint; None for none.
        writes: whether to write it; one process should.

    Attributes:
        cursor: ``seq`` up to which the log was followed.
        lists: of which whoever has them tells.
    """

    def __init__(
        self,
        followed: Followed,
        facts: Facts,
        config: DriftConfig | None = None,
        path: Path | None = None,
        writes: bool = True,
    ) -> None:
        self.config = config or DriftConfig()
        self._log, self._facts, self._path = followed, facts, path
        self._writes = writes and path is not None
        self.cursor = 0
        self._mark: tuple[int, float] | None = None
        self._blocks = 0
        self._saved: tuple[Alert, ...] = ()
        self._due = False  # to be written when no block is open
        self._events = EventWatch(facts, self.config)
        self._puts = PutWatch(facts, self.config)
        self.lists = ListWatch(self.config, self.config.alpha / SIGNALS)
        self._read()

    def catch_up(self, most: float = math.inf) -> int:
        """Look at what the log has beyond ``cursor``.

        Args:
            most: changes at most.

        Returns:
            how many there were.

        Raises:
            LogError: the log cannot be read now.
        """
        count = 0
        while count < most:
            page = self._log.changes(self.cursor, int(min(PAGE, most - count)))
            for change in page:
                self._look(change)
            count += len(page)
            if not page:
                break
        return count

    def alerts(self) -> tuple[Alert, ...]:
        """All that are kept, the newest last; those that are not over have ``over`` None."""
        found = [alert for watch in self.watches for alert in watch.alerts()]
        return tuple(sorted(found, key=lambda alert: (alert.found_seq, alert.signal)))

    def judged(self, one: Judgement, time: float) -> None:
        """Take in a list that was judged at some time, seconds since 1970."""
        self._note(self.lists.judged(one, (self.cursor, time)))

    def answered_by(self, version: str, time: float) -> None:
        """Hear which model makes the lists: with another one, what depends on it begins anew."""
        if self.lists.answered_by(version, time):
            self._due = True
            self._note(True)

    def ended(self, clicked: bool, time: float) -> None:
        """Take in whether a list was clicked, once that is known."""
        self._note(self.lists.ended(clicked, (self.cursor, time)))

    def told(self) -> dict[str, Any]:
        """Stage, ``seq``, and alerts with the newest first: what a status tells."""
        alerts = [alert.to_json() for alert in reversed(self.alerts())]
        return {"stage": self.stage, "seq": self.cursor, "alerts": alerts}

    def signals(self) -> dict[str, Signal]:
        """What is watched, by name; nothing before the bins are known."""
        found = {**self._events.group.signals, **self._puts.group.signals}
        return found | self.lists.signals()

    @property
    def stage(self) -> str:
        """``learning`` the bins, gathering the ``reference``, or ``watching``, of the events."""
        if self._events.group.learns:
            return "learning"
        watches = all(one.watches for one in self._events.group.signals.values())
        return "watching" if watches else "reference"

    @property
    def missing(self) -> int:
        """Users, counted once a block, that are still to be heard of before anything is watched."""
        return self._events.group.missing

    def begin_anew(self) -> None:
        """Forget the reference, after a re-tuning: what comes from now on is what is usual."""
        self._begin(self.cursor, self._mark)
        self.save()

    def save(self) -> None:
        """Write the checkpoint, where no block is open; where the disk refuses, say so and go on."""
        if not self._writes or not self._events.is_between:
            return
        assert self._path is not None  # noqa: S101 - else it does not write
        told = {
            "format": FORMAT,
            "told": self.told(),
            "config": asdict(self.config),
            "cursor": self.cursor,
            "mark": self._mark,
            "events": self._events.to_json(),
            "puts": self._puts.to_json(),
            "lists": self.lists.to_json(),
        }
        try:
            with atomic_file(self._path) as file:
                if hasattr(os, "fchmod"):
                    os.fchmod(file.fileno(), 0o600)  # for its owner alone, as the log
                file.write(json.dumps(told, allow_nan=False).encode())
        except OSError as error:
            log.warning("The checkpoint %s could not be written: %s.", self._path, error)
            return
        self._blocks, self._saved, self._due = 0, self.alerts(), False

    @property
    def watches(self) -> tuple[Watch, ...]:
        """All of them."""
        return self._events, self._puts, self.lists

    def _look(self, change: Change) -> None:
        ended = [watch.look(change) for watch in self.watches]
        self.cursor, self._mark = change.seq, (change.seq, change.received_at)
        self._note(any(ended))

    def _note(self, ended: bool) -> None:
        """Write a checkpoint now and then, and with each alert; not while a block is open."""
        if not ended:
            return
        self._blocks += 1
        alerts = self.alerts()
        if self._blocks >= SAVE_EVERY or alerts != self._saved:
            self._due = True
        if self._due and self._events.is_between:
            self.save()

    def _begin(self, cursor: int = 0, mark: tuple[int, float] | None = None) -> None:
        self.cursor, self._mark, self._blocks = cursor, mark, 0
        self._saved, self._due = (), False
        self._events = EventWatch(self._facts, self.config)
        self._puts = PutWatch(self._facts, self.config)
        self.lists = ListWatch(self.config, self.config.alpha / SIGNALS)

    def _read(self) -> None:
        if self._path is None or not self._path.exists():
            return
        try:
            told = json.loads(self._path.read_bytes())
            reason = self._unfit(told)
            if not reason:
                self._restore(told)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"it cannot be read ({type(error).__name__})"
        if reason:
            log.warning(
                "The checkpoint %s is left aside, and the log is watched from its beginning: %s.",
                self._path,
                reason,
            )
            self._begin()

    def _unfit(self, told: dict[str, Any]) -> str:
        """Why a checkpoint is of no use here; "" where it is."""
        if told["format"] != FORMAT:
            return "another penchant wrote it"
        if told["config"] != asdict(self.config):
            return f"it was written with other settings: {told['config']}"
        if told["mark"] is None:
            return ""
        seq, received_at = told["mark"]
        found = self._log.changes(seq - 1, 1)
        if self._log.last_seq() < seq or (
            found and found[0].seq == seq and found[0].received_at != received_at
        ):
            return "the log is another one, or a restored backup"
        return ""

    def _restore(self, told: dict[str, Any]) -> None:
        self._events.restore(told["events"])
        self._puts.restore(told["puts"])
        self.lists.restore(told["lists"])
        self.cursor = told["cursor"]
        self._mark = None if told["mark"] is None else (told["mark"][0], told["mark"][1])
        self._saved = self.alerts()


def told_in(path: Path) -> dict[str, Any]:
    """What the process that watches told last, from its checkpoint; it is not older than an alert."""
    try:
        told: dict[str, Any] = json.loads(path.read_bytes())["told"]
    except (OSError, ValueError, KeyError, TypeError):
        return {"stage": "learning", "seq": 0, "alerts": []}
    return told


def still_open(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Those that are not over."""
    return tuple(alert for alert in alerts if alert.over is None)
