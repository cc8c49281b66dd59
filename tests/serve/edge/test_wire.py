"""What reaches the server before there is a request: slow, large and broken bytes, on real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from uvicorn import Config

from penchant.serve.edge import BodyLimits, EdgeConfig, WireLimits, server_config
from penchant.serve.edge.wire import wire_protocol
from penchant.testing.serving import Served, read_all, serving

FAST = WireLimits(header_seconds=0.2, header_bytes=2_000, linger_seconds=0.2, connections=20)
OFF = WireLimits(header_seconds=None, header_bytes=None, linger_seconds=None, connections=None)
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


async def hello(scope, receive, send) -> None:
    """Reads nothing, answers at once."""
    if scope["type"] != "http":
        return
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    )
    await send({"type": "http.response.body", "body": b"hi"})


@pytest.fixture
def serve() -> Iterator[Callable[[WireLimits], Served]]:
    with ExitStack() as running:

        def start(limits: WireLimits, app=hello, keep_alive: int = 20) -> Served:
            config = Config(
                app,
                http=wire_protocol(limits),
                log_config=None,
                lifespan="off",
                timeout_keep_alive=keep_alive,
                access_log=False,
            )
            return running.enter_context(serving(config))

        yield start


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def is_still_open(wire: socket.socket) -> bool:
    """Whether the server waits for more: nothing comes for longer than it was told to wait."""
    wire.settimeout(1.0)
    try:
        return wire.recv(1) != b""
    except TimeoutError:
        return True


SLOW_HEADERS = {
    "nothing at all": b"",
    "half a request line": b"GET / HT",
    "half a header": b"GET / HTTP/1.1\r\nHost: loc",
    "headers without their end": b"GET / HTTP/1.1\r\nHost: localhost\r\n",
    "empty lines": b"\r\n\r\n\r\n",
}


@pytest.mark.parametrize("sent", SLOW_HEADERS.values(), ids=SLOW_HEADERS)
def test_headers_that_do_not_come_are_given_up(serve, sent: bytes):
    answer = serve(FAST).say(sent)
    assert status(answer) == 408
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert body["type"].endswith(":headers-too-slow")
    assert b"application/problem+json" in answer


@pytest.mark.parametrize("sent", SLOW_HEADERS.values(), ids=SLOW_HEADERS)
def test_with_the_bound_off_they_hold_the_connection(serve, sent: bytes):
    with serve(OFF).connect() as wire:
        wire.sendall(sent)
        assert is_still_open(wire)


def test_a_later_request_has_its_own_time(serve):
    """uvicorn forgets its own timer at the first byte."""
    with serve(FAST).connect() as wire:
        wire.sendall(GET)
        assert b"hi" in wire.recv(65_536)
        wire.sendall(b"GET / HT")
        assert status(read_all(wire)) == 408


def test_a_trickle_does_not_help(serve):
    served = serve(WireLimits(header_seconds=0.3))
    with served.connect() as wire:
        answer = b""
        wire.settimeout(0.05)
        for byte in b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 1_000:
            try:
                wire.sendall(bytes([byte]))
                answer += wire.recv(65_536)
                break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        assert status(answer) == 408


def test_an_answer_may_take_longer_than_headers_may(serve):
    async def thinks(scope, receive, send) -> None:
        await asyncio.sleep(0.5)
        await hello(scope, receive, send)

    with serve(FAST, thinks).connect() as wire:
        wire.sendall(GET + b"GET / HT")  # and a client that is ahead of itself
        assert status(wire.recv(65_536)) == 200


def test_large_headers_are_refused(serve):
    served = serve(FAST)
    assert status(served.say(GET[:-2] + b"X: " + b"a" * 3_000 + b"\r\n\r\n")) == 431
    assert status(served.say(GET[:-2] + b"X: " + b"a" * 3_000)) == 431, "before their end"
    assert status(served.say(b"GET /" + b"a" * 3_000)) == 431
    assert status(served.say(GET[:-2] + b"X: y\r\n" * 500)) == 431
    assert (
        status(served.say(GET[:-2] + b"X: " + b"a" * 1_000 + b"\r\nConnection: close\r\n\r\n"))
        == 200
    )


def test_with_the_bound_off_any_header_is_kept(serve):
    """A megabyte of header in memory, for each connection, before anybody is asked for a key."""
    answer = serve(OFF).say(GET[:-2] + b"X: " + b"a" * 1_000_000 + b"\r\nConnection: close\r\n\r\n")
    assert status(answer) == 200


def test_headers_of_one_request_do_not_count_for_the_next(serve):
    with serve(FAST).connect() as wire:
        for _ in range(5):
            wire.sendall(GET[:-2] + b"X: " + b"a" * 1_000 + b"\r\n\r\n")
            assert status(wire.recv(65_536)) == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: -5\r\n\r\n",
        POST + b"Content-Length: 5x\r\n\r\nhello",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    ],
    ids=range(13),
)
def test_what_is_not_http_is_refused(serve, sent: bytes):
    """Among them the ways to make two servers disagree about where a request ends."""
    answer = serve(FAST).say(sent)
    first = status(answer)
    assert first == 400 or (first == 200 and b"transfer-encoding: chunked" in sent.lower())
    assert b"hello" not in answer


def test_no_more_connections_than_allowed(serve):
    served = serve(WireLimits(connections=3, idle_seconds=None))
    with ExitStack() as held:
        wires = [held.enter_context(served.connect()) for _ in range(3)]
        for wire in wires:
            wire.sendall(GET)
            assert status(wire.recv(65_536)) == 200
        assert status(served.say()) == 503
        wires[0].close()
        assert any(
            status(served.say(GET[:-2] + b"Connection: close\r\n\r\n")) == 200 for _ in range(200)
        ), "a place that is free again"


def test_with_the_bound_off_there_are_as_many_as_come(serve):
    served = serve(OFF)
    with ExitStack() as held:
        wires = [held.enter_context(served.connect()) for _ in range(30)]
        for wire in wires:
            wire.sendall(GET)
            assert status(wire.recv(65_536)) == 200


LONG = POST + b"Content-Length: 1000000\r\n\r\n" + b"x" * 10


def test_a_refused_body_that_does_not_end_is_cut_off(serve):
    """The app answered without reading; the client goes on sending, or says nothing more."""
    assert status(serve(FAST).say(LONG)) == 200


def test_with_the_bound_off_it_holds_the_connection(serve):
    with serve(OFF).connect() as wire:
        wire.sendall(LONG)
        assert b"hi" in wire.recv(65_536)
        wire.sendall(b"x")
        assert is_still_open(wire)


def test_a_refused_body_that_ends_leaves_the_connection_usable(serve):
    with serve(FAST).connect() as wire:
        for _ in range(3):
            wire.sendall(POST + b"Content-Length: 2\r\n\r\n{}")
            assert status(wire.recv(65_536)) == 200


@pytest.fixture
def edged(small) -> Iterator[Callable[..., Served]]:
    """The small app behind the edge, with real sockets."""
    with ExitStack() as running:

        def start(**limits: float | None) -> Served:
            config = EdgeConfig(bodies=BodyLimits(**limits), wire=FAST)
            made = small(config=config)
            return running.enter_context(
                serving(server_config(made.app, config, host="127.0.0.1", port=0))
            )

        yield start


EVENTS = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
EVENT = b'{"user_id": "u1", "item_id": "i1", "event_time": 1}'


def test_the_whole_edge_takes_an_event(edged):
    served = edged()
    answer = served.say(
        EVENTS + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(EVENT) + EVENT
    )
    assert status(answer) == 202
    assert b"server:" not in answer.lower()
    assert b"content-security-policy" in answer


def test_a_slow_body_is_given_up(edged):
    answer = edged(seconds=0.2).say(EVENTS + b"Content-Length: 50\r\n\r\n{")
    assert status(answer) == 408
    assert b"body-too-slow" in answer


def test_a_huge_body_is_refused_before_it_is_read(edged):
    """The client hears 413 although it is still sending; what it goes on to send is thrown away."""
    served = edged()
    with served.connect() as wire:
        wire.sendall(EVENTS + b"Content-Length: 68719476736\r\n\r\n")
        answer = wire.recv(65_536)
        assert status(answer) == 413
        sent = 0
        try:
            while sent < 2**30:
                wire.sendall(b"x" * 65_536)
                sent += 65_536
        except ConnectionError:
            pass
        assert sent < 2**30, "the connection was closed in the end"


def test_an_endless_chunked_body_takes_bounded_memory(edged):
    served = edged(largest=1_000_000)
    with served.connect() as wire:
        wire.sendall(EVENTS + b"Transfer-Encoding: chunked\r\n\r\n")
        part = b"10000\r\n" + b" " * 65_536 + b"\r\n"
        try:
            for _ in range(20):
                wire.sendall(part)
        except ConnectionError:
            pass
        assert status(read_all(wire)) == 413


def test_a_client_that_waits_for_leave_to_send_hears_no_first(edged):
    with edged().connect() as wire:
        wire.sendall(EVENTS + b"Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
        assert status(wire.recv(65_536)) == 413


def test_a_websocket_is_turned_away(edged):
    answer = edged().say(
        b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert status(answer) in (400, 405)
