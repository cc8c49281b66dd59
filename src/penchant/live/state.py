"""What the log says, folded: the same for any order of arrival, any duplication, any batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from penchant.core import UsageError
from penchant.store.log import Change, EventStored, ItemPut, UserErased

from .erased import Erased
from .history import History, Kept
from .popularity import COUNTER, Popularity
from .residents import Residents


@dataclass(frozen=True)
class LiveConfig:
    """How much is kept of what users do."""

    keep: int = 200
    """Newest events kept of each user, those that the model was trained on included."""

    memory_mb: int = 512
    """Megabytes for the users' events; who was not heard of for longest is read from the log again.
    What is popular may take as much again, and who made it so half of that."""

    half_life_days: float = 7.0
    """Days after which an event counts half for what is popular."""

    weights: dict[str, float] = field(default_factory=dict)
    """How much an event of a kind counts for what is popular, such as ``{"purchase": 5}``; 1 where
    it is not listed, 0 for not at all."""

    repeats: int = 20
    """Events as which one user's events on one item count at most for what is popular within a
    half-life, so that nobody makes an item popular alone; 0 for no bound."""

    def __post_init__(self) -> None:
        if self.repeats < 0:
            raise UsageError(f"repeats must be 0 or more, got {self.repeats}.")
        if self.keep < 1 or self.memory_mb < 1:
            raise UsageError(
                f"keep and memory_mb must be at least 1, got {self.keep} and {self.memory_mb}."
            )
        if not 0 < self.half_life_days < float("inf"):
            raise UsageError(f"half_life_days must be above 0, got {self.half_life_days}.")
        for kind, weight in self.weights.items():
            if not 0 <= weight < float("inf"):
                raise UsageError(f"weights: {kind!r} counts {weight}; give 0 or more.")


class State:
    """Everything that following the log has told so far.

    Attributes:
        config: how much is kept.
        cursor: ``seq`` up to which the log was followed.
        clean: ``seq`` up to which erasures concern nobody here: the log no longer had their events
            when this state began to read.
        users: histories.
        popularity: counters of items.
        items: ``seq`` of the last put of each item that was put.
        withdrawn: items whose last put says that they are not available.
        erased: who was erased.
        recount: ``seq`` up to which ``popularity`` must be counted again, as not all events of
            somebody erased were here to be taken out of it, or it had forgotten how much they
            counted; 0 where it need not.
        clamped: events whose time was too far in the future.
        mark: seq and moment of receipt of the last change, to recognise the log by; None before it.
    """

    def __init__(self, config: LiveConfig, clean: int = 0) -> None:
        self.config = config
        self.cursor = 0
        self.clean = clean
        self.users = Residents(config.memory_mb << 20)
        counters = (config.memory_mb << 20) // COUNTER
        half_life = config.half_life_days * 86_400.0
        self.popularity = Popularity(half_life, config.weights, counters, config.repeats)
        self.items: dict[str, int] = {}
        self.withdrawn: set[str] = set()
        self.erased = Erased()
        self.recount = 0
        self.clamped = 0
        self.mark: tuple[int, float] | None = None

    def fold(self, changes: Sequence[Change]) -> None:
        """Follow the log a step further; what was folded before changes nothing.

        Args:
            changes: as ``Log.changes`` tells them, ascending.
        """
        fresh = [change for change in changes if change.seq > self.cursor]
        erasures = [change for change in fresh if isinstance(change, UserErased)]
        now_erased = Erased.of(erasures)
        if erasures:
            self._erase(erasures)
        for change in fresh:
            if isinstance(change, EventStored):
                if not erasures or change.seq > now_erased.at(change.event.user_id):
                    self._event(change)
            elif isinstance(change, ItemPut):
                self._item(change)
        if fresh:
            self.cursor = fresh[-1].seq
            self.mark = fresh[-1].seq, fresh[-1].received_at

    def erased_at(self, user_id: str) -> int:
        """``seq`` of the last erasure of a user, 0 for one who never was erased."""
        return self.erased.at(user_id)

    def _event(self, stored: EventStored) -> None:
        event = kept_of(stored)
        user_id = stored.event.user_id
        self.clamped += event.time < stored.event.event_time
        self.popularity.add(event.item_id, event.time, event.kind, user_id=user_id)
        history = self.users.get(user_id)
        if history is None:
            if not self.users.complete:
                return  # read from the log when somebody asks
            history = History()
        self.users.put(user_id, history.with_event(event, self.config.keep))

    def _item(self, put: ItemPut) -> None:
        self.items[put.item_id] = put.seq
        if put.is_withdrawn:
            self.withdrawn.add(put.item_id)
        else:
            self.withdrawn.discard(put.item_id)

    def _erase(self, erasures: Sequence[UserErased]) -> None:
        self.erased.add(Erased.of(erasures))
        late = Erased.of(one for one in erasures if one.seq > self.clean)
        if not late:
            return
        left = late.seqs()
        for user_id, key in late.found_in(self.users).items():
            history = self.users.pop(user_id)
            seq = left.pop(key)
            if history is None or len(history) >= self.config.keep:
                self.recount = max(self.recount, seq)
                continue
            for event in history:
                if not self.popularity.add(event.item_id, event.time, event.kind, -1, user_id):
                    self.recount = max(self.recount, seq)
        if left and not self.users.complete:  # somebody who was let go
            self.recount = max(self.recount, *left.values())


def kept_of(stored: EventStored) -> Kept:
    """What is kept of an event; a time in the future is not believed, as the log has it."""
    event = stored.event
    return Kept(float(stored.time), event.event_id, event.item_id, event.event, stored.seq)
