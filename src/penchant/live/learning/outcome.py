"""What a look at the log came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from penchant.lab.gate import Verdict

Did = Literal["waiting", "promoted", "refused", "undecided", "rolled back"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done.

    Attributes:
        did: ``waiting`` for more events, ``promoted``, ``refused``, ``undecided`` (the candidate was
            neither shown good nor bad), ``rolled back``.
        version: that it was done with: the candidate, or the model that answers again; ``""`` while
            waiting.
        how: ``update`` or ``retune``; ``""`` where nothing was learned.
        events: new events that were there.
        why: in words.
        verdict: of the gate, where there was one.
        seconds: that each step took.
    """

    did: Did
    version: str = ""
    how: str = ""
    events: int = 0
    why: str = ""
    verdict: Verdict | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """One plain document."""
        return {
            "did": self.did,
            "version": self.version,
            "how": self.how,
            "events": self.events,
            "why": self.why,
            "verdict": None if self.verdict is None else self.verdict.to_json(),
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        if self.did == "waiting":
            return f"waiting: {self.why}"
        head = f"{self.did} {self.version}".strip()
        how = f" ({self.how} on {self.events:,} new events)" if self.how else ""
        return f"{head}{how}: {self.why}" if self.why else f"{head}{how}"
