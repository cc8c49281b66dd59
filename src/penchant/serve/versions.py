"""Which model answers, in every answer."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .tenant import Tenant


def name_of_tenant(scope: Scope) -> str:
    """The tenant that a request is for, by the key it came with; ``""`` where there is one only."""
    caller = scope.get("state", {}).get("caller")
    return getattr(caller, "tenant", None) or ""


class ModelVersion:
    """Adds ``x-model-version`` where a route did not: the model of the tenant that asks.

    Args:
        app: what answers.
        tenants: by name.
    """

    def __init__(self, app: ASGIApp, tenants: Mapping[str, Tenant]) -> None:
        self._app = app
        self._tenants = tenants

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                tenant = self._tenants.get(name_of_tenant(scope))
                headers = message["headers"]
                if tenant and not any(name == b"x-model-version" for name, _ in headers):
                    version = tenant.service.version.encode()
                    message = {**message, "headers": [*headers, (b"x-model-version", version)]}
            await send(message)

        await self._app(scope, receive, told)
