"""Spans of requests for OpenTelemetry, where somebody wants them.

A service makes them, and ``opentelemetry-instrument penchant serve ...`` (or any SDK that is set up)
says where they go. A span has the template of the route and no path, as a path may hold an id.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant.core import MissingDependency

from .asgi import method_of, path_of, state_of
from .rules import Rules

UNTRACED = frozenset({"/livez", "/readyz", "/metrics"})
"""What machines ask every few seconds: spans of it are many, and tell nobody anything."""


class Traces:
    """A span for each request but probes, child of the one that its ``traceparent`` names.

    Names are those of the semantic conventions for HTTP servers.

    Args:
        app: what is traced.
        rules: that know the templates of routes.

    Raises:
        MissingDependency: OpenTelemetry is not installed.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        try:
            from opentelemetry import propagate, trace
        except ModuleNotFoundError as error:
            raise MissingDependency(
                "tracing needs OpenTelemetry: pip install opentelemetry-distro "
                "opentelemetry-exporter-otlp"
            ) from error
        self._app = app
        self._rules = rules
        self._trace = trace
        self._context_of = propagate.extract
        self._tracer = trace.get_tracer("penchant")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or path_of(scope) in UNTRACED:
            await self._app(scope, receive, send)
            return
        carried = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        with self._tracer.start_as_current_span(
            method_of(scope),
            context=self._context_of(carried),
            kind=self._trace.SpanKind.SERVER,
            record_exception=False,  # its message may quote somebody
        ) as span:

            async def watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status = message["status"]
                    span.set_attribute("http.response.status_code", status)
                    if status >= 500:
                        span.set_status(self._trace.StatusCode.ERROR)
                await send(message)

            try:
                await self._app(scope, receive, watched)
            finally:
                route = self._rules.template(scope)
                span.update_name(f"{method_of(scope)} {route}")
                span.set_attribute("http.request.method", method_of(scope))
                span.set_attribute("http.route", route)
                span.set_attribute("penchant.request_id", state_of(scope).get("request_id", ""))
