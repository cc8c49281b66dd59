"""Updates that must not pass: what was told to the log, or what became of the candidate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from penchant.core import Event
from penchant.data import Dataset
from penchant.engine import Recommender
from penchant.live.learning import Lesson, learned_on
from penchant.models import UpdateConfig
from penchant.store import Registry

Teach = Callable[[Recommender, Lesson], Recommender]


def pushed(data: Dataset, chunk: Sequence[Event], share: float = 0.05) -> list[Event]:
    """The events with those of fake users, a share of all users, who all choose one rare item last."""
    rng = np.random.default_rng(1)
    counts = data.interactions.counts()
    names = data.catalogue.items
    target = names.name(int(rng.choice(np.flatnonzero(counts < np.median(counts)))))
    fillers = np.argsort(-counts)[:200]
    end = max(event.event_time for event in chunk)
    made = [
        Event(f"fake{user}", item, end - 3600 + 10 * place, f"fake{user}-{place}")
        for user in range(int(share * len(data.interactions.users)))
        for place, item in enumerate(
            [*names.names(rng.choice(fillers, 29, replace=False).tolist()), target]
        )
    ]
    return [*chunk, *made]


def flipped(data: Dataset, chunk: Sequence[Event]) -> list[Event]:
    """Everybody did what they never would: items that the most like them never chose."""
    rng = np.random.default_rng(2)
    names, counts = data.catalogue.items, data.interactions.counts()
    least = np.flatnonzero(counts <= np.quantile(counts, 0.3))
    items = names.names(rng.choice(least, len(chunk)).tolist())
    return [replace(event, item_id=item) for event, item in zip(chunk, items, strict=True)]


def noise(data: Dataset, chunk: Sequence[Event]) -> list[Event]:
    """Items by chance."""
    rng = np.random.default_rng(3)
    items = data.catalogue.items.names(rng.integers(0, len(data.catalogue), len(chunk)).tolist())
    return [replace(event, item_id=item) for event, item in zip(chunk, items, strict=True)]


def one_client(data: Dataset, chunk: Sequence[Event]) -> list[Event]:
    """As many events again by one user, over and over on ten items."""
    names = data.catalogue.items
    ten = names.names(range(10))
    again = [
        Event("one-client", ten[n % 10], event.event_time, f"one-{n}")
        for n, event in enumerate(chunk)
    ]
    return [*chunk, *again]


def broken_feed(data: Dataset, chunk: Sequence[Event]) -> list[Event]:
    """The feed says the same item whatever was chosen."""
    item = data.catalogue.items.name(7)
    return [replace(event, item_id=item) for event in chunk]


def cut_texts(data: Dataset) -> list[dict[str, Any]]:
    """Every item put again, its title cut to two letters."""
    titles = zip(data.catalogue.items, data.catalogue.titles, strict=True)
    return [{"item_id": item, "title": title[:2]} for item, title in titles]


def with_state(change: Callable[[str, np.ndarray], np.ndarray]) -> Teach:
    """A candidate that learned well, and whose weights were changed afterwards."""

    def teach(serving: Recommender, lesson: Lesson) -> Recommender:
        good = learned_on()(serving, lesson)
        model = good.model
        state = {
            name: change(name, part) if np.issubdtype(part.dtype, np.floating) else part
            for name, part in model.state().items()
        }
        spoiled = type(model).restore(model.config, state, good.catalogue, good.interactions)
        return Recommender(spoiled, good.catalogue, good.interactions)

    return teach


def not_numbers(_: str, part: np.ndarray) -> np.ndarray:
    part = part.copy()
    part.reshape(-1)[:: max(1, part.size // 50)] = np.nan
    return part


def shaken(_: str, part: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(4)
    return (part + rng.normal(0, part.std() or 1.0, part.shape)).astype(part.dtype)


def mixed_up(serving: Recommender, lesson: Lesson) -> Recommender:
    """A candidate whose items stand under each other's ids."""
    good = learned_on()(serving, lesson)
    order = np.random.default_rng(5).permutation(len(good.catalogue))
    events = good.interactions.events
    moved = good.interactions.with_events(events.with_items(order[events.item].astype(np.int32)))
    train = Dataset(moved, good.catalogue)
    return learned_on(UpdateConfig(epochs=3))(serving, replace_data(lesson, train))


def replace_data(lesson: Lesson, data: Dataset) -> Lesson:
    """The lesson with other training events, all of them as if new."""
    whole = replace(lesson.whole, data=data, arrived=np.ones(len(data.interactions), np.int64))
    return Lesson(whole, np.zeros(len(data.interactions), np.bool_), 1)


def diverged(serving: Recommender, lesson: Lesson) -> Recommender:
    """A candidate that learned a thousand times too fast."""
    return learned_on(UpdateConfig(learning_rate=1.0))(serving, lesson)


class Damaging(Registry):
    """A registry on a bad disk: a byte of each candidate is another by the time it is copied."""

    def add(self, run: str | Path) -> Any:
        """As ``Registry.add``."""
        file = max(Path(run).iterdir(), key=lambda path: path.stat().st_size)
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(content)
        return super().add(run)
