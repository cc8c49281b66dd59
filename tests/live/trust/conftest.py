"""Six tastes, four hundred honest users, and a way to add others."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.core import IdMap, Interactions, Sequences
from penchant.data import Dataset
from penchant.testing import tiny_catalogue

ITEMS, TASTES, HONEST = 180, 6, 400


def of_rows(rows: list[list[int]], timed: bool = False, users: list[str] | None = None) -> Dataset:
    """A data set from the item codes of each user."""
    lengths = np.array([len(row) for row in rows])
    item = np.array([code for row in rows for code in row], np.int32)
    time = 1e9 + np.arange(len(item), dtype=float) if timed else None
    catalogue = tiny_catalogue({f"i{n}": f"Item {n}" for n in range(ITEMS)})
    names = users or [f"u{n}" for n in range(len(rows))]
    events = Sequences.of_items(lengths, item, time)
    made = Interactions(IdMap(names), catalogue.items, events, timed=timed)
    return Dataset(made, catalogue, name="six tastes")


def honest_rows(seed: int = 0) -> list[list[int]]:
    """Eight to twenty items each, most of one taste, well-known ones first."""
    rng = np.random.default_rng(seed)
    fame = 1.0 / np.arange(1, ITEMS // TASTES + 1) ** 0.7
    rows = []
    for user in range(HONEST):
        own = rng.choice(ITEMS // TASTES, rng.integers(8, 20), False, fame / fame.sum())
        strange = rng.integers(0, ITEMS, 2)
        rows.append([*(own * TASTES + user % TASTES).tolist(), *strange.tolist()])
    return rows


@pytest.fixture(scope="session")
def honest() -> Dataset:
    return of_rows(honest_rows())


@pytest.fixture(scope="session")
def attack():
    """``attack(count, target)``: the honest data with fake users of random items and the target."""

    def made(count: int, target: int, seed: int = 1, copied: bool = False) -> Dataset:
        rng = np.random.default_rng(seed)
        rows = honest_rows()
        fakes = []
        for n in range(count):
            fillers = rows[n] if copied else rng.choice(ITEMS, 12, replace=False).tolist()
            fakes.append([*fillers, target])
        names = [f"u{n}" for n in range(HONEST)] + [f"fake{n}" for n in range(count)]
        return of_rows(rows + fakes, users=names)

    return made


@pytest.fixture(scope="session")
def rows():
    """``rows()``: the items of each honest user, to add others to."""
    return honest_rows


@pytest.fixture(scope="session")
def dataset():
    """``dataset(rows)``: a data set from the item codes of each user."""
    return of_rows
