"""Which old histories are learned from again beside the new ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from penchant.core import Sequences
from penchant.tune.batches import windows


@dataclass(frozen=True, slots=True)
class Replay:
    """Old histories to draw from; every row is as likely as any other.

    Attributes:
        rows: histories of at least two events, each event but the first to be predicted again.
    """

    rows: Sequences

    def draw(self, examples: int, rng: np.random.Generator) -> Sequences:
        """Rows at random until they hold so many events to predict, or one row more.

        No row comes twice before each has come once.

        Args:
            examples: events to predict; 0 draws nothing.
            rng: moves on by one permutation for each round through the rows.
        """
        size = self.rows.lengths - 1
        taken: list[NDArray[np.int64]] = []
        left = examples if len(self.rows) else 0
        while left > 0:
            order = rng.permutation(len(self.rows))
            reached = np.cumsum(size[order])
            most = int(np.searchsorted(reached, left)) + 1
            taken.append(order[:most])
            left -= int(reached[min(most, len(order)) - 1])
        return self.rows[np.concatenate(taken) if taken else np.zeros(0, np.int64)]


def replay_of(
    old: Sequences,
    length: int,
    way: Literal["users", "events", "reservoir"] = "users",
    size: int = 10_000,
    rng: np.random.Generator | None = None,
) -> Replay:
    """What is drawn from in replay.

    Args:
        old: the old events, one row a user, oldest first.
        length: most events of a history, the first of them only read.
        way: ``users`` draws users alike, and of each the newest events; ``events`` draws all events
            alike, so that busy users count for more; ``reservoir`` keeps ``size`` histories at
            random for all epochs (see :class:`Reservoir`), as where the old events are gone.
        size: histories in the reservoir.
        rng: of the reservoir.
    """
    if way == "users":
        newest = old.last(length)
        return Replay(newest[newest.lengths >= 2])
    rows = windows(old, length)
    if way == "reservoir":
        kept = Reservoir(size, rng or np.random.default_rng(0))
        kept.see(len(rows))
        rows = rows[np.sort(kept.chosen)]
    return Replay(rows)


class Reservoir:
    """So many of the things that came by, each with the same chance, however many come.

    Source: J. S. Vitter, "Random Sampling with a Reservoir" (Algorithm R), ACM Transactions on
    Mathematical Software, 1985.

    Attributes:
        seen: things that have come by.
        chosen: the numbers of those that are kept, (at most size,) int64, in no order.
    """

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        """Args: size: things kept at most; rng: decides."""
        self.seen = 0
        self.chosen: NDArray[np.int64] = np.zeros(0, np.int64)
        self._size = size
        self._rng = rng

    def see(self, count: int) -> None:
        """So many more come by; whoever keeps the things asks ``chosen`` which to keep."""
        first = min(max(self._size - self.seen, 0), count)
        self.chosen = np.concatenate([self.chosen, self.seen + np.arange(first)])
        numbers = np.arange(self.seen + first, self.seen + count)  # of those that must find a place
        places = (self._rng.random(len(numbers)) * (numbers + 1)).astype(np.int64)
        for number, place in zip(
            numbers[places < self._size], places[places < self._size], strict=True
        ):
            self.chosen[place] = number
        self.seen += count

    def state_dict(self) -> dict[str, Any]:
        """Where it stands, for a checkpoint."""
        rng = self._rng.bit_generator.state
        return {"seen": self.seen, "chosen": self.chosen, "rng": rng}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.seen, self.chosen = state["seen"], state["chosen"].copy()
        self._rng.bit_generator.state = state["rng"]
