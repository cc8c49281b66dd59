"""Takes up the experiment that a data folder names, and lets go of it when it is stopped."""

from __future__ import annotations

import logging
import time
from typing import Protocol

from penchant.core import PenchantError
from penchant.live.experiments import Book, Experiment

from .deployed import Deployed
from .judging import Judging
from .service import Service
from .trial import Trial

log = logging.getLogger("penchant.serve")

_AGAIN = 60.0  # seconds until an experiment that could not be taken up is tried once more


class Ready(Protocol):
    """Makes models ready, such as ``Vetting``."""

    def ready(self, version: str) -> Deployed:
        """A registered model that answers here."""
        ...

    def stop(self) -> None:
        """Give up: the service is stopping."""
        ...


class Trials:
    """Follows the experiments of a folder, as each process that serves it does.

    Lists come with a policy only once every model of the experiment is ready here; until then, and
    where one cannot be made ready, everybody gets the model that answers and nothing counts.

    Attributes:
        judging: how the experiment stands.

    Args:
        book: the experiments.
        service: what answers.
        vetting: makes a registered model ready to answer; of this alone, as ``close`` stops it.
    """

    def __init__(self, book: Book, service: Service, vetting: Ready) -> None:
        self.judging = Judging(book, service.log)
        self._book = book
        self._service = service
        self._vetting = vetting
        self._seen = (0, 0)  # of a folder without experiments
        self._again: float | None = None  # when to try once more what failed

    def follow(self) -> None:
        """Do what the file says, where it changed; microseconds where it did not."""
        stamp = self._book.stamp()
        due = self._again is not None and time.monotonic() > self._again
        if stamp == self._seen and not due:
            return
        self._seen, self._again = stamp, None
        try:
            self._take_up(self._book.running())
        except PenchantError:
            log.exception("experiment-not-taken-up")
            self._again = time.monotonic() + _AGAIN

    def close(self) -> None:
        """Give up what is being made ready: the service is stopping."""
        self._vetting.stop()

    def _take_up(self, experiment: Experiment | None) -> None:
        known = self._service.trial
        if experiment is None:
            self._service.try_out(None)
            return
        if known is not None and known.experiment == experiment:
            return
        self._service.try_out(None)
        needed = experiment.versions[1:] if experiment.kind == "shadow" else experiment.versions
        try:
            arms = {version: self._ready_arm(version) for version in needed}
        except BaseException:
            self._service.try_out(None)  # let go of those that are ready
            raise
        self._service.try_out(Trial(experiment, arms, self._book.path.parent))
        log.info("experiment", extra={"told": {"name": experiment.name, "kind": experiment.kind}})

    def _ready_arm(self, version: str) -> Deployed:
        found = self._service.reserve(version)
        if found is None:
            found = self._vetting.ready(version)
            self._service.reserve(found)
        return found
