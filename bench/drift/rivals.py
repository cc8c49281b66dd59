"""The detectors of river on the same shares: what they find, and how often they find nothing."""

from __future__ import annotations

from typing import Any

from streams import stored

from penchant.core import Event
from penchant.live.drift import DriftConfig, Facts, Signal
from penchant.live.drift.watches import EventWatch

Told = list[tuple[str, int, list[float]]]


def rivals(events: list[Event], items: dict[str, Any], at: int) -> dict[str, Any]:
    """Alarms of ADWIN and Page-Hinkley, one of each for each bin, before and after a moment.

    Empty where river is not installed.
    """
    try:
        from river.drift import ADWIN, PageHinkley
    except ImportError:
        return {}
    told = shares(events, items)
    return {rival.__name__: alarms(rival, told, at) for rival in (ADWIN, PageHinkley)}


def shares(events: list[Event], items: dict[str, Any]) -> Told:
    """Signal, seq and the shares of its bins, of each block."""
    watch = EventWatch(Facts(items.get), DriftConfig())
    told: Told = []

    def listen(signal: Signal) -> None:
        def tell(counts: Any, units: float, began: Any, ends: Any) -> None:
            told.append((signal.name, ends[0], (counts / units).tolist()))

        signal.tell, signal.begin = tell, lambda: None  # type: ignore[method-assign]

    for change in stored(events):
        learned = watch.group.learns
        watch.look(change)
        if learned and not watch.group.learns:
            for signal in watch.group.signals.values():
                listen(signal)
    return told


def alarms(rival: Any, told: Told, at: int) -> dict[str, Any]:
    """What one kind of detector says."""
    detectors: dict[tuple[str, int], Any] = {}
    found = []
    for name, seq, row in told:
        for place, value in enumerate(row):
            one = detectors.setdefault((name, place), rival())
            one.update(value)
            if one.drift_detected:
                found.append((seq, name))
    after = [(seq - at, name) for seq, name in found if seq > at]
    return {
        "alarms before": len(found) - len(after),
        "alarms after": len(after),
        "first after, events": after[0] if after else None,
    }
