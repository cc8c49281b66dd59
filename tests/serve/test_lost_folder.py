"""The data folder, or the server of the log, goes while a service runs: it says so and stores nothing."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from penchant.serve.app import create_app
from penchant.serve.edge import Readiness
from penchant.serve.meaning import meaning
from penchant.serve.opening import open_service
from penchant.serve.tenant import Tenant
from penchant.testing import find_programs, postgres_server

EVENT = {"event_id": "e2", "user_id": "ann", "item_id": "i7"}


def until(good: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not good():
        assert time.monotonic() < end, "it never was"
        time.sleep(0.1)


def test_events_are_refused_and_lists_go_on(run: Path, tmp_path: Path, caplog):
    data = tmp_path / "data"
    service, swaps = open_service(data, run)
    readiness = Readiness({"recommend 1": service.check}, translate=meaning, keep=0.0)
    readiness.start()
    with closing(service), TestClient(create_app({"": Tenant.of(service)})) as http:
        assert http.post("/v1/events", json=EVENT | {"event_id": "e1"}).status_code == 202
        assert readiness.ask()[0]
        shutil.rmtree(data)
        answer = http.post("/v1/events", json=EVENT)
        assert answer.status_code == 503
        assert answer.json()["type"].endswith(":log-unavailable")
        assert "deleted, replaced or unmounted" in answer.json()["detail"]
        assert str(data) not in answer.text
        assert answer.headers["retry-after"] == "30"
        assert http.put("/v1/items/new", json={"title": "x"}).status_code == 503
        assert http.delete("/v1/users/ann").status_code == 503
        caplog.clear()
        good, (checked,) = readiness.ask()
        assert not good
        assert "put them back" in checked.reason
        (line,) = [record for record in caplog.records if record.message == "not-ready"]
        assert "penchant restore" in line.told["reason"]
        assert str(data / "log") in line.told["reason"]
        listed = http.post("/v1/recommend", json={"user_id": "ann", "k": 3})
        assert listed.status_code == 200
        assert len(listed.json()["items"]) == 3
        swaps.close()
    assert not (data / "log").exists(), "and nothing was made in its place"


def verbose(url: str) -> tuple[int, Any]:
    answer = httpx.get(f"{url}/readyz?verbose")
    return answer.status_code, answer.json()


@pytest.mark.slow
def test_a_service_whose_folder_was_deleted(run: Path, tmp_path: Path, serving: Callable):
    data = tmp_path / "data"
    service = serving("--run", run, "--data", data)
    send = f"{service.url}/v1/events"
    assert httpx.post(send, json=EVENT | {"event_id": "e1"}).status_code == 202
    shutil.rmtree(data)
    assert httpx.post(send, json=EVENT).status_code == 503
    until(lambda: verbose(service.url)[0] == 503)
    (check,) = verbose(service.url)[1]["checks"]
    assert "deleted, replaced or unmounted" in check["reason"]
    until(lambda: any("not-ready" in line and "penchant restore" in line for line in service.said))
    assert service.end() == 0
    assert not any("Traceback" in line for line in service.said)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_service_whose_server_goes_and_comes_back(run: Path, tmp_path: Path, serving: Callable):
    if find_programs() is None:
        pytest.skip("no PostgreSQL server can be run here (Debian: apt install postgresql)")
    with postgres_server() as server:
        service = serving("--run", run, "--data", tmp_path / "d", "--log", server.url("shop"))
        send, ask = f"{service.url}/v1/events", f"{service.url}/v1/recommend"
        assert httpx.post(send, json=EVENT | {"event_id": "e1"}).status_code == 202
        server.kill()
        answer = httpx.post(send, json=EVENT)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (
            503,
            "log-unavailable",
        )
        until(lambda: verbose(service.url)[0] == 503)
        (check,) = verbose(service.url)[1]["checks"]
        assert "event log cannot be used" in check["reason"]
        assert httpx.post(ask, json={"user_id": "ann", "k": 3}).status_code == 200
        until(lambda: any("not-ready" in x and "cannot be reached" in x for x in service.said))
        server.start()
        until(lambda: httpx.post(send, json=EVENT).status_code == 202)
        until(lambda: verbose(service.url)[0] == 200)
        service.end()
