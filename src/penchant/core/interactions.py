"""Who did what, when: the events that a model learns from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .ids import IdMap
from .sequences import Sequences


@dataclass(frozen=True, slots=True)
class Interactions:
    """All events, one row of ``events`` a user, oldest first.

    Attributes:
        users: external ids of the rows.
        items: external ids of the item codes: the whole catalogue, items without events included.
        events: the events themselves; ``len(events) == len(users)``.
        kinds: names of the kinds of event (``events.kind`` points here).
        timed: whether ``events.time`` holds seconds (True) or positions (False).
    """

    users: IdMap
    items: IdMap
    events: Sequences
    kinds: tuple[str, ...] = ("event",)
    timed: bool = False

    def __len__(self) -> int:
        return len(self.events.item)

    def counts(self) -> NDArray[np.int64]:
        """Events of each item, (items,)."""
        return np.bincount(self.events.item, minlength=len(self.items)).astype(np.int64)

    def with_events(self, events: Sequences) -> Interactions:
        """The same users and items with other events (as many rows)."""
        return replace(self, events=events)

    @property
    def digest(self) -> str:
        """A SHA-256 over users, items and events (hex): the name of exactly this data.

        Values are left out: what models read of them is in the weights.
        """
        digest = hashlib.sha256(f"{self.users.digest} {self.items.digest} {self.timed}".encode())
        for part in (self.events.indptr, self.events.item, self.events.time, self.events.weight):
            digest.update(np.ascontiguousarray(part).tobytes())
        if len(self.kinds) > 1:  # a single kind says nothing
            digest.update("\x1f".join(self.kinds).encode() + self.events.kind.tobytes())
        return digest.hexdigest()
