"""Services: in this process with a log in memory, and in processes of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from penchant.cli import main
from penchant.engine import Engine, Estimator
from penchant.live import Follower
from penchant.serve.app import create_app
from penchant.serve.deployed import Deployed
from penchant.serve.service import Service
from penchant.serve.tenant import Tenant
from penchant.testing import FakeConfig, FakeModel, tiny_dataset
from penchant.testing.memory_log import MemoryLog
from penchant.testing.service_process import ServiceProcess


@pytest.fixture(scope="session")
def run(tiny: Path) -> Path:
    """item-kNN on the small data set. Read only."""
    out = tiny / "runs" / "knn"
    data = ["--events", str(tiny / "events.csv"), "--items", str(tiny / "items.jsonl")]
    assert main(["fit", *data, "--model", "item-knn", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The fake model on two tastes of films; it reads words and places new items."""
    return Engine.of(Estimator(FakeModel, FakeConfig()).fit(tiny_dataset()), version="fake-1")


@pytest.fixture
def service(engine: Engine) -> Iterator[Service]:
    """A service with a log in memory."""
    log = MemoryLog()
    follower = Follower(log)
    with contextlib.closing(Service(log, follower, Deployed(engine, log, follower))) as service:
        service.tend()  # what is popular is counted now, and not again while a test runs
        yield service


@pytest.fixture
def http(service: Service) -> Iterator[TestClient]:
    """The routes of that service, without the edge around them."""
    with TestClient(create_app({"": Tenant.of(service)})) as client:
        yield client


@pytest.fixture
def serving() -> Iterator[Callable[..., ServiceProcess]]:
    """``serving("--run", run, "--data", folder)``: started, and ended with the test."""
    started: list[ServiceProcess] = []

    def start(*argv: object) -> ServiceProcess:
        started.append(ServiceProcess(*argv))
        return started[-1]

    yield start
    for one in started:
        one.kill()
