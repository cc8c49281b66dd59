"""What is watched of a log: what people do, and the text of the items that are put."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from zlib import crc32

from penchant.store.log import Change, EventStored, ItemPut

from .alert import Alert
from .config import DriftConfig
from .facts import Facts, Item
from .group import Group
from .lists import OF_LISTS
from .readers import Seen, Words, busiest, of_events, visits

RECENT = 64
"""First choices of the users of earlier blocks that a choice is compared with."""

OF_EVENTS = 9
"""Signals of the events; with those of items put and of lists, ``alpha`` is shared out over them."""

SIGNALS = OF_EVENTS + 1 + OF_LISTS


class Watch(Protocol):
    """Looks at the changes of a log, one after the other, and says what has changed for good.

    Attributes:
        name: what it watches.
    """

    name: str

    def look(self, change: Change) -> bool:
        """Look at a change; whether a block ended with it."""
        ...

    def alerts(self) -> tuple[Alert, ...]:
        """All alerts that are kept."""
        ...


class EventWatch:
    """Watches what people do.

    A user who does a lot is no sample: what one does depends on what one did. So a block ends with
    its twentieth user, and each counts once in it, with the mean of their events. Nothing of a user
    is kept beyond the block. A block begins a minute after the last one at the earliest: a busy
    service is sampled, at no cost worth speaking of.

    Args:
        facts: of the items.
        config: sizes.
    """

    name = "events"

    def __init__(self, facts: Facts, config: DriftConfig) -> None:
        self._facts, self._config = facts, config
        alpha = config.alpha / SIGNALS
        plain = of_events()
        self._plain = len(plain)
        self.group = Group([*plain, Words(), visits(), busiest()], config, alpha)
        self._users: dict[str, list[Seen]] = {}
        self._events = 0
        self._began = (0, 0.0)
        self._recent: deque[int] = deque(maxlen=RECENT)
        self._busiest = -1

    @property
    def is_between(self) -> bool:
        """Whether no block is open, so that nothing of anybody is held."""
        return not self._events

    def look(self, change: Change) -> bool:
        """Look at an event; other changes are not for it."""
        if not isinstance(change, EventStored):
            return False
        event = change.event
        if not self._events:
            if 0 <= change.received_at - self._began[1] < self._config.every:
                return False
            self._began = change.seq, change.received_at
        mine = self._users.setdefault(event.user_id, [])
        last = mine[-1].stored.event if mine else None
        again = last is not None and (last.item_id, last.event, last.event_time) == (
            event.item_id,
            event.event,
            event.event_time,
        )
        mine.append(Seen(change, self._facts(event.item_id), again, self._recent))
        self._events += 1
        if len(self._users) < self._config.users and self._events < self._config.events:
            return False
        self._end((change.seq, change.received_at))
        return True

    def alerts(self) -> tuple[Alert, ...]:
        """All alerts that are kept."""
        return self.group.alerts()

    def to_json(self) -> dict[str, Any]:
        """Everything, to go on exactly; between two blocks only."""
        group, recent = self.group.to_json(), list(self._recent)
        told = {"group": group, "recent": recent, "busiest": self._busiest}
        return told | {"began": self._began}

    def restore(self, told: Mapping[str, Any]) -> None:
        """Go on from what ``to_json`` told."""
        self.group.restore(told["group"])
        self._recent.extend(told["recent"])
        self._busiest = told["busiest"]
        self._began = (int(told["began"][0]), float(told["began"][1]))

    def _end(self, ends: tuple[int, float]) -> None:
        users = list(self._users.values())
        items = [[seen.item for seen in unit] for unit in users]
        lengths = [[len(unit)] for unit in users]
        most = max(self._users, key=lambda user_id: len(self._users[user_id]))
        mark = crc32(most.encode("utf-8", "replace")) & 0xFFFF  # tells nobody who it was
        same = [[mark == self._busiest]]
        blocks: list[Sequence[Sequence[Any]]] = [*[users] * self._plain, items, lengths, same]
        self._busiest = mark
        self.group.tell(blocks, self._began, ends)
        firsts = (unit[0].stored.event.item_id for unit in users)  # nobody counts twice
        self._recent.extend(crc32(item_id.encode("utf-8", "replace")) for item_id in firsts)
        self._users, self._events = {}, 0


class PutWatch:
    """Watches the text of items that are put: words and scripts that were not met before.

    Args:
        facts: of the items.
        config: sizes.
    """

    name = "items put"

    def __init__(self, facts: Facts, config: DriftConfig) -> None:
        self._facts, self._config = facts, config
        self.group = Group([Words("words put")], config, config.alpha / SIGNALS)
        self._items: list[Item] = []
        self._began = (0, 0.0)

    def look(self, change: Change) -> bool:
        """Look at an item that was put; other changes are not for it."""
        if not isinstance(change, ItemPut):
            return False
        self._facts.forget(change.item_id)
        if not self._items:
            self._began = change.seq, change.received_at
        self._items.append(self._facts.item(change.fields))
        if len(self._items) < self._config.users:
            return False
        ends = change.seq, change.received_at
        self.group.tell([[[item] for item in self._items]], self._began, ends)
        self._items = []
        return True

    def alerts(self) -> tuple[Alert, ...]:
        """All alerts that are kept."""
        return self.group.alerts()

    def to_json(self) -> dict[str, Any]:
        """Everything, to go on exactly."""
        items = [[item.words, item.categories] for item in self._items]
        return {"group": self.group.to_json(), "items": items, "began": self._began}

    def restore(self, told: Mapping[str, Any]) -> None:
        """Go on from what ``to_json`` told."""
        self.group.restore(told["group"])
        pairs = [((tuple(word) for word in words), names) for words, names in told["items"]]
        self._items = [Item(tuple(words), tuple(names)) for words, names in pairs]
        self._began = (int(told["began"][0]), float(told["began"][1]))
