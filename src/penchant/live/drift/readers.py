"""What an event says: each reader puts it into one of a few bins."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from zlib import crc32

import numpy as np

from penchant.metrics import bin_of, quantile_cuts
from penchant.store.log import FUTURE, EventStored

from .facts import SCRIPTS, Item

MOST_LABELS, MOST_WORDS, MOST_ITEMS, MOST_VALUES = 19, 50_000, 50_000, 5_000
LATE = 86_400.0
"""Seconds after which an event is told late."""

Bins = Iterable[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Seen:
    """An event, and what is known besides.

    Attributes:
        stored: the event as the log has it.
        item: what is known of its item; None where nothing is.
        again: whether the same user did just that to the same item right before.
        recent: hashes of the items that users of earlier blocks chose, newest last.
    """

    stored: EventStored
    item: Item | None
    again: bool
    recent: Sequence[int]


class Reader(Protocol):
    """Puts what it is told of into bins.

    Attributes:
        name: of the signal.
        memory: what it has learned, in JSON values; ``bins`` among it, the names of the bins.
        exclusive: whether the shares of one observation sum to 1.
    """

    name: str
    memory: dict[str, Any]
    exclusive: bool

    def learn(self, seen: Any) -> None:
        """Take in an observation before the bins are fixed."""
        ...

    def settle(self) -> None:
        """Fix the bins."""
        ...

    def read(self, seen: Any) -> Bins:
        """The bins of an observation, with its share in each."""
        ...


class Labels:
    """The most frequent labels, and one bin for all others."""

    exclusive = True

    def __init__(self, name: str, of: Callable[[Seen], Sequence[str]]) -> None:
        self.name, self._of = name, of
        self.memory: dict[str, Any] = {"counts": {}}

    def learn(self, seen: Seen) -> None:
        """Count its labels."""
        counts = self.memory["counts"]
        for label in self._of(seen):
            if label in counts or len(counts) < 100 * MOST_LABELS:
                counts[label] = counts.get(label, 0) + 1

    def settle(self) -> None:
        """The most frequent ones, and ``others``."""
        counts = Counter(self.memory.pop("counts"))
        chosen = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_LABELS]
        self.memory["bins"] = [*(label for label, _ in chosen), "others", "none"]

    def read(self, seen: Seen) -> Bins:
        """Each label has an equal share."""
        bins, labels = self.memory["bins"], self._of(seen)
        if not labels:
            return [(len(bins) - 1, 1.0)]
        known = {label: place for place, label in enumerate(bins[:-2])}
        return [(known.get(label, len(bins) - 2), 1 / len(labels)) for label in labels]


class Words:
    """Whether the words of a text were met while learning, and if not in which script they are."""

    exclusive = True

    def __init__(self, name: str = "words") -> None:
        self.name = name
        self.memory: dict[str, Any] = {"words": []}
        self._known: set[int] | None = None

    def learn(self, item: Item | None) -> None:
        """Its words are known from now on."""
        known = self._words()
        for word, _ in item.words if item is not None else ():
            if len(known) < MOST_WORDS:
                known.add(crc32(word.encode()))

    def settle(self) -> None:
        """Known, new by script, no text."""
        self.memory["words"] = sorted(self._words())
        scripts = [f"unknown words, {script}" for script in SCRIPTS]
        self.memory["bins"] = ["known words", *scripts, "no words"]

    def read(self, item: Item | None) -> Bins:
        """Each word has an equal share."""
        if item is None or not item.words:
            return [(len(SCRIPTS) + 1, 1.0)]
        known, share = self._words(), 1 / len(item.words)
        return [
            (0 if crc32(word.encode()) in known else 1 + SCRIPTS.index(script), share)
            for word, script in item.words
        ]

    def _words(self) -> set[int]:
        if self._known is None:
            self._known = set(self.memory["words"])
        return self._known


class Popularity:
    """How often the item was chosen while learning."""

    name, exclusive = "popularity", True

    def __init__(self) -> None:
        self.memory: dict[str, Any] = {"counts": {}}

    def learn(self, seen: Seen) -> None:
        """Count its item, by a hash."""
        counts, key = self.memory["counts"], _key(seen)
        if key in counts or len(counts) < MOST_ITEMS:
            counts[key] = counts.get(key, 0) + 1

    def settle(self) -> None:
        """Never, once, 2 to 3 times, 4 to 7 times, ..."""
        tiers = [f"items chosen {2**n} to {2 ** (n + 1) - 1} times" for n in range(1, 7)]
        self.memory["bins"] = [
            "items not chosen before",
            "items chosen once",
            *tiers,
            "items above",
        ]

    def read(self, seen: Seen) -> Bins:
        """One tier."""
        return [(min(self.memory["counts"].get(_key(seen), 0).bit_length(), 8), 1.0)]


class Numbers:
    """Tenths of the reference's values, and none."""

    exclusive = True

    def __init__(self, name: str, of: Callable[[Any], float | None]) -> None:
        self.name, self._of = name, of
        self.memory: dict[str, Any] = {"sample": [], "met": 0}

    def learn(self, seen: Any) -> None:
        """Keep it, the first so many."""
        value = self._of(seen)
        if value is not None and math.isfinite(value) and len(self.memory["sample"]) < MOST_VALUES:
            self.memory["sample"].append(float(value))

    def settle(self) -> None:
        """Bounds that share the sample out evenly."""
        cuts = quantile_cuts(np.array(self.memory.pop("sample"))).tolist()
        self.memory["cuts"] = cuts
        names = [f"up to {cut:.4g}" for cut in cuts] + [f"over {cuts[-1]:.4g}" if cuts else "any"]
        self.memory["bins"] = [*names, "no value"]

    def read(self, seen: Any) -> Bins:
        """One bin."""
        value = self._of(seen)
        if value is None or not math.isfinite(value):
            return [(len(self.memory["bins"]) - 1, 1.0)]
        return [(bin_of(value, np.array(self.memory["cuts"])), 1.0)]


