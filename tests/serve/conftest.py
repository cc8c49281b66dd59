"""Services: in this process with a log in memory, and in processes of their own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
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

PATIENCE = 120.0
"""Seconds for a service to start, on a machine that is busy with other things."""


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


class Serving:
    """``penchant serve`` in a process of its own, ready to be asked."""

    def __init__(self, *argv: object) -> None:
        command = [sys.executable, "-m", "penchant", "serve", "--port", "0", *map(str, argv)]
        environment = os.environ | {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        self.said: list[str] = []
        self.url = self._until_ready()

    def _until_ready(self) -> str:
        assert self.process.stderr is not None
        late = threading.Timer(PATIENCE, self.process.kill)
        late.start()
        try:
            for line in self.process.stderr:
                self.said.append(line)
                if found := re.search(r"serving\s+(http://\S+)", line):
                    return found[1]
        finally:
            late.cancel()
        raise AssertionError(f"it ended: {''.join(self.said)}")

    def kill(self) -> None:
        """End it as a power cut would, as far as a process can."""
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Send a signal, and wait for the end."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.wait()

    def wait(self) -> int:
        """Its exit status, and the rest of what it says."""
        assert self.process.stderr is not None
        if not self.process.stderr.closed:
            _, rest = self.process.communicate(timeout=PATIENCE)
            self.said.append(rest or "")
        return self.process.wait()


@pytest.fixture
def serving() -> Iterator[Callable[..., Serving]]:
    """``serving("--run", run, "--data", folder)``: started, and ended with the test."""
    started: list[Serving] = []

    def start(*argv: object) -> Serving:
        started.append(Serving(*argv))
        return started[-1]

    yield start
    for one in started:
        one.kill()
