"""Ids in an address, whatever they hold.

A server decodes the path before it is routed, and ``/v1/items/a%2Fb`` becomes three segments. Here
the routes get the path as it was sent, where an id is one segment always, and each decodes its own.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = b"/v1/"


class RawPath:
    """Gives the routes of ``/v1`` the path undecoded."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope.get("raw_path", b"").startswith(PREFIX):
            scope = {**scope, "path": scope["raw_path"].decode("ascii", "replace")}
        await self._app(scope, receive, send)
