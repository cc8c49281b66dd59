"""Alive, ready, draining."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from penchant.serve.edge import Metrics, OperationsPort, Probes, Readiness
from penchant.testing.asgi_client import ask
from penchant.testing.serving import read_all


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def ready(**checks: Callable[[], object]) -> Readiness:
    made = Readiness(checks, clock=Clock(), seconds=5.0)
    made.start()
    return made


def fails() -> None:
    raise RuntimeError("no model")


def test_a_service_is_alive_before_it_is_ready(tells):
    readiness = Readiness()
    app = Probes(tells, readiness)
    assert ask(app, "GET", "/livez").status == 200
    answer = ask(app, "GET", "/readyz")
    assert (answer.status, answer.json()) == (503, {"status": "starting"})
    readiness.start()
    assert ask(app, "GET", "/readyz").json() == {"status": "ready"}
    readiness.drain()
    assert ask(app, "GET", "/readyz").json() == {"status": "draining"}
    assert ask(app, "GET", "/livez").status == 200
    assert tells.asked == 0


def test_ready_is_what_every_check_says():
    assert ready(model=lambda: None, log=lambda: 7).ask()[0]
    good, checks = ready(model=fails, log=lambda: None).ask()
    assert not good
    assert [(check.name, check.good) for check in checks] == [("model", False), ("log", True)]


def test_the_checks_are_told_to_those_who_ask(tells):
    app = Probes(tells, ready(model=fails, log=lambda: None))
    assert ask(app, "GET", "/readyz").json() == {"status": "failing"}
    told = ask(app, "GET", "/readyz?verbose").json()
    assert [(check["name"], check["good"]) for check in told["checks"]] == [
        ("model", False),
        ("log", True),
    ]
    assert "no model" not in json.dumps(told)


def test_asking_often_asks_the_model_once_a_second():
    clock, asked = Clock(), []
    readiness = Readiness({"model": lambda: asked.append(1)}, clock=clock, keep=1.0)
    readiness.start()
    for _ in range(100):
        assert readiness.ask()[0]
    assert len(asked) == 1
    clock.now += 1.0
    readiness.ask()
    assert len(asked) == 2


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """Set at the end, so that no thread outlives its test."""
    event = threading.Event()
    yield event
    event.set()


def test_a_check_that_hangs_is_a_failed_one_and_leaves_one_thread(stuck: threading.Event):
    readiness = Readiness({"model": stuck.wait}, seconds=0.02, keep=0.0)
    readiness.start()
    before, began = threading.active_count(), time.monotonic()
    for _ in range(5):
        assert not readiness.ask()[0]
    assert time.monotonic() - began < 4, "none was waited for longer than it may take"
    assert threading.active_count() <= before + 1
    stuck.set()
    assert any(readiness.ask()[0] for _ in range(100)), "and it is asked again when it comes back"


def test_draining_asks_clients_to_connect_elsewhere(tells):
    readiness = ready()
    app = Probes(tells, readiness)
    assert "connection" not in ask(app, "GET", "/v1").headers
    readiness.drain()
    answer = ask(app, "GET", "/v1")
    assert (answer.status, answer.headers["connection"]) == (200, "close")


def test_probes_need_neither_key_nor_name(small):
    made = small(anybody=None)
    for target in ("/livez", "/readyz", "/readyz?verbose=1"):
        assert ask(made.app, "GET", target, headers={"host": "evil.example"}).status == 200
    assert ask(made.app, "POST", "/livez").status == 401


@pytest.fixture
def port() -> Iterator[tuple[OperationsPort, Readiness]]:
    readiness = ready(model=lambda: None)
    metrics = Metrics()
    metrics.counter("events_total", "Events.").inc(3)
    made = OperationsPort(metrics, readiness)
    made.start()
    yield made, readiness
    made.stop()


def get(made: OperationsPort, target: str) -> tuple[int, bytes]:
    host, port = made.address
    try:
        with urllib.request.urlopen(f"http://{host}:{port}{target}", timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_a_port_of_its_own_answers_whatever_the_service_does(port):
    made, readiness = port
    assert get(made, "/livez") == (200, b'{"status":"alive"}')
    assert get(made, "/readyz")[0] == 200
    assert b"penchant_events_total 3.0" in get(made, "/metrics")[1]
    assert get(made, "/v1/recommend")[0] == 404
    readiness.drain()
    assert get(made, "/readyz")[0] == 503
    assert get(made, "/livez")[0] == 200


def test_the_port_answers_while_a_client_dawdles(port):
    made, _ = port
    with socket.create_connection(made.address, timeout=10) as wire:
        wire.sendall(b"GET /livez HT")
        assert get(made, "/livez")[0] == 200


def test_the_port_says_nothing_of_its_make(port):
    made, _ = port
    host, number = made.address
    with urllib.request.urlopen(f"http://{host}:{number}/livez", timeout=10) as answer:
        assert answer.headers["server"] == "penchant"


def test_a_port_that_was_never_started_can_be_stopped():
    OperationsPort(Metrics(), Readiness()).stop()


@pytest.mark.parametrize(
    ("fault", "lines"), [(KeyError("x"), 1), (BrokenPipeError(), 0), (TimeoutError(), 0)]
)
def test_the_port_logs_its_faults_without_an_address(port, monkeypatch, caplog, fault, lines):
    made, _ = port

    def fails(readiness: Readiness, *, verbose: bool) -> tuple[int, bytes]:
        raise fault

    monkeypatch.setattr("penchant.serve.edge.operations_port.readyz", fails)
    with caplog.at_level("INFO", logger="penchant"):
        said(made, b"GET /readyz HTTP/1.0\r\n\r\n")
        made.stop()
    assert caplog.text.count("operations-port-failed") == lines
    assert "127.0.0.1" not in caplog.text


def said(made: OperationsPort, request: bytes) -> bytes:
    with socket.create_connection(made.address, timeout=10) as wire:
        wire.sendall(request)
        return read_all(wire)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"localhost", 200),
        (b"127.0.0.1:9", 200),
        (b"[::1]", 200),
        (b"evil.example", 421),
        (b"", 421),
    ],
)
def test_the_port_answers_to_no_foreign_name(port, host: bytes, status: int):
    """A page whose name was made to point here would read the figures."""
    made, _ = port
    answer = said(made, b"GET /metrics HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert int(answer.split()[1]) == status
    assert (b"penchant_events_total" in answer) == (status == 200)


@pytest.mark.parametrize("target", [b"//[", b"/<b>", b"http://[x"])
def test_the_port_repeats_nothing_and_writes_nothing(port, capfd, target: bytes):
    made, _ = port
    answer = said(made, b"GET " + target + b" HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 404")
    bad = said(made, b"BREW /kanarienvogel <b> HTTP/1.0\r\n\r\n")
    assert b"kanarienvogel" not in bad
    assert b"<" not in bad
    assert capfd.readouterr().err == ""


def test_the_port_takes_a_bounded_number_of_threads(port):
    made, _ = port
    with ExitStack() as held:
        wires = [
            held.enter_context(socket.create_connection(made.address, timeout=10))
            for _ in range(60)
        ]
        for wire in wires[32:]:
            assert wire.recv(1) == b""
        at_work = [one for one in threading.enumerate() if "process_request" in one.name]
        assert 0 < len(at_work) <= 32, "and those were turned away at once, not after their time"
    end = time.monotonic() + 10
    while time.monotonic() < end and not said(made, b"GET /livez HTTP/1.0\r\n\r\n"):
        time.sleep(0.05)
    assert b"alive" in said(made, b"GET /livez HTTP/1.0\r\n\r\n")


def test_with_the_check_off_the_port_answers_to_any_name(port, monkeypatch):
    made, _ = port
    monkeypatch.setattr("penchant.serve.edge.operations_port.is_own_name", lambda name: True)
    foreign = said(made, b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert b"penchant_events_total" in foreign


def test_it_is_asked_though_the_routes_have_all_threads(tells):
    import anyio
    from anyio import to_thread

    ended, said = threading.Event(), []

    async def routes_hold_all_threads() -> None:
        async def probe() -> None:
            while pool.statistics().borrowed_tokens < pool.total_tokens:
                await anyio.sleep(0.01)
            with anyio.move_on_after(10):
                await app(scope, wait, hear)
            ended.set()

        pool, app = to_thread.current_default_thread_limiter(), Probes(tells, ready())
        async with anyio.create_task_group() as group:
            for _ in range(int(pool.total_tokens)):
                group.start_soon(to_thread.run_sync, ended.wait)
            group.start_soon(probe)

    async def wait() -> dict:
        return {"type": "http.request"}

    async def hear(message) -> None:
        said.append(message)

    scope = {"type": "http", "method": "GET", "path": "/readyz", "headers": [], "query_string": b""}
    anyio.run(routes_hold_all_threads)
    assert said
    assert said[0]["status"] == 200
