"""An old kind of item and a month of a new one in one catalogue, with what is asked of both."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

import penchant
from penchant.core import Holdout, Interactions, generator
from penchant.data import Dataset, validation_split

NEW = "new:"
"""Before the ids of users and items of the new kind."""


@dataclass(frozen=True)
class World:
    """What there is to learn from at one moment, and what is asked then.

    Attributes:
        data: all events of the old kind and, behind them, those of the new one.
        new: which events are of the new kind, (events,).
        old_asked: the last events of users of the old kind.
        new_asked: the last events of users of the new kind.
    """

    data: Dataset
    new: np.ndarray
    old_asked: Holdout
    new_asked: Holdout

    @property
    def before(self) -> Dataset:
        """The old kind alone, items and users too: what the serving model is fitted on."""
        people, catalogue = self.data.interactions, self.data.catalogue
        items = [n for n, name in enumerate(catalogue.items) if not name.startswith(NEW)]
        return _read(_frame(people, ~self.new), catalogue.table[items])

    @property
    def alone(self) -> Dataset:
        """The new kind alone, items and users too."""
        people, catalogue = self.data.interactions, self.data.catalogue
        items = [n for n, name in enumerate(catalogue.items) if name.startswith(NEW)]
        return _read(_frame(people, self.new), catalogue.table[items])


def read(old: Path, new: Path, share: float, seed: int = 0) -> Dataset:
    """Both kinds as one data set; of the new one a share of the users, drawn at random.

    The data has an order and no times: a share of the users stands for a month.
    """
    events, items = [], []
    for folder, mark in ((old, ""), (new, NEW)):
        told = pl.read_csv(folder / "events.csv.gz", infer_schema=False)
        told = told.with_columns(pl.col("position").cast(pl.Int64))
        if mark:
            users = told["user_id"].unique().sort().to_list()
            size = round(share * len(users))
            drawn = generator(seed, "month").choice(len(users), size, replace=False)
            told = told.filter(pl.col("user_id").is_in([users[n] for n in drawn]))
        events.append(
            told.with_columns((pl.lit(mark) + pl.col(c)).alias(c) for c in ("user_id", "item_id"))
        )
        items.append(_items(folder / "items.jsonl.gz", mark))
    return _read(pl.concat(events), pl.concat(items))


def worlds(data: Dataset, asked: int, seed: int = 0) -> tuple[World, World]:
    """The moment at which settings are chosen, and the one at which they are judged.

    The first lacks the last event that the second may learn from: of ``asked`` users of the old
    kind, those that the serving model stopped by, and of all users of the new one.
    """
    judged = _world(data, np.ones(len(data.interactions.users), bool))
    train = judged.data
    names = np.array(train.interactions.users.ids)
    fresh = np.char.startswith(names, NEW)
    _, stopped = validation_split(judged.before, asked, seed)
    chosen = stopped.requests.users.names(stopped.requests.user.tolist())
    return _world(train, fresh | np.isin(names, chosen)), judged


def _world(data: Dataset, who: np.ndarray) -> World:
    """The last event of some users, (users,), held out."""
    inner, holdout = data.split("leave-last-out")
    events, users = data.interactions.events, np.arange(len(who))
    both = events.joined(inner.interactions.events)
    left = both[np.where(who, len(who) + users, users)]
    train = replace(data, interactions=data.interactions.with_events(left))
    fresh = np.char.startswith(np.array(data.interactions.users.ids), NEW)
    user = holdout.requests.user
    return World(
        train,
        fresh[left.row],
        holdout[np.flatnonzero(who[user] & ~fresh[user])],
        holdout[np.flatnonzero(who[user] & fresh[user])],
    )


def _items(path: Path, mark: str) -> pl.DataFrame:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    text = [row.get("title") or row.get("text") or "" for row in rows]
    return pl.DataFrame({"item_id": [mark + row["item_id"] for row in rows], "title": text})


def _frame(people: Interactions, keep: np.ndarray) -> pl.DataFrame:
    events = people.events.where(keep)
    return pl.DataFrame(
        {
            "user_id": people.users.names(events.row.tolist()),
            "item_id": people.items.names(events.item.tolist()),
            "position": events.time.astype(np.int64),
        }
    )


def _read(events: pl.DataFrame, items: pl.DataFrame) -> Dataset:
    return penchant.read(events, items.select("item_id", "title"))


def quick(users: int = 120, items: int = 40) -> Dataset:
    """Made up: each kind a circle of items that its users walk round, with some straying."""
    rng = generator(0, "quick")
    rows, listed = [], []
    for mark, count in (("", users), (NEW, users // 3)):
        listed += [
            {"item_id": f"{mark}i{n}", "title": f"{mark or 'old '}{n}"} for n in range(items)
        ]
        for user in range(count):
            at = int(rng.integers(items))
            for place in range(8):
                at = int(rng.integers(items)) if rng.random() < 0.1 else (at + 1) % items
                rows.append(
                    {"user_id": f"{mark}u{user}", "item_id": f"{mark}i{at}", "position": place}
                )
    return _read(pl.DataFrame(rows), pl.DataFrame(listed))
