"""A light load generator: HTTP/1.1 over loopback from one thread, about 40 microseconds a request.

``open_loop`` sends when a schedule of Poisson arrivals says so, however the server fares, and counts
the time of an answer from the moment for which its request was planned: a server that stalls pays
for everybody who would have come meanwhile (G. Tene's "coordinated omission"). ``closed_loop`` has so
many clients that each wait for an answer before they ask again, which finds the most that is served.
"""

from __future__ import annotations

import gc
import math
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

PATIENCE = 30.0
"""Seconds for the last answers to come."""

IDLE = 3.0
"""Seconds after which a connection is made anew, as servers close those that are idle."""


Heard = Callable[[bytes, float, int, bytes], None]
"""Told of each answer: the request, when it was sent (``perf_counter``), status and body."""


def http(path: str, body: bytes, key: str = "") -> bytes:
    """A POST of JSON, as it goes over the wire."""
    known = f"Authorization: Bearer {key}\r\n" if key else ""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{known}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass
class Outcome:
    """What came of a load.

    Attributes:
        seconds: from the first request to the last answer.
        latencies: seconds of each answer, in the order in which they came.
        late: seconds by which the generator itself sent each request too late.
        statuses: how many answers had each.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def figures(self) -> dict[str, float]:
        """Requests a second, and milliseconds at quantiles."""
        cut = [f"p{share:g}_ms" for share in (50, 90, 99, 99.9)]
        at = np.quantile(self.latencies or [math.nan], [0.5, 0.9, 0.99, 0.999]) * 1e3
        return {
            "requests": len(self.latencies),
            "failed": sum(count for status, count in self.statuses.items() if status >= 300),
            "per_second": len(self.latencies) / self.seconds,
            **dict(zip(cut, at.tolist(), strict=True)),
            "max_ms": max(self.latencies, default=math.nan) * 1e3,
            "generator_late_p99_ms": float(np.quantile(self.late or [0.0], 0.99)) * 1e3,
        }


class Wire:
    """One kept-alive connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.due = self.sent = 0.0
        self.request = b""
        self._got = b""
        self._connect()

    def send(self, request: bytes, due: float) -> None:
        """Ask; ``due`` is the moment for which that was planned."""
        if due - self.due > IDLE:
            self.socket.close()
            self._connect()
        self.due, self._got = due, b""
        self.request, self.sent = request, time.perf_counter()
        self.socket.sendall(request)

    def _connect(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self._port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = time.perf_counter()

    def answer(self) -> tuple[int, bytes] | None:
        """Status and body, or None while more of them is to come."""
        part = self.socket.recv(1 << 18)
        if not part:
            raise ConnectionError("the server closed a connection")
        self._got += part
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return None
        return int(head[9:12]), body


def _length(head: bytes) -> int:
    lower = head.lower()
    start = lower.index(b"content-length:") + 15
    return int(lower[start:].partition(b"\r\n")[0])


def ask(wire: Wire, request: bytes) -> tuple[int, bytes]:
    """One request, waited for."""
    wire.send(request, time.perf_counter())
    while (found := wire.answer()) is None:
        pass
    return found


@contextmanager
def wires(port: int, count: int) -> Iterator[list[Wire]]:
    """Connections, and no collection of garbage while they are at work."""
    opened = [Wire(port) for _ in range(count)]
    gc.collect()
    gc.disable()
    try:
        yield opened
    finally:
        gc.enable()
        for wire in opened:
            wire.socket.close()


def open_loop(
    port: int,
    requests: Sequence[bytes],
    rate: float,
    *,
    seed: int = 0,
    connections: int = 64,
    heard: Heard | None = None,
) -> Outcome:
    """Send requests at Poisson arrivals of ``rate`` a second; all of them, one after the other."""
    arrivals = np.cumsum(np.random.default_rng(seed).exponential(1 / rate, len(requests))).tolist()
    found, sent = Outcome(), 0
    with wires(port, connections) as free:
        busy: dict[int, Wire] = {}
        begun = time.perf_counter() + 0.05
        plan = deque((begun + at, request) for at, request in zip(arrivals, requests, strict=True))
        while plan or busy:
            now = time.perf_counter()
            while plan and free and plan[0][0] <= now:
                due, request = plan.popleft()
                wire = free.pop()
                wire.send(request, due)
                busy[wire.socket.fileno()] = wire
                found.late.append(now - due)
                sent += 1
                now = time.perf_counter()
            wait = max(0.0, plan[0][0] - now) if plan and free else PATIENCE
            _take(busy, wait, found, free.append, heard)
        found.seconds = time.perf_counter() - begun
    return found


def closed_loop(port: int, requests: Iterator[bytes], clients: int, seconds: float) -> Outcome:
    """Clients that ask again as soon as they are answered, for so many seconds."""
    found = Outcome()
    with wires(port, clients) as opened:
        busy: dict[int, Wire] = {}
        begun = time.perf_counter()
        until = begun + seconds

        def again(wire: Wire) -> None:
            now = time.perf_counter()
            if now < until:
                wire.send(next(requests), now)
                busy[wire.socket.fileno()] = wire

        for wire in opened:
            again(wire)
        while busy:
            _take(busy, PATIENCE, found, again)
        found.seconds = time.perf_counter() - begun
    return found


def _take(
    busy: dict[int, Wire],
    wait: float,
    found: Outcome,
    then: Callable[[Wire], None],
    heard: Heard | None = None,
) -> None:
    """Wait for answers and take those that are there."""
    ready, _, _ = select.select(list(busy), [], [], wait)
    if not ready and wait >= PATIENCE:
        raise TimeoutError(f"no answer within {PATIENCE:g} s")
    for handle in ready:
        wire = busy[handle]
        answer = wire.answer()
        if answer is None:
            continue
        found.latencies.append(time.perf_counter() - wire.due)
        found.statuses[answer[0]] += 1
        if heard is not None:
            heard(wire.request, wire.sent, *answer)
        del busy[handle]
        then(wire)
