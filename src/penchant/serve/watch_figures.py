"""Figures of quality and drift, all tenants together."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from penchant.live.drift import REMEDIES
from penchant.live.quality import Count, Quality

from .edge import Metrics


@dataclass(frozen=True, slots=True)
class Watched:
    """What was found out about one tenant's service.

    Attributes:
        counts: impressions, clicks and conversions by place and version, a bounded number.
        quality: of the newest lists.
        alerts: open ones, by signal.
        psi: population stability index of the newest window, by signal.
    """

    counts: Mapping[tuple[str, str], Count] = field(default_factory=dict)
    quality: Quality = field(default_factory=lambda: Quality({}, {}, {}))
    alerts: Mapping[str, int] = field(default_factory=dict)
    psi: Mapping[str, float] = field(default_factory=dict)


class WatchFigures:
    """Gauges of what is watched; one process of a service sets them. Thread-safe.

    Args:
        metrics: where they are shown.

    Attributes:
        took_effect: hears of the seconds from the receipt of an event until lists know of it.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._lock = threading.Lock()
        self._of: dict[str, Watched] = {}
        gauge = metrics.gauge
        by_place = ("position", "version")
        self._clicks = gauge("click_ratio", "Impressions that were clicked, of all.", by_place)
        self._conversions = gauge(
            "conversion_ratio", "Impressions that led to a purchase or the like, of all.", by_place
        )
        self._shown = gauge(
            "judged_impressions", "Impressions of late behind these ratios.", by_place
        )
        self._hits = gauge(
            "prequential_hit_ratio", "HR@10 of lists before the event was learned.", ("list",)
        )
        self._gains = gauge("prequential_ndcg", "NDCG@10 of the same.", ("list",))
        self._lists = gauge("prequential_lists", "Lists behind these figures.", ("list",))
        self._looks = {
            "coverage": gauge("list_coverage_ratio", "Share of the catalogue in those lists."),
            "novelty": gauge("list_novelty_bits", "Mean self-information of their items."),
            "cold": gauge("list_cold_ratio", "Share of their items without a training event."),
            "repeats": gauge("list_repeat_ratio", "Share that the user's list before had too."),
            "empty": gauge("list_empty_ratio", "Share of the lists that hold nothing."),
        }
        self._alerts = gauge("drift_alerts", "Changes that are not over, by signal.", ("signal",))
        self._psi = gauge(
            "drift_psi_ratio", "Population stability index of the newest window.", ("signal",)
        )
        for signal in REMEDIES:
            self._alerts.labels(signal)
        self._effect = metrics.histogram(
            "event_effect_seconds", "From the receipt of an event until lists know of it."
        )
        self.took_effect = self._effect.observe

    def tell(self, tenant: str, now: Watched) -> None:
        """What was found out about a tenant's service; called now and then."""
        with self._lock:
            self._of[tenant] = now
            self._show(list(self._of.values()))

    def _show(self, of_all: Iterable[Watched]) -> None:
        every = list(of_all)
        counts: defaultdict[tuple[str, str], Count] = defaultdict(Count)
        for key, one in ((key, one) for each in every for key, one in each.counts.items()):
            counts[key].shown += one.shown
            counts[key].clicked += one.clicked
            counts[key].converted += one.converted
        for gauge in (self._clicks, self._conversions, self._shown):
            gauge.clear()  # models that are gone
        for key, one in counts.items():
            self._shown.labels(*key).set(one.shown)
            self._clicks.labels(*key).set(one.clicked / one.shown if one.shown else 0.0)
            self._conversions.labels(*key).set(one.converted / one.shown if one.shown else 0.0)
        self._show_lists([each.quality for each in every])
        for signal in {name for each in every for name in each.alerts} | REMEDIES.keys():
            self._alerts.labels(signal).set(sum(each.alerts.get(signal, 0) for each in every))
        self._psi.clear()  # signals that began anew with another model
        for signal in {name for each in every for name in each.psi}:
            self._psi.labels(signal).set(max(each.psi.get(signal, 0.0) for each in every))

    def _show_lists(self, every: list[Quality]) -> None:
        for source in {name for one in every for name in one.lists}:
            lists = sum(one.lists.get(source, 0) for one in every)
            self._lists.labels(source).set(lists)
            own = [one.lists.get(source, 0) for one in every]
            self._hits.labels(source).set(_mean(own, [one.hits.get(source, 0) for one in every]))
            self._gains.labels(source).set(_mean(own, [one.gains.get(source, 0) for one in every]))
        weights = [sum(one.lists.values()) for one in every]
        for name, gauge in self._looks.items():
            gauge.set(_mean(weights, [getattr(one, name) for one in every]))


def _mean(weights: list[int], values: list[float]) -> float:
    """The mean over tenants, each by the number of its lists."""
    total = sum(weights)
    pairs = zip(weights, values, strict=True)
    return sum(weight * value for weight, value in pairs) / total if total else 0.0
