"""People of three tastes who go from one item to the next, a model of their beginnings, and a log."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import penchant
from penchant.core import Event
from penchant.engine import Engine, by_name
from penchant.lab.gate import GateConfig
from penchant.live.learning import LearnConfig, Learning, fitted_anew
from penchant.store import Registry
from penchant.testing import MemoryLog

BEGAN = 1e9
TASTES = ("sea", "war", "love")
RING = 40  # items of a taste
KNOWN = 2  # events of each that the first model learned


def walk(rng, taste, steps):
    """Items one after the other round the ring of a taste, now and then leaving one out."""
    place = int(rng.integers(RING)) + np.cumsum(1 + (rng.random(steps) < 0.2))
    return [f"i{RING * taste + n % RING}" for n in place.tolist()]


@pytest.fixture(scope="session")
def stream():
    """150 people with 14 events each: rows of user, item and time."""
    rng = np.random.default_rng(5)
    return [
        (f"u{user}", item, BEGAN + 1e4 * place + user)
        for user in range(150)
        for place, item in enumerate(walk(rng, user % 3, 14))
    ]


@pytest.fixture(scope="session")
def data(stream):
    rows = [row for row in stream if row[2] < BEGAN + 1e4 * KNOWN]
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    items = [
        {"item_id": f"i{n}", "title": f"film {n} of {TASTES[n // RING]}"} for n in range(3 * RING)
    ]
    return penchant.read(events, pl.DataFrame(items))


@pytest.fixture(scope="session")
def fitted(data):
    return by_name("item-knn").fit(data)


@pytest.fixture
def log():
    return MemoryLog(time.time)


@pytest.fixture
def registry(tmp_path, fitted):
    """With the first model answering."""
    Engine.of(fitted).save(tmp_path / "run")
    made = Registry(tmp_path / "service" / "models")
    made.promote(made.add(tmp_path / "run").name)
    return made


@pytest.fixture
def tell(log, stream):
    """``tell(4, 8)``: each one's events from the fifth to the eighth, into the log."""

    def told(first: int, last: int) -> None:
        rows = [row for row in stream if first <= (row[2] - BEGAN) // 1e4 < last]
        rows.sort(key=lambda row: row[2])
        log.append([Event(*row, event_id=f"{row[0]}-{row[1]}") for row in rows])

    return told


class Alone:
    """Exchanges models where no service runs."""

    def __init__(self, registry):
        self.registry = registry

    def promote(self, version, why, figures, instead):
        self.registry.promote(version, why, figures, instead)

    def roll_back(self, why, figures, instead, to):
        self.registry.roll_back(why, figures, instead, to)


CONFIG = LearnConfig(least=200, panel=0.0, gate=GateConfig(segment=10_000, slower=1e6, risen=0.3))


@pytest.fixture
def learning(tmp_path, log, registry):
    """``learning(least=...)``: the loop; ``update=`` and ``retune=`` in the place of a fit."""

    def make(update=None, retune=None, clock=time.time, **settings):
        return Learning(
            tmp_path / "service",
            log,
            registry,
            Alone(registry),
            update=update or fitted_anew(),
            retune=retune or fitted_anew(),
            config=replace(CONFIG, **settings),
            clock=clock,
        )

    return make
