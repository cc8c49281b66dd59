"""What huge bodies cost: nothing that grows with them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from penchant.testing.serving import PATIENCE, read_all

pytestmark = pytest.mark.slow

MIB = 2**20
PROGRAM = """
import socket, sys
import uvicorn
from penchant.serve.edge import BodyGuard, BodyLimits, wire_protocol

async def app(scope, receive, send):
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})

largest = int(sys.argv[1]) or None
limits = BodyLimits(largest=largest, together=largest and 8 * largest)
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen()
print(listening.getsockname()[1], flush=True)
config = uvicorn.Config(BodyGuard(app, limits), http=wire_protocol(), log_config=None, lifespan="off")
uvicorn.Server(config).run(sockets=[listening])
"""


class Running:
    """A server in a process of its own, whose memory can be looked at."""

    def __init__(self, largest: int) -> None:
        argv = [sys.executable, "-c", PROGRAM, str(largest)]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def send(self, size: int, *, chunked: bool) -> bytes:
        """Send so many bytes, or as many as the server takes; and hear its answer."""
        import socket

        head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        head += "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
        piece = b" " * 65_536
        part = b"10000\r\n" + piece + b"\r\n" if chunked else piece
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as wire:
            try:
                wire.sendall(head.encode() + b"\r\nConnection: close\r\n\r\n")
                for _ in range(size // 65_536):
                    wire.sendall(part)
                if chunked:
                    wire.sendall(b"0\r\n\r\n")
            except ConnectionError:
                pass
            return read_all(wire)

    def peak(self) -> int:
        """Most bytes of memory so far."""
        status = psutil.Process(self.process.pid).memory_info()
        with open(f"/proc/{self.process.pid}/status") as file:  # noqa: PTH123 - no file of ours
            high = next(line for line in file if line.startswith("VmHWM"))
        return max(status.rss, int(high.split()[1]) * 1024)


@pytest.fixture
def running(request) -> Iterator[Running]:
    if not sys.platform.startswith("linux"):
        pytest.skip("the peak of memory is read as Linux tells it")
    made = Running(request.param)
    made.send(65_536, chunked=False)  # everything is loaded
    yield made
    made.process.kill()
    made.process.wait()
    made.process.stdout.close()


@pytest.mark.parametrize("running", [2 * MIB], indirect=True)
@pytest.mark.parametrize("chunked", [True, False])
def test_memory_is_bounded_whatever_is_sent(running: Running, chunked: bool):
    before = running.peak()
    for _ in range(4):
        assert b" 413 " in running.send(64 * MIB, chunked=chunked)[:20]
    assert running.peak() - before < 2 * 2 * MIB


@pytest.mark.parametrize("running", [0], indirect=True)
def test_with_the_bound_off_it_grows_with_the_body(running: Running):
    before = running.peak()
    assert b" 200 " in running.send(64 * MIB, chunked=True)[:20]
    assert running.peak() - before > 60 * MIB