class Flags:
    """Some things that are so or not, each by itself."""

    exclusive = False

    def __init__(self, name: str, flags: Mapping[str, Callable[[Any], bool]]) -> None:
        self.name, self._flags = name, flags
        self.memory: dict[str, Any] = {}

    def learn(self, seen: Any) -> None:
        """Nothing is to be learned."""

    def settle(self) -> None:
        """Their names."""
        self.memory["bins"] = list(self._flags)

    def read(self, seen: Any) -> Bins:
        """Those that are so."""
        return [(place, 1.0) for place, flag in enumerate(self._flags.values()) if flag(seen)]


def of_events() -> list[Reader]:
    """What is read of each event."""
    return [
        Labels("kinds", lambda seen: [seen.stored.event.event]),
        Labels("categories", lambda seen: () if seen.item is None else seen.item.categories),
        Popularity(),
        Flags(
            "concentration",
            {
                "choices that one of the last 64 users made too": lambda seen: _alike(seen) > 0,
                "choices that four of the last 64 users made too": lambda seen: _alike(seen) > 3,
            },
        ),
        Numbers("values", lambda seen: seen.stored.event.value),
        Flags(
            "feed",
            {
                "events with unknown items": lambda seen: seen.item is None,
                "events told over a day late": _is_late,
                "events with a clock ahead": lambda seen: _ahead(seen) > FUTURE,
                "events told twice": lambda seen: seen.again,
            },
        ),
    ]


def visits() -> Reader:
    """Whether a user has a great many events in a block."""
    return Flags("visits", {"users with over a hundred events at once": lambda count: count > 100})


def busiest() -> Reader:
    """Whether the busiest user of a block is that of the one before."""
    return Flags("busiest user", {"blocks with the busiest user of the block before": bool})


def _key(seen: Seen) -> str:
    return format(crc32(seen.stored.event.item_id.encode("utf-8", "replace")), "x")


def _alike(seen: Seen) -> int:
    return seen.recent.count(crc32(seen.stored.event.item_id.encode("utf-8", "replace")))


def _ahead(seen: Seen) -> float:
    return seen.stored.event.event_time - seen.stored.received_at


def _is_late(seen: Seen) -> bool:
    return _ahead(seen) < -LATE
