"""Figures for Prometheus: base units, ``_seconds``, ``_bytes``, ``_total`` on counters only.

No label names a person or a thing: a label with a million values is a million time series, and a
trail of somebody that no erasure finds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Literal

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

from penchant.core import UsageError

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.04, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Bounds of the buckets of a duration; 15, 25 and 60 ms are what the service is measured by."""

ALERTED = ("bad-key", "fault", "log-unavailable", "overloaded")
"""Problems that are shown from 0 on: Prometheus sees no increase in a series that begins at 1."""

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
NOT_UNITS = re.compile(r"_(ms|us|ns|millis|milliseconds|minutes|hours|kb|mb|gb|percent)(_total)?$")
PERSONAL = frozenset(
    [
        "user",
        "user_id",
        "item",
        "item_id",
        "event_id",
        "session",
        "session_id",
        "ip",
        "address",
        "path",
    ]
)


class Metrics:
    """The figures of one service, made and shown in one place.

    With ``PROMETHEUS_MULTIPROC_DIR`` in the environment (a folder that is empty at the start) the
    figures of all worker processes are shown together.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a time series more for each, which nobody asks for
        self._registry = CollectorRegistry()
        if self._together:
            multiprocess.MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]
        else:
            ProcessCollector(registry=self._registry)
            PlatformCollector(registry=self._registry)
        self._problems = self.counter(
            "http_problems_total", "Problems answered, by their code.", ("code",)
        )
        for code in ALERTED:
            self._problems.labels(code)

    def problem(self, code: str) -> None:
        """Count a problem that was answered; those from before there is a request, too."""
        self._problems.labels(code).inc()

    @property
    def _together(self) -> bool:
        return "PROMETHEUS_MULTIPROC_DIR" in os.environ

    def counter(self, name: str, says: str, labels: Sequence[str] = ()) -> Counter:
        """Something that is only ever added to.

        Args:
            name: without ``penchant_``, with ``_total``.
            says: what it counts.
            labels: names of labels with few values.
        """
        _check(name, labels, counter=True)
        return Counter(f"penchant_{name}", says, labels, registry=self._own)

    def gauge(
        self,
        name: str,
        says: str,
        labels: Sequence[str] = (),
        of_all: Literal["livesum", "livemin"] = "livesum",
    ) -> Gauge:
        """Something that goes up and down.

        Args:
            name: without ``penchant_``.
            says: what it is.
            labels: names of labels with few values.
            of_all: of the workers that are alive, their sum or the least.
        """
        _check(name, labels)
        return Gauge(f"penchant_{name}", says, labels, registry=self._own, multiprocess_mode=of_all)

    def histogram(
        self,
        name: str,
        says: str,
        labels: Sequence[str] = (),
        bounds: Sequence[float] = SECONDS,
    ) -> Histogram:
        """A spread, by default of seconds."""
        _check(name, labels)
        return Histogram(f"penchant_{name}", says, labels, registry=self._own, buckets=bounds)

    @property
    def _own(self) -> CollectorRegistry | None:
        """Where a figure of this process registers: nowhere, when files hold those of all."""
        return None if self._together else self._registry

    def page(self) -> tuple[bytes, str]:
        """All figures as Prometheus reads them, and their media type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


def forget_worker(process_id: int) -> None:
    """Take a worker that ended out of the gauges that are shown together; its counts stay.

    Called by whoever starts workers, where ``PROMETHEUS_MULTIPROC_DIR`` is set.
    """
    multiprocess.mark_process_dead(process_id)  # type: ignore[no-untyped-call]


def _check(name: str, labels: Sequence[str], *, counter: bool = False) -> None:
    if not NAME.fullmatch(name) or name.startswith("penchant_"):
        raise UsageError(f"metric {name!r}: lower case with underscores, without penchant_.")
    if name.endswith("_total") != counter:
        raise UsageError(f"metric {name!r}: _total is for counters, and for all of them.")
    if NOT_UNITS.search(name):
        raise UsageError(f"metric {name!r}: use seconds, bytes or a ratio of 1.")
    personal = sorted(PERSONAL & set(labels))
    if personal:
        raise UsageError(
            f"metric {name!r}: the label {personal[0]!r} has a value for each person or thing. "
            f"Leave it out."
        )
