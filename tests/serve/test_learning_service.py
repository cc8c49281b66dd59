"""``penchant learn`` beside a service that is answering: promoted in all its processes, or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import penchant
from penchant.core import Event
from penchant.engine import Engine, by_name
from penchant.serve import Client
from penchant.store import Registry

pytestmark = pytest.mark.slow
RING, BEGAN = 40, 1e9


def walk(rng: np.random.Generator, taste: int, steps: int) -> list[str]:
    place = int(rng.integers(RING)) + np.cumsum(1 + (rng.random(steps) < 0.2))
    return [f"i{RING * taste + n % RING}" for n in place.tolist()]


@pytest.fixture(scope="module")
def stream() -> list[tuple[str, str, float]]:
    rng = np.random.default_rng(5)
    return [
        (f"u{user}", item, BEGAN + 1e4 * place + user)
        for user in range(150)
        for place, item in enumerate(walk(rng, user % 3, 14))
    ]


def events(stream, first: int, last: int) -> list[Event]:
    rows = [row for row in stream if first <= (row[2] - BEGAN) // 1e4 < last]
    return [Event(*row, event_id=f"{row[0]}-{row[1]}") for row in rows]


@pytest.fixture(scope="module")
def runs(stream, tmp_path_factory) -> Path:
    """A model of everybody's first two events, and one that is worse."""
    folder = tmp_path_factory.mktemp("runs")
    rows = [row for row in stream if (row[2] - BEGAN) // 1e4 < 2]
    items = [{"item_id": f"i{n}", "title": f"film {n}"} for n in range(3 * RING)]
    columns = ["user_id", "item_id", "timestamp"]
    data = penchant.read(pl.DataFrame(rows, schema=columns, orient="row"), pl.DataFrame(items))
    Engine.of(by_name("item-knn").fit(data)).save(folder / "first")
    Engine.of(by_name("random").fit(data)).save(folder / "worse")
    return folder


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("settings") / "penchant.toml"
    file.write_text("[learn]\nleast = 200\ngate = { segment = 10000, slower = 1e6, risen = 0.3 }\n")
    return file


def learn(folder: Path, settings: Path, *more: str) -> dict:
    command = [sys.executable, "-m", "penchant", "learn", "--data", str(folder), "--json"]
    done = subprocess.run(
        [*command, "--config", str(settings), *more], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_running_service_learns_and_goes_back(
    stream, runs: Path, settings: Path, tmp_path: Path, serving: Callable
):
    folder = tmp_path / "service"
    service = serving("--run", runs / "first", "--data", folder, "--workers", 2)
    seen: list[str] = []
    wrong: list[Exception] = []
    stop = threading.Event()

    def ask() -> None:
        try:
            with Client(service.url) as client:
                while not stop.is_set():
                    seen.append(client.recommend(history=["i3", "i4"], k=5).model_version)
        except Exception as error:  # noqa: BLE001 - told by the test
            wrong.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    with Client(service.url) as client:
        first = client.status()["model_version"]
        assert learn(folder, settings, "--once")["did"] == "waiting"
        client.record_many(events(stream, 2, 8))
        trial = learn(folder, settings, "--trial")
        assert trial["did"] == "judged"
        assert client.status()["model_version"] == first
        done = learn(folder, settings, "--once")
        assert done["did"] == "promoted", done
        better = done["version"]
        for _ in range(10):  # each on a connection of its own: both processes
            with Client(service.url) as another:
                assert another.status()["model_version"] == better
        line = client.models()["history"][-1]
        assert line["did"] == "promoted"
        assert line["figures"]["newest"]["gap"] > 0

        client.reload("worse")
        assert client.status()["model_version"].startswith("random")
        client.record_many(events(stream, 8, 9))
        done = learn(folder, settings, "--once")
        assert done["did"] == "rolled back", done
        assert client.status()["model_version"] == done["version"] == better
    stop.set()
    asking.join()
    assert not wrong
    assert {first, better} <= set(seen)


def test_killed_at_any_moment_it_goes_on(
    stream, runs: Path, settings: Path, tmp_path: Path, serving: Callable
):
    folder = tmp_path / "service"
    service = serving("--run", runs / "first", "--data", folder)
    with Client(service.url) as client:
        client.record_many(events(stream, 2, 8))
        told = client.status()["last_seq"]
    command = [sys.executable, "-m", "penchant", "learn", "--data", str(folder), "--once"]
    registry = Registry(folder / "models")
    for wait in (0.5, 1.0, 1.5, 2.0, 2.5):
        process = subprocess.Popen(
            [*command, "--config", str(settings)], stdout=subprocess.DEVNULL, env=os.environ
        )
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        standing = registry.standing()
        assert (registry.path(standing.current) / "manifest.json").is_file()
        with Client(service.url) as client:
            assert len(client.recommend(history=["i3"], k=5).ids) == 5
            assert client.status()["last_seq"] == told
    learn(folder, settings, "--once")
    with Client(service.url) as client:
        assert client.status()["model_version"] == registry.standing().current
    names = {path.name for path in (registry.folder / "bundles").iterdir()}
    assert names == set(registry.standing().versions)
