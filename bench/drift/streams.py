"""Real events as quiet streams, and what can happen to one."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from penchant.core import Event
from penchant.store.log import Change, EventStored, ItemPut

START = 1_800_000_000.0
Fields = Mapping[str, object]


@dataclass
class Stream:
    """Events in the order in which they came, and the items they are about."""

    events: list[Event]
    items: dict[str, dict[str, object]]

    def permuted(self, seed: int, span: float = 30 * 86_400.0, pause: float = 1800.0) -> Stream:
        """The same users in another order: nothing changes any more, but everybody's own events.

        Each user begins at a moment drawn at random; within their visits time goes as it did, and
        a gap of over half an hour becomes a day or so. What would lie beyond the end of the stream
        is at its beginning, so that there are as many visits at once all the time.
        """
        draw = np.random.default_rng(seed)
        by_user: dict[str, list[Event]] = {}
        for event in self.events:
            by_user.setdefault(event.user_id, []).append(event)
        moved = []
        for own in by_user.values():
            now, last = START + span * draw.random(), None
            for event in own:
                gap = 0.0 if last is None else event.event_time - last
                last = event.event_time
                now += gap if gap <= pause else 86_400.0 * draw.exponential()
                moved.append(replace(event, event_time=START + (now - START) % span))
        moved.sort(key=lambda event: event.event_time)
        return Stream(moved, self.items)


class ListLog:
    """Changes in memory, as a log tells them."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.all = list(changes)

    def last_seq(self) -> int:
        """As of ``Log``."""
        return self.all[-1].seq if self.all else 0

    def changes(self, after: int = 0, limit: int = 10_000) -> list[Change]:
        """As of ``Log``."""
        return self.all[after : after + limit]  # numbered from 1 without gaps

    def events_of(self, user_id: str, limit: int = 100) -> list[EventStored]:
        """Nobody asks for them here."""
        raise NotImplementedError


def stored(
    events: Sequence[Event], puts: Mapping[int, Sequence[tuple[str, Fields]]] | None = None
) -> list[Change]:
    """Events as changes, each after the items put before it, received when the last one happened."""
    found: list[Change] = []
    now = 0.0
    for place, event in enumerate(events):
        now = max(now, event.event_time)
        for item_id, fields in (puts or {}).get(place, ()):
            found.append(ItemPut(len(found) + 1, now, item_id, fields))
        found.append(EventStored(len(found) + 1, now, event))
    return found


def movielens_1m(folder: Path) -> Stream:
    """ML-1M as of CoLLM, by time; genres by title from MovieLens latest-small."""
    genres = {
        row["title"]: row["genres"] for row in rows(folder / "ml-latest-small" / "movies.csv")
    }
    items = {}
    with gzip.open(folder / "ml-1m-ctr" / "items.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            items[row["item_id"]] = {"title": row["title"], "genres": genres.get(row["title"], "")}
    events = [
        Event(
            row["user_id"],
            row["item_id"],
            float(row["timestamp"]),
            event="rated",
            value=float(row["label"]),
        )
        for row in rows(folder / "ml-1m-ctr" / "impressions.csv.gz")
    ]
    return Stream(sorted(events, key=lambda event: event.event_time), items)


def movielens_small(folder: Path) -> Stream:
    """MovieLens latest-small, by time."""
    folder = folder / "ml-latest-small"
    items: dict[str, dict[str, object]] = {
        row["movieId"]: {"title": row["title"], "genres": row["genres"]}
        for row in rows(folder / "movies.csv")
    }
    events = [
        Event(
            row["userId"],
            row["movieId"],
            float(row["timestamp"]),
            event="rated",
            value=float(row["rating"]),
        )
        for row in rows(folder / "ratings.csv")
    ]
    return Stream(sorted(events, key=lambda event: event.event_time), items)


def amazon(folder: Path, name: str, most: int, seed: int) -> Stream:
    """Amazon reviews, which have an order and no times: ten minutes apart or so, so many events."""
    items = {}
    with gzip.open(folder / name / "items.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            items[row.pop("item_id")] = row
    by_user: dict[str, list[str]] = {}
    for row in rows(folder / name / "events.csv.gz"):
        by_user.setdefault(row["user_id"], []).append(row["item_id"])
    users = sorted(by_user)
    draw = np.random.default_rng(seed)
    draw.shuffle(users)
    events: list[Event] = []
    for user in users:
        if len(events) >= most:
            break
        now = START
        for item in by_user[user]:
            now += min(600.0 * draw.exponential(), 1790.0)  # within one visit
            events.append(Event(user, item, now, event="bought"))
    return Stream(events, items)


def rows(path: Path) -> Iterator[dict[str, str]]:
    opened: Callable[..., object] = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:  # type: ignore[attr-defined]
        yield from csv.DictReader(file)
