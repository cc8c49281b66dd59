"""Clients that do not read, that ask ahead, that end a body with other things: on real sockets."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from uvicorn import Config

from penchant.serve.edge import WireLimits
from penchant.serve.edge.wire import wire_protocol
from penchant.testing.serving import PATIENCE, Served, read_all, serving

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    with ExitStack() as running:

        def start(app, limits: WireLimits, loop: str = "auto", **more) -> Served:
            config = Config(
                app,
                http=wire_protocol(limits, **more),
                loop=loop,
                log_config=None,
                lifespan="off",
                ws="none",
            )
            return running.enter_context(serving(config))

        yield start


async def told(send, body: bytes) -> None:
    length = str(len(body)).encode()
    headers = [(b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def repeats(scope, receive, send) -> None:
    """Answers with the names of the headers and the body, when the body is whole."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        more = message.get("more_body", False)
    names = b" ".join(name for name, _ in scope["headers"])
    await told(send, names + b"|" + body)


async def much(scope, receive, send) -> None:
    """Answers with more than the buffers of two sockets hold."""
    await told(send, b"x" * 20_000_000)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def unread(served: Served, requests: int = 1) -> ExitStack:
    """A client that asks and reads nothing."""
    held = ExitStack()
    wire = held.enter_context(socket.socket())
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    wire.connect(("127.0.0.1", served.port))
    wire.sendall(GET * requests)
    return held


