"""The whole edge around an app, in the order that makes each part cheap for the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from penchant.core import UsageError

from .access import Access, RateLimit
from .audit import Audit, AuditTrail
from .bodies import BodyGuard, BodyLimits
from .buckets import Buckets
from .faults import Problems, Translate
from .hosts import HostCheck
from .keyring import Keyring
from .keys import Caller
from .metrics import Metrics
from .observe import Observe
from .readiness import Probes, Readiness
from .rules import Rules
from .security_headers import PAGE_POLICY, SecurityHeaders
from .tracing import Traces
from .urls import UrlCheck
from .wire import WireLimits, wire_protocol


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
        if not (self.url_bytes > 0 and self.rate > 0 and self.burst >= 1):
            raise UsageError(
                "[serve.edge] url_bytes and rate must be above 0 and burst at least 1, got "
                f"{self.url_bytes}, {self.rate} and {self.burst}."
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
    """

    keyring: Keyring
    anybody: Caller | None
    rules: Rules
    metrics: Metrics
    readiness: Readiness
    trail: AuditTrail | None = None
    version: Callable[[], str] = lambda: ""
    translate: Translate | None = None


def guarded(app: ASGIApp, config: EdgeConfig, edge: Edge) -> ASGIApp:
    """An app behind all of the edge that is not on the wire (``server_config`` is)."""
    app = BodyGuard(app, config.bodies)
    if edge.trail is not None:
        app = Audit(app, edge.rules, edge.trail)
    app = RateLimit(app, Buckets(config.rate, config.burst))
    app = Access(app, edge.rules, edge.keyring, anybody=edge.anybody)
    app = HostCheck(app, config.allow_hosts)
    app = UrlCheck(app, longest=config.url_bytes)
    app = Probes(app, edge.readiness)
    app = Problems(app, edge.translate)
    app = SecurityHeaders(app, page_policy=config.page_policy)
    app = Observe(app, edge.metrics, edge.rules, version=edge.version)
    if config.tracing:
        app = Traces(app, edge.rules)
    return HttpOnly(app)


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
    app: ASGIApp, config: EdgeConfig, *, host: str, port: int, proxies: str = ""
) -> uvicorn.Config:
    """A uvicorn with the bounds of the edge, and without what it does unasked.

    Args:
        app: of ``guarded``.
        config: of the edge.
        host: to listen on.
        port: to listen on.
        proxies: addresses, separated by commas, whose word about the client's address is taken
            (``X-Forwarded-For``); uvicorn itself takes that of anybody on this machine.
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=wire_protocol(config.wire),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
    )
