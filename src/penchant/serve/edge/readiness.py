"""Whether a service is alive, and whether it should be sent requests.

``/livez`` says that the process can answer at all and looks at nothing else: a check that waits for
a busy model gets a healthy service killed. ``/readyz`` asks real questions of what a request needs.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from anyio import CapacityLimiter, to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant.core import LogError

from .asgi import path_of, send_whole, with_headers
from .faults import Translate

log = logging.getLogger("penchant.serve")

Check = Callable[[], object]
"""Asks a question and returns; raises where it has no good answer."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How one check went.

    Attributes:
        name: of the check.
        good: whether it returned in time.
        seconds: that it took.
        reason: why it is not good, in words that anybody may read.
    """

    name: str
    good: bool
    seconds: float
    reason: str = ""


class Readiness:
    """Not ready, then ready, then draining; asked by ``/readyz`` and told by the server.

    Args:
        checks: by name, run one after the other on a thread of their own.
        seconds: for all of them together; a check that hangs is a failed one.
        keep: seconds for which the result of the checks is kept, so that being asked often costs
            nothing.
        clock: seconds, of any start.
        translate: the problem that an error means, whose words tell why a check failed.
    """

    def __init__(
        self,
        checks: Mapping[str, Check] | None = None,
        *,
        translate: Translate | None = None,
        seconds: float = 2.0,
        keep: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._checks = dict(checks or {})
        self._seconds = seconds
        self._keep = keep
        self._clock = clock
        self._translate = translate
        self._lock = threading.Lock()
        self._asking: threading.Thread | None = None
        self._result: tuple[Checked, ...] = ()
        self._asked_at: float | None = None
        self.state = "starting"
        """``starting``, ``ready`` or ``draining``."""

    def start(self) -> None:
        """Everything is loaded: answer by the checks from now on."""
        self.state = "ready"

    def drain(self) -> None:
        """Ask to be sent no more requests, while those that come are still answered."""
        self.state = "draining"

    @property
    def draining(self) -> bool:
        """Whether the service is about to stop."""
        return self.state == "draining"

    def ask(self) -> tuple[bool, tuple[Checked, ...]]:
        """Whether requests are welcome, and how each check went; blocks for at most ``seconds``."""
        if self.state != "ready":
            return False, ()
        # While somebody asks, others get the last answer; only the first one of all is waited for.
        if self._lock.acquire(blocking=self._asked_at is None):
            try:
                if self._asked_at is None or self._clock() - self._asked_at >= self._keep:
                    self._result = self._run()
                    self._asked_at = self._clock()
            finally:
                self._lock.release()
        result = self._result
        return all(checked.good for checked in result), result

    def _run(self) -> tuple[Checked, ...]:
        until = self._clock() + self._seconds
        return tuple(self._one(name, check, until) for name, check in self._checks.items())

    def _one(self, name: str, check: Check, until: float) -> Checked:
        """Ask on a thread that may be left behind: nothing can stop a check that hangs."""
        began = self._clock()
        failed: list[BaseException] = []
        if self._asking is None or not self._asking.is_alive():
            self._asking = threading.Thread(
                target=_asked, args=(check, failed), name="penchant-ready", daemon=True
            )
            self._asking.start()
        else:
            failed.append(TimeoutError("an earlier check has not come back"))
        self._asking.join(timeout=max(0.0, until - began))
        if self._asking.is_alive():
            failed.append(TimeoutError("too slow"))
        if failed:
            told = {"check": name} | _for_operators(failed[0])
            log.warning("not-ready", exc_info=failed[0], extra={"told": told})
        reason = self._why(failed[0]) if failed else ""
        return Checked(name, not failed, self._clock() - began, reason)

    def _why(self, error: BaseException) -> str:
        """What anybody may hear of an error; its own words may quote what it is about."""
        if isinstance(error, TimeoutError):
            return "It has not come back in time."
        known = None
        if isinstance(error, Exception) and self._translate is not None:
            known = self._translate(error)
        return "It failed; the log of the service says where." if known is None else known.detail


def _for_operators(error: BaseException) -> dict[str, str]:
    """What is wrong with a log and what to do: it names files and servers, and nobody else."""
    return {"reason": str(error)} if isinstance(error, LogError) else {}


def _asked(check: Check, failed: list[BaseException]) -> None:
    try:
        check()
    except BaseException as error:  # noqa: BLE001 - whatever it is, the service is not ready
        failed.append(error)


def livez() -> tuple[int, bytes]:
    """The answer of ``/livez``: status and JSON."""
    return 200, b'{"status":"alive"}'


def readyz(readiness: Readiness, *, verbose: bool = False) -> tuple[int, bytes]:
    """The answer of ``/readyz``: status and JSON."""
    good, checks = readiness.ask()
    status = readiness.state if good or readiness.state != "ready" else "failing"
    told: dict[str, object] = {"status": status}
    if verbose:
        told["checks"] = [
            {"name": each.name, "good": each.good, "seconds": round(each.seconds, 6)}
            | ({"reason": each.reason} if each.reason else {})
            for each in checks
        ]
    return 200 if good else 503, json.dumps(told, separators=(",", ":")).encode()


class Probes:
    """Answers ``/livez`` and ``/readyz``, and asks clients to go elsewhere while draining.

    Outside the Host check and the keys: what asks is a machine that has neither name nor key.

    Args:
        app: what answers everything else.
        readiness: of the service.
    """

    def __init__(self, app: ASGIApp, readiness: Readiness) -> None:
        self._app = app
        self._readiness = readiness
        self._own = CapacityLimiter(4)  # threads, however many wait for those of the routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = path_of(scope)
        if path in ("/livez", "/readyz") and scope["method"] in ("GET", "HEAD"):
            verbose = b"verbose" in scope.get("query_string", b"")
            if path == "/livez":
                status, body = livez()
            else:
                status, body = await to_thread.run_sync(
                    partial(readyz, self._readiness, verbose=verbose), limiter=self._own
                )
            await send_whole(send, status, body, b"application/json")
            return

        async def leaving(message: Message) -> None:
            if message["type"] == "http.response.start" and self._readiness.draining:
                message = with_headers(message, [(b"connection", b"close")])
            await send(message)

        await self._app(scope, receive, leaving)
