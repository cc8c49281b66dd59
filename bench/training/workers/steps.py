"""What the peers' workers share: the conversation with run.py, and the clock over training steps.

Standard library only, as it runs in three environments. A worker reads its job from the first line
of standard input and answers in JSON lines; whatever the peer itself prints goes to standard error.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
from collections.abc import Callable


class Parent:
    """The other end of the pipe: run.py."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # prints of the peer must not mix with the answers
        self.job: dict = json.loads(sys.stdin.readline())

    def tell(self, **message: object) -> None:
        """Write one JSON line."""
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()

    def ask(self, **message: object) -> bool:
        """Tell something and wait for leave to go on."""
        self.tell(**message)
        return sys.stdin.readline().strip() == "go"

    def train_events(self) -> dict[str, list[str]]:
        """Each user's items, oldest first."""
        events: dict[str, list[str]] = {}
        with open(self.job["train"], newline="") as lines:  # noqa: PTH123 - standard library only
            for user, item, _ in list(csv.reader(lines))[1:]:
                events.setdefault(user, []).append(item)
        return events


class Steps:
    """A clock over training steps that stands still while the model is judged.

    A step lasts from the end of the one before it to its own end, so that making the batch counts.
    To time a part of an epoch, it stops some seconds and steps after the warm-up. To train to a
    target, it asks the parent every ``check_seconds`` of training, with the lists of ``lists()``.
    """

    def __init__(self, parent: Parent, lists: Callable[[], dict[str, list[str]]]) -> None:
        self._parent, self._lists = parent, lists
        self.seconds: list[float] = []
        self._since = self._mark = 0.0

    def start(self) -> None:
        """The first step begins."""
        self._mark = time.perf_counter()

    def end(self) -> bool:
        """A step has ended. Returns whether to go on."""
        now = time.perf_counter()
        self.seconds.append(now - self._mark)
        self._since += now - self._mark
        go = self._more()
        self._mark = time.perf_counter()
        return go

    def _more(self) -> bool:
        job = self._parent.job
        if job["mode"] == "time":
            timed = self.seconds[job["warmup"] :]
            return len(timed) < job["least_batches"] or sum(timed) < job["time_seconds"]
        if self._since < job["check_seconds"]:
            return True
        self._since = 0.0
        return self._parent.ask(
            steps=len(self.seconds), train_seconds=sum(self.seconds), lists=self._lists()
        )

    def report(self, batches_an_epoch: int, versions: dict[str, str]) -> None:
        """The last message: every step's seconds."""
        self._parent.tell(
            seconds=self.seconds, batches_an_epoch=batches_an_epoch, versions=versions
        )
