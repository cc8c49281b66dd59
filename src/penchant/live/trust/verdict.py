"""What is believed of some interactions, and why not the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import IdMap, Interactions

from .config import TrustConfig
from .floods import crowded, repeated, too_fast
from .injected import injected
from .profiles import Profiles


@dataclass(frozen=True, slots=True)
class Suspect:
    """Somebody whose events are weighed down or left out.

    Attributes:
        user_id: external id.
        reason: ``injected``, ``repeated``, ``too-fast`` or ``crowd``.
        about: the id of the item it is about; "" where it is about no item.
        weight: what their events on that item, or all their events, weigh; 0 for left out.
        evidence: in words, with the figures.
    """

    user_id: str
    reason: str
    about: str
    weight: float
    evidence: str

    def to_json(self) -> Mapping[str, Any]:
        """The attributes by name."""
        return {
            "user": self.user_id,
            "reason": self.reason,
            "item": self.about,
            "weight": self.weight,
            "evidence": self.evidence,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """A weight for each event, and who lost some.

    Attributes:
        weights: how much of each event is believed, (events,) float64 in [0, 1].
        suspects: who lost weight, and why; in the order of the reasons, then of the users.
        users: number of users with events.
    """

    weights: NDArray[np.float64]
    suspects: tuple[Suspect, ...]
    users: int

    @property
    def quarantined(self) -> tuple[str, ...]:
        """Users all of whose events are left out."""
        return tuple(dict.fromkeys(s.user_id for s in self.suspects if s.reason == "injected"))

    @property
    def pushed(self) -> tuple[str, ...]:
        """Items that were pushed by the users left out, strongest first."""
        return tuple(dict.fromkeys(s.about for s in self.suspects if s.reason == "injected"))

    def to_json(self) -> Mapping[str, Any]:
        """Counts and the table of suspects."""
        return {
            "users": self.users,
            "quarantined": len(self.quarantined),
            "pushed": list(self.pushed),
            "events": len(self.weights),
            "events left out": int((self.weights == 0).sum()),
            "events weighed down": int(((self.weights > 0) & (self.weights < 1)).sum()),
            "suspects": [one.to_json() for one in self.suspects],
        }


def judge(interactions: Interactions, config: TrustConfig | None = None) -> Verdict:
    """Say how much of each event is believed, before a model learns from it.

    Deterministic. 50,000 users with 440,000 events take some seconds on one core
    (``bench/shilling/result.json``).

    Args:
        interactions: events with their users.
        config: the thresholds.
    """
    config = config or TrustConfig()
    events, users, items = interactions.events, interactions.users, interactions.items
    weights = repeated(events, config.repeats)
    suspects = _repeaters(interactions, weights, config.repeats)
    if interactions.timed:
        late = too_fast(events, config.rate)
        weights[late] = 0.0
        count = np.bincount(events.row[late], minlength=len(events))
        suspects += [
            Suspect(
                users.name(row),
                "too-fast",
                "",
                0.0,
                f"{count[row]:,} events came after {config.rate:,} others within an hour",
            )
            for row in np.flatnonzero(count).tolist()
        ]
    profiles = Profiles.of(events, len(items))
    if config.thin:
        suspects += _crowds(profiles, weights, interactions, config.thin)
    for one in injected(events, len(items), config) if config.injected else ():
        weights[np.isin(events.row, one.users)] = 0.0
        told = (
            f"one of {len(one.users)} raters who push it together: evidence e^{one.evidence:.1f}, "
            f"about {one.share:.0%} of its raters"
        )
        suspects += [
            Suspect(
                users.name(row),
                "injected",
                items.name(one.item),
                0.0,
                f"{told}; probability {p:.2f}",
            )
            for row, p in zip(one.users.tolist(), one.posterior.tolist(), strict=True)
        ]
    return Verdict(weights, tuple(suspects), int((events.lengths > 0).sum()))


def _repeaters(made: Interactions, weights: NDArray[np.float64], most: int) -> list[Suspect]:
    less = np.flatnonzero(weights < 1.0)
    key = made.events.row[less].astype(np.int64) * max(len(made.items), 1) + made.events.item[less]
    found, first, count = np.unique(key, return_index=True, return_counts=True)
    return [
        Suspect(
            made.users.name(pair // len(made.items)),
            "repeated",
            made.items.name(pair % len(made.items)),
            float(weights[less[at]]),
            f"{many:,} events on the item; they count as {most:,}",
        )
        for pair, at, many in zip(found.tolist(), first.tolist(), count.tolist(), strict=True)
    ]


def _crowds(
    profiles: Profiles, weights: NDArray[np.float64], made: Interactions, most: int
) -> list[Suspect]:
    """Weigh crowds down; a suspect for each of their users."""
    items: IdMap = made.items
    thin = (profiles.lengths > 0) & (profiles.lengths <= most)
    if not thin.any():
        return []
    by_item, crowd = crowded(profiles.row, profiles.item, thin, profiles.items)
    events = made.events
    hit = thin[events.row] & (by_item[events.item] < 1.0)
    weights[hit] *= by_item[events.item[hit]]
    key = np.unique(events.row[hit].astype(np.int64) * len(items) + events.item[hit])
    return [
        Suspect(
            made.users.name(pair // len(items)),
            "crowd",
            items.name(pair % len(items)),
            float(by_item[pair % len(items)]),
            f"one of {crowd[pair % len(items)]:,} users with at most {most} items who chose it",
        )
        for pair in key.tolist()
    ]
