"""Bodies of requests: how large, how slow, of what kind; read here, whole, before a route begins."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant.core import UsageError

from .asgi import header, headers_named
from .problems import HttpProblem, send_problem

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How much and how long; None for no bound."""

    largest: int | None = 2**20
    """Bytes of one body; a longer one is refused by its Content-Length, or when more have come."""

    together: int | None = 64 * 2**20
    """Bytes of all bodies of a process that are being read or worked on."""

    seconds: float | None = 20.0
    """Seconds for a body to arrive in."""

    def __post_init__(self) -> None:
        for name in ("largest", "together", "seconds"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UsageError(f"[serve.edge.bodies] {name} must be above 0, got {value}.")


class Gone(Exception):
    """The client left while it was sending; nobody is there to be answered."""


class BodyGuard:
    """Refuses bodies before they take memory or time, and hands a good one on in one piece.

    Args:
        app: what is guarded.
        limits: on bytes and seconds.
        on: False hands bodies on as they come.
    """

    def __init__(self, app: ASGIApp, limits: BodyLimits | None = None, *, on: bool = True) -> None:
        self._app = app
        self._limits = limits or BodyLimits()
        self._on = on
        self.held = 0
        """Bytes of the bodies that are being read or worked on."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not self._on or scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        reading = _Reading()
        try:
            self._check_headers(scope)
            body = await self._read(receive, reading)
            await self._app(scope, _replay(body, receive), send)
        except _Refusal as refusal:
            await send_problem(refusal.problem, scope, send)
        except Gone:
            return
        finally:
            self.held -= reading.held

    def _check_headers(self, scope: Scope) -> None:
        declared = header(scope, b"content-length")
        if declared is not None and not (declared.isascii() and declared.isdigit()):
            raise _Refusal(400, "length-required", "Content-Length must be a whole number.")
        if declared and _is_more(declared, self._limits.largest):
            raise self._too_large()
        if header(scope, b"content-encoding") not in (None, b"identity"):
            raise _Refusal(415, "encoded-body", "Send the body without Content-Encoding.")
        kinds = headers_named(scope, b"content-type")
        if len(kinds) != 1 or not _is_json(kinds[0].decode("latin-1")):
            raise _Refusal(415, "not-json", "Send Content-Type: application/json, in UTF-8.")

    async def _read(self, receive: Receive, reading: _Reading) -> bytes:
        try:
            async with asyncio.timeout(self._limits.seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Gone
                    self._take(message.get("body", b""), reading)
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            detail = f"A body has {self._limits.seconds:g} s to arrive. Send smaller ones."
            raise _Refusal(408, "body-too-slow", detail, {"connection": "close"}) from None
        body = b"".join(reading.parts)
        reading.parts.clear()
        return body

    def _take(self, part: bytes, reading: _Reading) -> None:
        reading.held += len(part)
        self.held += len(part)
        if self._limits.largest is not None and reading.held > self._limits.largest:
            raise self._too_large()
        if self._limits.together is not None and self.held > self._limits.together:
            detail = "Too many bodies at once. Try again in 1 s."
            raise _Refusal(503, "overloaded", detail, {"retry-after": "1"})
        reading.parts.append(part)

    def _too_large(self) -> _Refusal:
        detail = f"A body may have {self._limits.largest} bytes. Send several smaller ones."
        return _Refusal(413, "body-too-large", detail)


class _Reading:
    """A body so far."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.held = 0


class _Refusal(Exception):
    """A body that is refused here; problems of the app are not caught with it."""

    def __init__(
        self, status: int, code: str, detail: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.problem = HttpProblem(status, code, detail, headers=headers)


def _has_body(scope: Scope) -> bool:
    declared = header(scope, b"content-length")
    return declared not in (None, b"0") or header(scope, b"transfer-encoding") is not None


def _is_more(digits: bytes, most: int | None) -> bool:
    digits = digits.lstrip(b"0") or b"0"
    return most is not None and (len(digits) > 18 or int(digits) > most)


def _is_json(content_type: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    return kind == JSON and all(
        parameter in ("", "charset=utf-8", 'charset="utf-8"') for parameter in parameters
    )


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that hands out the body, then whatever really comes."""
    rest: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return rest.pop() if rest else await receive()

    return replayed
