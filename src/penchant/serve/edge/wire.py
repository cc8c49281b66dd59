"""Bounds on a connection before there is a request: uvicorn has none of its own.

uvicorn times idle connections only, and forgets the timer at the first byte: headers that trickle in
hold a connection for ever, and grow without end (uvicorn issue 157, open since 2018; measured: a
header of any size is kept in memory). An ASGI middleware comes too late for either.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from penchant.core import UsageError

from .problems import MEDIA_TYPE, HttpProblem, send_problem


@dataclass(frozen=True, slots=True)
class WireLimits:
    """What one client may take of the server before it has asked anything; None for no bound."""

    header_seconds: float | None = 10.0
    """Seconds for the request line and headers to arrive in."""

    header_bytes: int | None = 32_768
    """Bytes of the request line and headers."""

    linger_seconds: float | None = 2.0
    """Seconds for a refused body to end in: closing at once would make clients miss the answer."""

    linger_bytes: int = 262_144
    """Bytes of it that are still read, and thrown away; then the client has to wait."""

    connections: int | None = 800
    """Connections of one process; further ones are closed at once. Below the usual 1,024 open files."""

    def __post_init__(self) -> None:
        for name in ("header_seconds", "header_bytes", "linger_seconds", "connections"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UsageError(f"[serve.edge.wire] {name} must be above 0, got {value}.")


SLOW = HttpProblem(408, "headers-too-slow", "The headers did not arrive in time.")
LARGE = HttpProblem(
    431,
    "headers-too-large",
    "The request line and headers are too large.",
    headers={"connection": "close"},
)
FULL = HttpProblem(503, "overloaded", "Too many connections. Try again later.")
BROKEN = HttpProblem(400, "not-http", "The request is not HTTP.")


def wire_protocol(limits: WireLimits | None = None) -> type[HttpToolsProtocol]:
    """The protocol of uvicorn with bounds: ``uvicorn.Config(http=wire_protocol())``."""
    chosen = limits or WireLimits()

    class Bounded(BoundedProtocol):
        """With the limits of one server."""

        limits = chosen

    return Bounded


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections whose headers are slow or large, or whose refused bodies do not end."""

    limits = WireLimits()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._awaits_headers = True
        self._header_bytes = 0
        self._awaits_end = False  # of a body
        self._thrown_away: int | None = None  # bytes of a body that nobody wants
        self._deadline: asyncio.TimerHandle | None = None

    # From the server

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time for the first request's headers."""
        super().connection_made(transport)
        most = self.limits.connections
        if most is not None and len(self.connections) > most:
            self._refuse(FULL)
            return
        self._start(self.limits.header_seconds, self._headers_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the headers have become too long."""
        if self._thrown_away is not None:
            self._thrown_away += len(data)
            if self._thrown_away > self.limits.linger_bytes:
                self.flow.pause_reading()
                return
        if self._awaits_headers:
            self._header_bytes += len(data)
            if self._deadline is None:  # of a later request on the same connection
                self._start(self.limits.header_seconds, self._headers_late)
        super().data_received(data)
        most = self.limits.header_bytes
        if self._awaits_headers and most is not None and self._header_bytes > most:
            self._refuse(LARGE)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP with a problem, too."""
        self._refuse(BROKEN)

    # From the parser

    def on_headers_complete(self) -> None:
        """Hand the request on, or to one who refuses it."""
        self._stop()
        self._awaits_headers, self._awaits_end = False, True
        app, most = self.app, self.limits.header_bytes
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if most is not None and size > most:
            self.app = _too_large
        super().on_headers_complete()
        self.app = app

    def on_message_complete(self) -> None:
        """The request is here, whole."""
        super().on_message_complete()
        self._awaits_headers, self._awaits_end = True, False
        self._header_bytes, self._thrown_away = 0, None
        self._stop()

    def on_response_complete(self) -> None:
        """Give a body that nobody reads a little time to end."""
        super().on_response_complete()
        unread = self._awaits_end and self.cycle.response_complete  # not the body of a next request
        if unread and not self.transport.is_closing() and self.limits.linger_seconds is not None:
            self._thrown_away = 0
            self._start(self.limits.linger_seconds, self.transport.close)

    # The clock

    def _start(self, seconds: float | None, then: Any) -> None:
        self._stop()
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, then)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _headers_late(self) -> None:
        self._deadline = None
        cycle: Any = self.cycle  # None before the first request
        if cycle is not None and not cycle.response_complete:
            return  # the next request began while this one is being answered: its time has not come
        self._refuse(SLOW)

    def _refuse(self, problem: HttpProblem) -> None:
        self._stop()
        if self.transport.is_closing():
            return
        body = problem.body()
        line = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n"
        head = f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        kind = b"content-type: " + MEDIA_TYPE + b"\r\n"
        self.transport.write(line.encode() + kind + head.encode() + body)
        self.transport.close()


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    await send_problem(LARGE, scope, send)
