"""The whole edge around an app, in the order that makes each part cheap for the next."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from penchant.core import UsageError

from .access import Access, RateLimit
from .audit import Audit, AuditTrail
from .bodies import BodyGuard, BodyLimits
from .buckets import Buckets, OwnBuckets, Rates
from .faults import Problems, Translate
from .hosts import HostCheck, host_name
from .keyring import Keyring
from .keys import Caller
from .metrics import Metrics
from .observe import Observe
from .readiness import Probes, Readiness
from .rules import Rules
from .security_headers import PAGE_POLICY, SecurityHeaders
from .tracing import Traces
from .urls import UrlCheck
from .wire import wire_protocol
from .wire_limits import WireLimits


@dataclass(frozen=True, slots=True)
class EdgeConfig:
    """How much the edge lets through."""

    allow_hosts: tuple[str, ...] = ()
    """Names that the service answers to beside localhost and addresses; "*" for any."""

    bodies: BodyLimits = field(default_factory=BodyLimits)
    """Bounds on bodies."""

    url_bytes: int = 4096
    """Bytes of path and query."""

    rate: float = 1000.0
    """Requests a second of one key, or of one address where no key is needed for a page; keys can
    have a rate of their own."""

    burst: float = 2000.0
    """Requests at once after a pause."""

    page_policy: str = PAGE_POLICY
    """Content-Security-Policy of the console."""

    tracing: bool = False
    """Whether each request is a span for OpenTelemetry."""

    wire: WireLimits = field(default_factory=WireLimits)
    """Bounds on connections and headers."""

    def __post_init__(self) -> None:
        bounded = math.isfinite(self.rate) and math.isfinite(self.burst)
        if not (bounded and self.url_bytes > 0 and self.rate > 0 and self.burst >= 1):
            raise UsageError(
                "[serve.edge] url_bytes and rate must be above 0, burst at least 1, and all finite; "
                f"got {self.url_bytes}, {self.rate} and {self.burst}."
            )
        for name in self.allow_hosts:
            if name != "*" and host_name(name) != name.lower().rstrip("."):
                raise UsageError(
                    f"[serve.edge] allow_hosts: {name!r} is no name of a host. Write it without "
                    "scheme, port and path, as shop.example."
                )


@dataclass(frozen=True, slots=True)
class Edge:
    """What the edge works with.

    Attributes:
        keyring: the keys.
        anybody: who asks without a key (``check_exposure``), or None.
        rules: the scope of each route.
        metrics: of the service.
        readiness: of the service.
        trail: of what is done with admin rights; None for no trail.
        version: of the model that serves.
        translate: the problem that an error of the routes means, or None for a fault.
        shared: a folder that all processes of the service have while they run; None for one process.
    """

    keyring: Keyring
    anybody: Caller | None
    rules: Rules
    metrics: Metrics
    readiness: Readiness
    trail: AuditTrail | None = None
    version: Callable[[], str] = lambda: ""
    translate: Translate | None = None
    shared: Path | None = None


GUARDS = (
    "bodies",
    "audit",
    "rate",
    "access",
    "hosts",
    "urls",
    "problems",
    "headers",
    "observe",
    "http-only",
)
"""What can be taken out of the stack, by a test that shows what it is for; from the inside out."""


def guarded(app: ASGIApp, config: EdgeConfig, edge: Edge, *, off: Collection[str] = ()) -> ASGIApp:
    """An app behind all of the edge that is not on the wire (``server_config`` is).

    Args:
        app: of the service.
        config: how much is let through.
        edge: what is worked with.
        off: of ``GUARDS``, those that are left out: for tests, and nothing else.

    Raises:
        UsageError: no such guard.
    """
    if unknown := set(off) - set(GUARDS):
        raise UsageError(f"no guard {min(unknown)!r}. There are {', '.join(GUARDS)}.")
    app = BodyGuard(app, config.bodies, on="bodies" not in off)
    if edge.trail is not None:
        app = Audit(app, edge.rules, edge.trail, on="audit" not in off)
    app = RateLimit(app, _buckets(config, edge), on="rate" not in off)
    app = Access(app, edge.rules, edge.keyring, anybody=edge.anybody, on="access" not in off)
    app = HostCheck(app, config.allow_hosts, on="hosts" not in off)
    app = UrlCheck(app, longest=config.url_bytes, on="urls" not in off)
    app = Probes(app, edge.readiness)
    app = Problems(app, edge.translate, on="problems" not in off)
    app = SecurityHeaders(app, page_policy=config.page_policy, on="headers" not in off)
    app = Observe(app, edge.metrics, edge.rules, version=edge.version, on="observe" not in off)
    if config.tracing:
        app = Traces(app, edge.rules)
    return app if "http-only" in off else HttpOnly(app)


def _buckets(config: EdgeConfig, edge: Edge) -> Buckets:
    rates = Rates(config.rate, config.burst)
    if edge.shared is None:
        return OwnBuckets(rates)
    from .shared_buckets import SharedBuckets

    return SharedBuckets(edge.shared / "rates", rates)


class HttpOnly:
    """Turns WebSockets away, which no guard here looks at."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._app(scope, receive, send)


def server_config(
    app: ASGIApp,
    config: EdgeConfig,
    *,
    host: str,
    port: int,
    refused: Callable[[str], None] = lambda _: None,
) -> uvicorn.Config:
    """A uvicorn with the bounds of the edge, and without what it does unasked.

    Nobody's word about a client's address is taken: uvicorn itself takes ``X-Forwarded-For`` of
    anybody on this machine.

    Args:
        app: of ``guarded``.
        config: of the edge.
        host: to listen on.
        port: to listen on.
        refused: told the code of each problem that is answered before there is a request
            (``Metrics.problem``).
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=wire_protocol(config.wire, refused),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
    )
