"""How the experiment of a service stands, for who asks over HTTP."""

from __future__ import annotations

import math
import threading
import time
from pathlib import Path
from typing import Any

from penchant.core import UsageError
from penchant.live.experiments import (
    Book,
    Experiment,
    Judgement,
    Look,
    conclusion,
    judge,
    outcome,
    shadowed,
    tally,
)
from penchant.store.log import Log

_KEEP = 60.0
"""Seconds for which figures are told again: they are counted from the log, which takes its time."""


class Judging:
    """Counts and judges, at most once a minute.

    Args:
        book: the experiments.
        log: of what people did.
    """

    def __init__(self, book: Book, log: Log) -> None:
        self._book = book
        self._log = log
        self._lock = threading.Lock()  # two who ask at once are answered by one count
        self._told: tuple[tuple[int, int], float, dict[str, Any] | None] = ((0, 0), -_KEEP, None)

    def told(self) -> dict[str, Any] | None:
        """The experiment that runs, or the last, with what it tells; None where there was none.

        Raises:
            LogError: the log, or the list of experiments, cannot be read.
        """
        with self._lock:
            stamp, counted_at, known = self._told
            if self._book.stamp() == stamp and time.monotonic() - counted_at < _KEEP:
                return known
            stamp, found = self._book.stamp(), self._counted()
            self._told = stamp, time.monotonic(), found
            return found

    def _counted(self) -> dict[str, Any] | None:
        try:
            one = self._book.find()
        except UsageError:  # none was ever started
            return None
        now = time.time()
        judged = judge(one, tally(one, self._log, now), now)
        told = _about(one, judged) | {"counted_at": now}
        if one.kind == "shadow":
            told["shadow"] = shadowed(Path(self._book.path.parent), one).as_json()
        return told


def _about(one: Experiment, judged: Judgement) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "measured": outcome(one),
        "started_at": one.started_at,
        "stopped_at": one.stopped_at,
        "why": one.why,
        "arms": [
            {"name": arm.name, "version": arm.version, "share": arm.share, "users": users}
            for arm, users in zip(one.arms, judged.users, strict=True)
        ],
        "waiting": sum(judged.waiting),
        "split_p": judged.split_p,
        "comparisons": [
            {"arm": each.arm, "conclusion": each.conclusion, **_look(each.now)}
            for each in judged.comparisons
        ],
        "conclusion": conclusion(one, judged),
    }


def _look(look: Look) -> dict[str, Any]:
    ends = {"low": look.low, "high": look.high}
    return {
        "means": look.means,
        "gap": look.gap,
        "p": look.p,
        **{name: end if math.isfinite(end) else None for name, end in ends.items()},
    }
