"""Headers that keep a browser from doing more with an answer than was meant."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .asgi import path_of, with_headers

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Of the console: its own files, no inline script, nothing from elsewhere, no frame around it."""

COMMON = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


class SecurityHeaders:
    """Adds them to every answer that does not have its own.

    Args:
        app: what answers.
        pages: beginnings of paths that are pages for people, with the policy of pages.
        page_policy: their Content-Security-Policy.
        on: False takes the guard out.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        pages: tuple[str, ...] = ("/console",),
        page_policy: str = PAGE_POLICY,
        on: bool = True,
    ) -> None:
        self._app = app
        self._pages = pages
        policy = b"content-security-policy"
        self._page = (*COMMON, (policy, page_policy.encode()))
        self._api = (*COMMON, (policy, API_POLICY.encode()), (b"cache-control", b"no-store"))
        self._on = on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not self._on or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        page = any(self._inside(path_of(scope), start) for start in self._pages)
        extra = self._page if page else self._api

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = with_headers(message, extra)
            await send(message)

        await self._app(scope, receive, guarded)

    def _inside(self, path: str, start: str) -> bool:
        return path == start or path.startswith(start + "/")
