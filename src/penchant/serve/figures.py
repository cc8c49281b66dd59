"""What a service counts beside its requests: questions, events, items, models."""

from __future__ import annotations

from collections.abc import Iterable

from .edge import Metrics

QUESTIONS = (1, 2, 4, 8, 16, 32, 64, 128)
"""Bounds of the buckets for questions of one call."""


class Figures:
    """The figures of one process; tenants are counted together.

    Args:
        metrics: where they are shown.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
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
        self._model = metrics.gauge("model_info", "1 for the model that answers.", ("version",))
        self._version = ""

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

    def stands(self, version: str, waiting: int, items: dict[str, int]) -> None:
        """How it is now; called now and then."""
        self._waiting.set(waiting)
        for state, count in items.items():
            self._items.labels(state).set(count)
        if version != self._version:
            if self._version:
                self._swaps.inc()
                self._model.labels(self._version).set(0)
            self._model.labels(version).set(1)
            self._version = version
