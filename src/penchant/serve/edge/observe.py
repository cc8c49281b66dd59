"""What is known of every request: its id, how long it took, how it ended."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .asgi import Header, header, method_of, state_of, with_headers
from .keys import Caller
from .metrics import Metrics
from .rules import Rules

VERSION = b"x-model-version"

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

current_request_id: ContextVar[str] = ContextVar("penchant_request_id", default="")
"""The id of the request that is being served, for log lines far from it."""

log = logging.getLogger("penchant.access")


class Observe:
    """Gives each request an id, counts it and writes a line about it; outside everything else.

    A client's ``x-request-id`` is kept where it is 1 to 64 letters, digits, dots, hyphens and
    underscores. Logs and labels have the template of the route, never the path, which may hold the
    id of a user; and neither the address of a client nor its query.

    Args:
        app: what is watched.
        metrics: that the requests are counted in.
        rules: that know the templates of routes; a request that was refused reached none.
        version: of the model that serves, for ``x-model-version``; an answer that names its own
            keeps it.
        clock: seconds, of any start.
        on: False leaves requests alone.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        rules: Rules,
        *,
        version: Callable[[], str] = lambda: "",
        clock: Callable[[], float] = time.perf_counter,
        on: bool = True,
    ) -> None:
        self._app = app
        self._rules = rules
        self._version = version
        self._clock = clock
        self._on = on
        what = ("method", "route", "status")
        requests = metrics.counter("http_requests_total", "Requests answered.", what)
        durations = metrics.histogram(
            "http_request_duration_seconds", "From the request to the end of its answer.", what[:2]
        )
        # labels are looked up under a lock each time; there are few of them
        self._counted = cache(lambda *of: requests.labels(*map(str, of)))
        self._timed = cache(lambda *of: durations.labels(*of))
        self._ids = RequestIds()
        self._flying = metrics.gauge("http_requests_in_flight", "Requests being served.")
        self._refused = metrics.problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not self._on or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given_id(scope) or self._ids.fresh()
        state_of(scope)["request_id"] = request_id
        token = current_request_id.set(request_id)
        begun, status, sent = self._clock(), 0, 0

        async def watched(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                message = self._told(message, request_id)
            else:
                sent += len(message.get("body", b""))
            await send(message)

        self._flying.inc()
        try:
            await self._app(scope, receive, watched)
        finally:
            self._flying.dec()
            self._note(scope, status, self._clock() - begun, sent)
            current_request_id.reset(token)

    def _told(self, message: Message, request_id: str) -> Message:
        """The start of an answer with the request's id, and the model's where it names none."""
        named: list[Header] = [(b"x-request-id", request_id.encode())]
        if all(name.lower() != VERSION for name, _ in message.get("headers", ())):
            version = self._version()  # which looks at the disk
            if version:
                named.append((VERSION, version.encode()))
        return with_headers(message, named)

    def _note(self, scope: Scope, status: int, seconds: float, sent: int) -> None:
        """Count a request; status 0 is a client that left, or a connection that was cut off."""
        state = state_of(scope)
        method, route = method_of(scope), self._route(scope)
        problem = state.get("problem")
        self._counted(method, route, status).inc()
        self._timed(method, route).observe(seconds)
        if problem:
            self._refused(problem)
        quiet = route in PROBES and status < 400
        if quiet or not log.isEnabledFor(logging.INFO):
            return
        caller: Caller | None = state.get("caller")
        told = {
            "method": method,
            "route": route,
            "status": status,
            "seconds": round(seconds, 6),
            "bytes": sent,
            "key": caller.key_id if caller else "",
            "problem": problem or "",
        }
        log.info("request", extra={"told": told})

    def _route(self, scope: Scope) -> str:
        return self._rules.template(scope)


PROBES = frozenset({"/livez", "/readyz", "/metrics"})
"""Asked every few seconds for ever: logged only when they fail."""


class RequestIds:
    """Ids of 32 hexadecimal digits that nobody can guess.

    The system is asked for many at a time: a call of it for each request shows in a profile.
    """

    MANY = 64

    def __init__(self) -> None:
        self._left: list[str] = []

    def fresh(self) -> str:
        """An id that nothing had before."""
        if not self._left:
            digits = secrets.token_hex(16 * self.MANY)
            self._left = [digits[at : at + 32] for at in range(0, len(digits), 32)]
        return self._left.pop()


def _given_id(scope: Scope) -> str:
    """The id that a client gave, or none."""
    given = header(scope, b"x-request-id")
    return given.decode() if given is not None and REQUEST_ID.fullmatch(given) else ""
