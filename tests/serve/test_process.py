"""The whole thread in real processes: fit, serve, tell an event, hear another list, die, go on."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from penchant.core import Event, ServiceError
from penchant.data import Dataset
from penchant.engine import Engine, ItemKNN, TextMean, load
from penchant.serve import Client
from penchant.serve.edge import KeyFile
from penchant.testing import write_tiny_model

pytestmark = pytest.mark.slow


def test_an_event_changes_the_next_list_and_outlives_a_kill(
    run: Path, tmp_path: Path, serving: Callable
):
    first = serving("--run", run, "--data", tmp_path / "service")
    with Client(first.url) as client:
        before = client.recommend(user="somebody new", k=5)
        assert client.record("somebody new", "i7", "click").status == "stored"
        after = client.recommend(user="somebody new", k=5)
        assert after.ids != before.ids
        assert after.ids == client.recommend(history=["i7"], k=5).ids
        assert "i7" not in after.ids
    first.kill()
    again = serving("--data", tmp_path / "service")
    with Client(again.url) as client:
        found = client.recommend(user="somebody new", k=5)
        assert found.ids == after.ids
        assert found.model_version == after.model_version
        assert [event.item_id for event in client.events("somebody new")] == ["i7"]
    assert again.end() == 0


def test_nothing_acknowledged_is_lost_when_it_is_killed_while_events_come_in(
    run: Path, tmp_path: Path, serving: Callable
):
    service = serving("--run", run, "--data", tmp_path / "service")
    told: set[str] = set()
    enough = threading.Event()

    def tell(number: int) -> None:
        with Client(service.url, retries=0) as client:
            for n in range(100_000):
                event_id = f"{number}-{n}"
                try:
                    client.record("ann", f"i{1 + n % 60}", time=1e9 + n, event_id=event_id)
                except ServiceError:
                    return
                told.add(event_id)
                if len(told) > 200:
                    enough.set()

    threads = [threading.Thread(target=tell, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    service.kill()
    for thread in threads:
        thread.join()
    again = serving("--data", tmp_path / "service")
    with Client(again.url) as client:
        kept = [event.event_id for event in client.events("ann", limit=1000)]
        more = client.record_many(Event("ann", "i1", 1e9, event_id) for event_id in told)
    assert told <= {*kept, *(one.event_id for one in more if one.status == "duplicate")}
    assert {one.status for one in more} == {"duplicate"}
    assert len(kept) == len(set(kept))


def test_several_processes_serve_one_folder(run: Path, tmp_path: Path, serving: Callable):
    service = serving("--run", run, "--data", tmp_path / "service", "--workers", 2)
    seen = set()
    for n in range(200):
        with Client(service.url) as client:  # another connection, by chance to another process
            client.record("ann", f"i{1 + n % 60}", time=1e9 + n)
        with Client(service.url) as client:
            seen.add(client.status()["worker"])
            assert len(client.events("ann", limit=1000)) == n + 1
            history = [event.item_id for event in client.events("ann", limit=200)][::-1]
            found = client.recommend(user="ann", k=5)
            assert found.ids == client.recommend(history=history, k=5).ids
        if len(seen) == 2 and n > 10:
            break
    assert len(seen) == 2
    page = httpx.get(f"{service.url}/metrics").text  # of both together
    assert f'penchant_events_total{{status="stored"}} {n + 1}.0' in page
    os.kill(next(iter(seen)), signal.SIGKILL)
    with Client(service.url, retries=8) as client:
        assert client.recommend(user="ann", k=5).ids == found.ids
    assert service.end() == 0
    assert all(not alive(worker) for worker in seen)


def test_workers_that_were_killed_answer_again(run: Path, tmp_path: Path, serving: Callable):
    shutil.copytree(run, tmp_path / "run")
    service = serving("--run", tmp_path / "run", "--data", tmp_path / "service", "--workers", 2)
    killed: set[int] = set()
    with ExitStack() as opened:
        while len(killed) < 2:
            client = opened.enter_context(Client(service.url))
            told = client.status()
            killed.add(told["worker"])
    fitted = load(run)
    data = Dataset(fitted.interactions, fitted.catalogue, name="tiny")
    shutil.rmtree(tmp_path / "run")  # fitted anew since, and not asked for
    Engine.of(ItemKNN(neighbours=2).fit(data)).save(tmp_path / "run")
    for worker in killed:
        os.kill(worker, signal.SIGKILL)
    until, anew = time.monotonic() + 120, set()
    while len(anew) < 2:
        assert time.monotonic() < until
        with suppress(ServiceError), Client(service.url, timeout=5) as client:
            now = client.status()
            assert now["model_version"] == told["model_version"]
            anew.add(now["worker"])
    assert not anew & killed
    assert service.end() == 0


@pytest.fixture(scope="module")
def reading(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose model reads words, by a language model that is loaded in no time."""
    folder = tmp_path_factory.mktemp("reading")
    language = write_tiny_model(folder / "language", "bert")
    fitted = load(run)
    data = Dataset(fitted.interactions, fitted.catalogue, name="tiny")
    Engine.of(TextMean(language=str(language)).fit(data)).save(folder / "run")
    return folder / "run"


