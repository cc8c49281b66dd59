"""What a service counts beside its requests: questions, events, items, models."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .edge import Metrics
from .watch_figures import WatchFigures

QUESTIONS = (1, 2, 4, 8, 16, 32, 64, 128)
"""Bounds of the buckets for questions of one call."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one tenant's service stands.

    Attributes:
        version: of the model that answers.
        waiting: questions that wait for it.
        items: that were put, by state.
        added: when that model was taken in, seconds since 1970; None where nobody knows.
        free: bytes that its folder has room for, or None.
        followed: when its live state was last as new as its log, seconds since 1970; now by default.
    """

    version: str
    waiting: int
    items: Mapping[str, int]
    added: float | None = None
    free: int | None = None
    followed: float | None = None


class Figures:
    """The figures of one process; tenants are counted together. Thread-safe.

    Args:
        metrics: where they are shown.
        clock: seconds since 1970.

    Attributes:
        watched: figures of quality and drift.
    """

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = time.time) -> None:
        self.metrics = metrics
        self.watched = WatchFigures(metrics)
        self._clock = clock
        self._lock = threading.Lock()
        self._standing: dict[str, tuple[float, Standing]] = {}  # by tenant, and since when
        self._calls = metrics.histogram(
            "model_call_duration_seconds", "Calls that answer the questions of many connections."
        )
        self._questions = metrics.histogram(
            "model_call_questions", "Questions of one such call.", bounds=QUESTIONS
        )
        self._events = metrics.counter("events_total", "Events told, by status.", ("status",))
        self._commits = metrics.histogram(
            "event_commit_duration_seconds", "From an event to its acknowledgement by the disk."
        )
        self._shown = metrics.counter("impressions_total", "Impressions stored.")
        self._swaps = metrics.counter("model_swaps_total", "Models that took over.")
        self._waiting = metrics.gauge("questions_waiting", "Questions that wait for the model.")
        self._items = metrics.gauge("items_put", "Items that were put, by state.", ("state",))
        self._model = metrics.gauge(
            "model_info", "Tenants (and workers) that a model answers.", ("version",)
        )
        self._added = metrics.gauge(
            "model_added_timestamp_seconds",
            "When the oldest model that answers was taken in.",
            of_all="livemin",
        )
        self._followed = metrics.gauge(
            "followed_timestamp_seconds",
            "When the live state was last as new as the log; the earliest of tenants.",
            of_all="livemin",
        )
        self._free = metrics.gauge(
            "disk_free_bytes", "Room for logs and models; the least of tenants.", of_all="livemin"
        )
        self._ready = metrics.gauge(
            "ready", "1 where a real question is answered, else 0.", of_all="livemin"
        )

    def called(self, questions: int, seconds: float) -> None:
        """One call of the model."""
        self._questions.observe(questions)
        self._calls.observe(seconds)

    def told(self, statuses: Iterable[str], seconds: float) -> None:
        """Events that were acknowledged or refused, and how long that took."""
        for status in statuses:
            self._events.labels(status).inc()
        self._commits.observe(seconds)

    def shown(self, stored: int) -> None:
        """Impressions that were stored."""
        self._shown.inc(stored)

    def ready(self, good: bool) -> None:
        """Whether a real question was answered."""
        self._ready.set(good)

    def stands(self, tenant: str, now: Standing) -> None:
        """How a tenant's service is; called now and then."""
        with self._lock:
            _, before = self._standing.get(tenant, (0.0, None))
            followed = self._clock() if now.followed is None else now.followed
            self._standing[tenant] = followed, now
            if before is not None and before.version != now.version:
                self._swaps.inc()
                self._model.labels(before.version).set(0)
            self._show()

    def _show(self) -> None:
        all_of_them = [one for _, one in self._standing.values()]
        self._waiting.set(sum(one.waiting for one in all_of_them))
        for version, tenants in Counter(one.version for one in all_of_them).items():
            self._model.labels(version).set(tenants)
        items: Counter[str] = Counter()
        for one in all_of_them:
            items.update(one.items)
        for state, count in items.items():
            self._items.labels(state).set(count)
        self._followed.set(min(when for when, _ in self._standing.values()))
        for gauge, known in (
            (self._added, [one.added for one in all_of_them if one.added is not None]),
            (self._free, [one.free for one in all_of_them if one.free is not None]),
        ):
            if known:
                gauge.set(min(known))