@pytest.mark.parametrize("close", [False, True])
def test_who_does_not_read_an_answer_is_cut_off(serve, close: bool):
    async def closes(scope, receive, send) -> None:
        body = b"x" * 20_000_000
        headers = [(b"content-length", b"20000000"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    served = serve(closes if close else much, WireLimits(unread_seconds=0.2))
    with unread(served):
        assert until(lambda: served.server.server_state.total_requests == 1 or close)
        assert until(lambda: not served.server.server_state.connections)


def test_who_stops_reading_near_the_end_is_cut_off(serve):
    """At the low-water mark the transport says that all is well, and says nothing more."""

    async def closes(scope, receive, send) -> None:
        (one,) = served.server.server_state.connections
        one.transport.set_write_buffer_limits(high=40_000_000)
        headers = [(b"content-length", b"20000000"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        part = {"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True}
        for _ in range(19):
            await send(part)
        held = one.transport.get_write_buffer_size()  # the last part is one too many
        one.transport.set_write_buffer_limits(high=held + 500_000, low=held - 3_000_000)
        await send(part | {"more_body": False})

    served = serve(closes, WireLimits(unread_seconds=1.5), loop="asyncio")  # tells it in time
    with socket.socket() as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        wire.settimeout(PATIENCE)
        wire.connect(("127.0.0.1", served.port))
        wire.sendall(GET)
        left = 8_000_000
        while left > 0:
            left -= len(wire.recv(65_536))
        assert until(lambda: not served.server.server_state.connections)


def test_with_the_bound_off_what_is_not_read_is_kept(serve):
    served = serve(much, WireLimits(unread_seconds=None))
    with unread(served):
        assert until(lambda: len(served.server.server_state.connections) == 1)
        time.sleep(0.6)
        assert len(served.server.server_state.connections) == 1


def test_who_reads_slowly_gets_all_of_it(serve):
    served = serve(much, WireLimits(unread_seconds=2.0))
    with served.connect() as wire:
        wire.sendall(GET[:-2] + b"Connection: close\r\n\r\n")
        time.sleep(0.3)
        assert len(read_all(wire)) > 20_000_000


def test_a_trailer_is_no_header(serve):
    """What a guard looked at, or a proxy took out, must not come in behind the body."""
    sent = CHUNKED + b"2\r\nhi\r\n0\r\nAuthorization: Bearer x\r\nHost: other\r\n\r\n"
    with serve(repeats, WireLimits()).connect() as wire:
        wire.sendall(sent)
        answer = wire.recv(65_536)
        assert answer.endswith(b"\r\n\r\nhost transfer-encoding|hi")
        wire.sendall(GET)
        assert wire.recv(65_536).endswith(b"host|")


ENDLESS = {
    "one trailer": (b"0\r\nX: ", b"a" * 1_000),
    "trailers": (b"0\r\n", b"X: y\r\n" * 200),
    "an extension of a chunk": (b"1;", b"a" * 1_000),
}


@pytest.mark.parametrize(("begin", "part"), ENDLESS.values(), ids=ENDLESS)
def test_what_follows_a_body_without_end_is_refused(serve, begin: bytes, part: bytes):
    """Of 100 MB, for any reader's key, a service kept every byte."""
    served = serve(repeats, WireLimits(header_bytes=4_000))
    with served.connect() as wire:
        wire.sendall(CHUNKED + begin)
        sent = 0
        try:
            while sent < 100_000_000:
                wire.sendall(part)
                sent += len(part)
        except ConnectionError:
            pass
        assert sent < 100_000_000
        assert status(read_all(wire)) in (0, 431)  # 0: the reset overtook the answer


def test_a_long_body_in_small_chunks_is_no_long_trailer(serve):
    served = serve(repeats, WireLimits(header_bytes=4_000))
    with served.connect() as wire:
        wire.sendall(CHUNKED[:-2] + b"Connection: close\r\n\r\n")
        for _ in range(200):
            wire.sendall(b"64\r\n" + b"x" * 100 + b"\r\n")
        wire.sendall(b"0\r\n\r\n")
        assert read_all(wire).endswith(b"|" + b"x" * 20_000)


def test_no_refusal_is_taken_for_the_answer_to_the_request_before(serve):
    """It was done, perhaps; to hear 400 of it would be wrong, to hear nothing leaves it open."""

    async def thinks(scope, receive, send) -> None:
        await asyncio.sleep(0.3)
        await repeats(scope, receive, send)

    served = serve(thinks, WireLimits(header_bytes=4_000))
    for behind in (b"no HTTP\r\n\r\n", GET[:-2] + b"X: " + b"a" * 5_000):
        with served.connect() as wire:
            wire.sendall(GET)
            time.sleep(0.1)
            wire.sendall(behind)
            assert status(read_all(wire)) not in (400, 431)


def test_refusals_on_the_wire_are_counted(serve):
    codes: list[str] = []
    served = serve(repeats, WireLimits(header_bytes=4_000), refused=codes.append)
    served.say(b"no HTTP\r\n\r\n")
    served.say(GET[:-2] + b"X: " + b"a" * 5_000)
    served.say(GET[:-2] + b"X: " + b"a" * 5_000 + b"\r\n\r\n")
    served.say(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" + UPGRADE + b"\r\n")
    assert codes == ["not-http", "headers-too-large", "headers-too-large", "upgrade"]


UPGRADE = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"


def test_an_upgrade_is_left_alone_and_the_connection_ends(serve):
    """The parser stops there: a further request would never be answered."""
    answer = serve(repeats, WireLimits()).say(GET[:-2] + UPGRADE + b"\r\n" + GET)
    assert answer.count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize("length", [b"Content-Length: 2", b"Transfer-Encoding: chunked"])
def test_a_body_behind_an_upgrade_is_refused_and_not_lost(serve, length: bytes):
    """httptools leaves the body out: a route would get an empty one, and a next request from it."""
    sent = b"POST / HTTP/1.1\r\nHost: localhost\r\n" + UPGRADE + length + b"\r\n\r\n" + GET
    answer = serve(repeats, WireLimits()).say(sent)
    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"problem-type:penchant:upgrade" in answer


def test_who_waits_makes_room(serve):
    """Whoever holds all connections and asks nothing locks nobody out."""
    served = serve(repeats, WireLimits(connections=3, idle_seconds=0.1))
    with ExitStack() as held:
        wires = [held.enter_context(served.connect()) for _ in range(3)]
        for wire in wires:
            wire.sendall(GET)
            assert status(wire.recv(65_536)) == 200
            time.sleep(0.05)  # the loop's clock is coarse
        time.sleep(0.3)
        assert status(served.say(GET[:-2] + b"Connection: close\r\n\r\n")) == 200
        assert read_all(wires[0]) == b"", "the one that waited longest was closed"


def test_who_is_being_answered_does_not_make_room(serve):
    done = asyncio.Event()

    async def thinks(scope, receive, send) -> None:
        await done.wait()

    served = serve(thinks, WireLimits(connections=3, idle_seconds=0.1))
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(served.connect()).sendall(GET)
        time.sleep(0.3)
        assert status(served.say(GET)) == 503


def test_with_the_bound_off_who_waits_locks_others_out(serve):
    served = serve(repeats, WireLimits(connections=3, idle_seconds=None))
    with ExitStack() as held:
        for _ in range(3):
            wire = held.enter_context(served.connect())
            wire.sendall(GET)
            assert status(wire.recv(65_536)) == 200
        time.sleep(1.2)
        assert status(served.say(GET)) == 503