def test_what_one_process_was_told_the_other_knows(
    reading: Path, tmp_path: Path, serving: Callable
):
    service = serving("--run", reading, "--data", tmp_path / "service", "--workers", 2)
    with ExitStack() as opened:
        by_worker: dict[int, Client] = {}
        while len(by_worker) < 2:  # a connection stays with the process that it came to
            client = opened.enter_context(Client(service.url, timeout=60))
            by_worker.setdefault(client.status()["worker"], client)
        one, other = by_worker.values()
        for n in range(1, 11):
            before = other.recommend(user=f"ann{n}", k=5).ids
            one.record(f"ann{n}", f"i{n}")
            after = other.recommend(user=f"ann{n}", k=5).ids
            assert after == other.recommend(history=[f"i{n}"], k=5).ids
            assert after != before
            one, other = other, one
        gone = other.recommend(user="somebody", k=1).ids[0]
        one.put_item(gone, available=False)
        assert gone not in other.recommend(user="somebody", k=60).ids
        one.put_item("fresh", title="Paper Boats on a Rainy Evening")
        until, found = time.monotonic() + 120, []
        while "fresh" not in found:
            assert time.monotonic() < until
            with suppress(ServiceError):  # 503: its language model is being loaded
                found = other.recommend(query="Paper Boats on a Rainy Evening", k=60).ids
        assert {client.status()["worker"] for client in (one, other)} <= set(by_worker)  # none died


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_models_are_exchanged_while_questions_come_in(run: Path, tmp_path: Path, serving: Callable):
    shutil.copytree(run, tmp_path / "runs" / "one")
    fitted = load(run)
    data = Dataset(fitted.interactions, fitted.catalogue, name="tiny")
    Engine.of(ItemKNN(neighbours=2).fit(data)).save(tmp_path / "runs" / "two")
    service = serving("--run", tmp_path / "runs" / "one", "--data", tmp_path / "service")
    done, lists, failed = threading.Event(), set(), []

    def ask() -> None:
        with Client(service.url, retries=0) as client:
            while not done.is_set():
                try:
                    found = client.recommend(history=["i7", "i9"], k=5)
                except ServiceError as error:
                    failed.append(str(error))
                    return
                lists.add((found.model_version, *found.ids))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    with Client(service.url, timeout=120) as client:
        second = client.reload("two")["version"]
        for _ in range(20):
            client.roll_back()
        assert client.models()["current"] == second
    done.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(lists) == 2  # one list a model, always the same
    assert len({one[0] for one in lists}) == 2


def test_it_leaves_politely(run: Path, tmp_path: Path, serving: Callable):
    config = tmp_path / "penchant.toml"
    config.write_text("[serve]\ndrain_seconds = 0.5\n")
    service = serving("--run", run, "--data", tmp_path / "service", "--config", config)
    assert httpx.get(f"{service.url}/readyz").status_code == 200
    service.process.send_signal(signal.SIGTERM)
    with Client(service.url) as client:  # still answered while /readyz says no
        assert len(client.recommend(user="u1", k=3)) == 3
    assert service.wait() == 0


def test_with_keys_nobody_is_answered_without_one(run: Path, tmp_path: Path, serving: Callable):
    folder = tmp_path / "service"
    _, token = KeyFile(folder).add("shop", ["read"])
    service = serving("--run", run, "--data", folder)
    with Client(service.url) as nobody, pytest.raises(ServiceError, match="401"):
        nobody.recommend(user="u1")
    with Client(service.url, key=token) as client:
        assert len(client.recommend(user="u1", k=3)) == 3
        with pytest.raises(ServiceError, match="403"):
            client.record("u1", "i1")


def test_figures_and_the_document_of_the_api_are_there(
    run: Path, tmp_path: Path, serving: Callable
):
    service = serving("--run", run, "--data", tmp_path / "service")
    with Client(service.url) as client:
        client.record("ann", "i7")
        client.recommend(user="ann")
    page = httpx.get(f"{service.url}/metrics").text
    assert 'penchant_events_total{status="stored"} 1.0' in page
    assert "penchant_model_call_questions_count 1.0" in page
    document = httpx.get(f"{service.url}/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert {"/v1/events", "/v1/recommend", "/v1/admin/reload"} <= set(document["paths"])
