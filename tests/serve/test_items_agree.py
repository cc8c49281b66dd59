"""What an item is: the log, the engine that heard of each put, and one that starts later say the same."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from penchant.engine import Ask, Engine, Past
from penchant.live import Follower
from penchant.serve.deployed import Deployed
from penchant.serve.service import Service
from penchant.testing.memory_log import MemoryLog

FIELDS = {"title": ["Robots", "Love in Paris"], "price": [3, 20], "available": [True, False]}


@contextmanager
def started(engine: Engine, log: MemoryLog) -> Iterator[Service]:
    """A service on a log, which has read the items that were put."""
    follower = Follower(log)
    follower.catch_up()
    service = Service(log, follower, Deployed(engine, log, follower))
    try:
        read(service)
        yield service
    finally:
        service.deployed.close()


def read(service: Service) -> None:
    while service.deployed.pending:
        time.sleep(0.001)


def told(service: Service, item: str) -> dict[str, object]:
    """The fields of an item that say something, as the engine has them."""
    catalogue = service.deployed.engine.catalogue
    row = catalogue.table.row(catalogue.items.code(item), named=True)
    return {k: v for k, v in row.items() if v is not None and k != "item_id"}


def listed(service: Service, **filter: object) -> set[str]:
    ask = Ask(past=[Past("r2")], k=50, filter=filter or None)
    (found,) = service.answers([ask])
    return {one.item for one in found.items}


@pytest.mark.parametrize("seed", range(3))
def test_log_and_engines_agree_on_every_item(engine: Engine, seed: int):
    draw, log = random.Random(seed), MemoryLog()  # noqa: S311 - nothing secret
    names = ["s1", "r6", "new", "newer"]
    with started(engine, log) as service:
        for _ in range(12):
            kept = [name for name in FIELDS if draw.random() < 0.5]
            fields = {name: draw.choice(FIELDS[name]) for name in kept}
            service.items.put([{"item_id": draw.choice(names), **fields}])
            if draw.random() < 0.5:
                read(service)
        read(service)
        with started(engine, log) as later:
            for name in names:
                wanted = log.item(name)
                if wanted is not None:
                    assert told(service, name) == told(later, name) == dict(wanted)
                    assert service.items.get(name) == later.items.get(name)
            assert listed(service) == listed(later)
            if any("price" in (log.item(name) or {}) for name in names):
                cheap = {"price": {"max": 9}}
                assert listed(service, **cheap) == listed(later, **cheap)


def test_an_item_withdrawn_by_a_put_that_cannot_be_read_is_not_listed(engine: Engine):
    log = MemoryLog()
    with started(engine, log) as service:
        assert "s1" in listed(service)
        service.deployed.catalogue._prepare = lambda rows: 1 / 0
        service.items.put([{"item_id": "s1", "available": False}])
        read(service)
        assert service.deployed.stands("s1").state == "failed"
        assert "s1" not in listed(service)
