"""What is said when something has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

REMEDIES = {
    "kinds": "Check the feed: does every sender still name its events so? If people do act so now, "
    "re-tune.",
    "categories": "Re-tune on what came since: penchant export-events, then fit.",
    "popularity": "If it is a fashion, re-tune; if one client does it, look at its key.",
    "concentration": "One thing is chosen by many: if it is a fashion, re-tune; if one client does "
    "it, look at its key.",
    "words": "Pre-train on the new text (penchant pretrain), then re-tune; or check the feed, if it "
    "is no language that you sell in.",
    "words put": "Pre-train on the new text (penchant pretrain), then re-tune; or check what puts "
    "the items.",
    "values": "Check the feed: is the value still filled, and on the same scale? If people do judge "
    "so now, re-tune.",
    "feed": "Check the feed: ids, clocks and repeated events of the newest sender.",
    "visits": "Check the feed: do all events name their own user? A crawler looks like this too.",
    "busiest user": "Check the feed: does a sender give all users one id? Or look at the key of a "
    "crawler.",
    "clicks": "People click on more or fewer lists: roll back if a model is new, look at the page "
    "that shows them, re-tune.",
    "scores": "Scores of this model are not what they were at first: re-tune.",
    "hits": "Lists of this model hold less of what people choose than at first: re-tune.",
}
"""What to do, by signal."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something has changed for good.

    Attributes:
        signal: what is watched, such as ``categories``.
        what: which share, of the reference and since the change.
        do: what to do about it.
        since_seq: number in the log of about the first event after the change.
        since: its time, seconds since 1970 (UTC).
        found_seq: number of the event at which it was certain.
        found: its time.
        psi: population stability index of the newest window; from 0.25 on a different population.
        evidence: natural logarithm of the e-value; at least
            ``ln(2 * signals / alpha)``.
        over: when the newest window was like the reference again; None as long as it is not.
    """

    signal: str
    what: str
    do: str
    since_seq: int
    since: float
    found_seq: int
    found: float
    psi: float
    evidence: float
    over: float | None = None

    def __str__(self) -> str:
        end = "" if self.over is None else f", over at {moment(self.over)}"
        return (
            f"{self.signal}: {self.what} since {moment(self.since)} (seq {self.since_seq:,}){end}; "
            f"PSI {self.psi:.2f}. {self.do}"
        )

    def ended(self, time: float) -> Alert:
        """The same, over at some time."""
        return replace(self, over=time)

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """What ``to_json`` told."""
        return cls(**told)


def moment(time: float) -> str:
    """A time as people read it.

    >>> moment(1_767_225_600.0)
    '2026-01-01 00:00 UTC'
    """
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M UTC")
