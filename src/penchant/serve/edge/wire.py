"""Bounds on a connection before there is a request: uvicorn has none of its own.

uvicorn times idle connections only, and forgets the timer at the first byte: headers that trickle in
hold a connection for ever, and grow without end (uvicorn issue 157, open since 2018; measured: a
header of any size is kept in memory). An ASGI middleware comes too late for either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .problems import MEDIA_TYPE, HttpProblem, send_problem
from .wire_limits import WireLimits

SLOW = HttpProblem(408, "headers-too-slow", "The headers did not arrive in time.")
LARGE = HttpProblem(
    431,
    "headers-too-large",
    "The request line and headers are too large.",
    headers={"connection": "close"},
)
FULL = HttpProblem(503, "overloaded", "Too many connections. Try again later.")
BROKEN = HttpProblem(400, "not-http", "The request is not HTTP.")
UPGRADE = HttpProblem(
    400,
    "upgrade",
    "Send a request that has a body without the header Upgrade, by HTTP/1.1.",
    headers={"connection": "close"},
)


def wire_protocol(
    limits: WireLimits | None = None, refused: Callable[[str], None] = lambda _: None
) -> type[HttpToolsProtocol]:
    """The protocol of uvicorn with bounds: ``uvicorn.Config(http=wire_protocol())``.

    Args:
        limits: on connections and headers.
        refused: told the code of each problem that is answered before there is a request.
    """
    chosen = limits or WireLimits()

    class Bounded(BoundedProtocol):
        """With the limits of one server."""

        limits = chosen

        def _told(self, problem: HttpProblem) -> None:
            refused(problem.code)

    return Bounded


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections that are slow or large before a request, after it, or in its answer."""

    limits = WireLimits()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._awaits_headers = True
        self._header_bytes = 0
        self._awaits_end = False  # of a body
        self._aside_bytes = 0  # of a body, since its last byte: extensions of chunks, trailers
        self._thrown_away: int | None = None  # bytes of a body that nobody wants
        self._deadline: asyncio.TimerHandle | None = None  # of what is read
        self._unread: asyncio.TimerHandle | None = None  # of what is written
        self._idle_since = self.loop.time()

    # From the server

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time for the first request's headers."""
        super().connection_made(transport)
        most = self.limits.connections
        if most is not None and len(self.connections) > most and not self._make_room():
            self._refuse(FULL)
            return
        self._start(self.limits.header_seconds, self._headers_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop()
        self._read_again()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless what is no body has become too long."""
        if self._thrown_away is not None:
            self._thrown_away += len(data)
            if self._thrown_away > self.limits.linger_bytes:
                self.flow.pause_reading()
                return
        if self._awaits_headers:
            self._header_bytes += len(data)
            if self._deadline is None:  # of a later request on the same connection
                self._start(self.limits.header_seconds, self._headers_late)
        else:
            self._aside_bytes += len(data)
        super().data_received(data)
        most = self.limits.header_bytes
        if most is not None and max(self._header_bytes, self._aside_bytes) > most:
            self._refuse(LARGE)

    def pause_writing(self) -> None:
        """The client does not take its answer: start its time."""
        super().pause_writing()
        self._watch_unread()

    def resume_writing(self) -> None:
        """It does; at the end of a connection, the clock goes on until all of it is taken."""
        if not self.transport.is_closing():
            self._read_again()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """No further request came."""
        self._close()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP with a problem, too."""
        self._refuse(BROKEN)

    def _unsupported_upgrade_warning(self) -> None:
        """Close after the answer: the parser reads no more. No line: anybody could fill the log."""
        self.cycle.keep_alive = False

    # From the parser

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; a trailer is none (RFC 9110, section 6.5.1) and is left out."""
        if self._awaits_headers:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hand the request on, or to one who refuses it."""
        self._stop()
        self._awaits_headers, self._awaits_end = False, True
        self._header_bytes = self._aside_bytes = 0
        app, most = self.app, self.limits.header_bytes
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        problem = None
        if most is not None and size > most:
            problem = LARGE
        elif self.parser.should_upgrade() and _has_body(self.headers):
            problem = UPGRADE  # the parser leaves the body out
        if problem is not None:
            self._told(problem)
            self.app = _refusing(problem)
        super().on_headers_complete()
        self.app = app

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._aside_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is here, whole."""
        super().on_message_complete()
        self._awaits_headers, self._awaits_end = True, False
        self._header_bytes = self._aside_bytes = 0
        self._thrown_away = None
        self._stop()

    def on_response_complete(self) -> None:
        """Give a body that nobody reads a little time to end, and an answer a little to be read."""
        super().on_response_complete()
        self._idle_since = self.loop.time()
        if self.transport.is_closing():
            self._watch_unread()
            return
        unread = self._awaits_end and self.cycle.response_complete  # not the body of a next request
        if unread and self.limits.linger_seconds is not None:
            self._thrown_away = 0
            self._start(self.limits.linger_seconds, self._close)

    # The clocks

    def _start(self, seconds: float | None, then: Any) -> None:
        self._stop()
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, then)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _watch_unread(self) -> None:
        """Cut the client off if it has not taken what was written when the time is over."""
        if self._unread is None and self.limits.unread_seconds is not None:
            self._unread = self.loop.call_later(self.limits.unread_seconds, self.transport.abort)

    def _read_again(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _headers_late(self) -> None:
        self._deadline = None
        if not self._is_idle():
            return  # the next request began while this one is being answered: its time has not come
        self._refuse(SLOW)

    # The end

    def _is_idle(self) -> bool:
        """Whether no request is being answered."""
        cycle: Any = self.cycle  # None before the first request
        return cycle is None or cycle.response_complete

    def _make_room(self) -> bool:
        """Close the connection that has waited longest for its next request; False where none has."""
        patience = self.limits.idle_seconds
        if patience is None:
            return False
        latest = self.loop.time() - patience
        idle = [
            one
            for one in self.connections
            if isinstance(one, BoundedProtocol)
            and one._idle_since <= latest
            and one._is_idle()
            and not one.transport.is_closing()
        ]
        if not idle:
            return False
        min(idle, key=lambda one: one._idle_since)._close()
        return True

    def _close(self) -> None:
        """Close when all that was written is sent, or cut off in a while."""
        self._stop()
        if not self.transport.is_closing():
            self.transport.close()
            self._watch_unread()

    def _may_answer(self) -> bool:
        """Whether bytes that are written now are the answer to what is being read, and to nothing else."""
        cycle: Any = self.cycle
        if self._awaits_end:
            return not self.pipeline and not cycle.response_started
        return self._is_idle()

    def _told(self, problem: HttpProblem) -> None:
        """Hear of a problem that is answered here."""

    def _refuse(self, problem: HttpProblem) -> None:
        if self.transport.is_closing():
            return
        self._told(problem)
        if not self._may_answer():
            self._close()
            return
        body = problem.body()
        line = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n"
        head = f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        kind = b"content-type: " + MEDIA_TYPE + b"\r\n"
        self.transport.write(line.encode() + kind + head.encode() + body)
        self._close()


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in headers
    )


def _refusing(problem: HttpProblem) -> ASGIApp:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await send_problem(problem, scope, send)

    return refuse
