"""What a look at the log came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from penchant.lab.gate import Verdict

Did = Literal["waiting", "promoted", "refused", "undecided", "judged", "rolled back"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done.

    Attributes:
        did: ``waiting`` for more events, ``promoted``, ``refused``, ``undecided`` (the candidate was
            neither shown good nor bad), ``judged`` only, as a trial, ``rolled back``.
        version: that it was done with: the candidate, or the model that answers again; ``""`` while
            waiting.
        how: ``update`` or ``retune``; ``""`` where nothing was learned.
        events: new events that were there.
        why: in words.
        disbelieved: how many users' events were not believed, by the reason; see ``penchant.live.trust``.
        verdict: of the gate, where there was one.
        seconds: that each step took.
    """

    did: Did
    version: str = ""
    how: str = ""
    events: int = 0
    why: str = ""
    verdict: Verdict | None = None
    disbelieved: Mapping[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """One plain document."""
        return {
            "did": self.did,
            "version": self.version,
            "how": self.how,
            "events": self.events,
            "why": self.why,
            "disbelieved": dict(self.disbelieved),
            "verdict": None if self.verdict is None else self.verdict.to_json(),
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        if self.did == "waiting":
            return f"waiting: {self.why}"
        head = f"{self.did} {self.version}".strip()
        how = f" ({self.how} on {self.events:,} new events)" if self.how else ""
        left = ", ".join(f"{count:,} {reason}" for reason, count in self.disbelieved.items())
        told = f"{head}{how}" + (f", weighing down {left} users" if left else "")
        return f"{told}: {self.why}" if self.why else told
