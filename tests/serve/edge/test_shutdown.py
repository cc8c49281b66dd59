"""Leaving on SIGTERM without anybody noticing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from penchant.testing.serving import PATIENCE, read_all

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

PROGRAM = """
import asyncio, socket, sys
import uvicorn
from penchant.serve.edge import LameDuckServer, Probes, Readiness

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/slow":
        print("slow", flush=True)
        await asyncio.sleep(0.6)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})

readiness = Readiness()
readiness.start()
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen()
config = uvicorn.Config(Probes(app, readiness), log_config=None, lifespan="off", timeout_graceful_shutdown=5)
server = LameDuckServer(config, readiness, seconds=float(sys.argv[1]))
handle = server.handle_exit
def told(signal, frame):
    handle(signal, frame)
    print("told", flush=True)
server.handle_exit = told
started = server.startup
async def startup(sockets=None):
    await started(sockets=sockets)
    print(listening.getsockname()[1], flush=True)
server.startup = startup
server.run(sockets=[listening])
"""


class Running:
    """A server in a process of its own."""

    def __init__(self, seconds: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(seconds)], stdout=subprocess.PIPE, text=True
        )
        self.port = int(self.line())

    def line(self) -> str:
        return self.process.stdout.readline()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def get(self, target: str) -> bytes:
        with self.connect() as wire:
            wire.sendall(
                f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            )
            return read_all(wire)

    def signal(self, which: signal.Signals) -> None:
        self.process.send_signal(which)
        assert self.line() == "told\n"


@pytest.fixture
def running(request) -> Iterator[Running]:
    made = Running(request.param)
    yield made
    made.process.kill()
    made.process.wait()
    made.process.stdout.close()


@pytest.mark.parametrize("running", [1.5], indirect=True)
def test_after_sigterm_it_is_not_ready_and_answers_all_the_same(running: Running):
    assert running.get("/readyz").startswith(b"HTTP/1.1 200")
    running.signal(signal.SIGTERM)
    assert running.get("/readyz").startswith(b"HTTP/1.1 503")
    assert running.get("/livez").startswith(b"HTTP/1.1 200")
    began = time.monotonic()
    while time.monotonic() - began < 0.7:  # uvicorn alone would have closed its door after 0.1 s
        answer = running.get("/")  # a connection made after the signal
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answer
    assert running.process.wait(PATIENCE) == -signal.SIGTERM
    with pytest.raises(ConnectionRefusedError):
        running.connect()


@pytest.mark.parametrize("running", [0.3], indirect=True)
def test_what_was_asked_is_answered(running: Running):
    with running.connect() as wire:
        wire.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert running.line() == "slow\n"
        running.signal(signal.SIGTERM)
        assert read_all(wire).endswith(b"hi")
    assert running.process.wait(PATIENCE) == -signal.SIGTERM


@pytest.mark.parametrize("running", [60.0], indirect=True)
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_wait(running: Running, second: signal.Signals):
    running.signal(signal.SIGTERM)
    began = time.monotonic()
    running.signal(second)
    running.process.wait(PATIENCE)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("running", [60.0], indirect=True)
def test_ctrl_c_waits_for_nobody(running: Running):
    running.signal(signal.SIGINT)
    running.process.wait(PATIENCE)


@pytest.mark.parametrize("running", [0.0], indirect=True)
def test_with_no_while_at_all_the_door_closes_at_once(running: Running):
    """What uvicorn does by itself: whoever still sends requests here is refused."""
    running.signal(signal.SIGTERM)
    running.process.wait(PATIENCE)
    with pytest.raises(ConnectionRefusedError):
        running.connect()
