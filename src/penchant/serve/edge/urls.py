"""Paths and queries that can be read in one way only."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from .problems import HttpProblem, send_problem

BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


class UrlCheck:
    """Refuses URLs that are too long, not UTF-8, or hold control characters.

    uvicorn decodes ``%00`` to a NUL and ``%ff`` to a replacement character, so that two ids become
    one, and a NUL reaches the log.

    Args:
        app: what is guarded.
        longest: bytes of path and query, as sent.
        on: False takes the guard out.
    """

    def __init__(self, app: ASGIApp, *, longest: int = 4096, on: bool = True) -> None:
        self._app = app
        self._longest = longest
        self._on = on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        problem = self._wrong(scope) if self._on and scope["type"] == "http" else None
        if problem is not None:
            await send_problem(problem, scope, send)
            return
        await self._app(scope, receive, send)

    def _wrong(self, scope: Scope) -> HttpProblem | None:
        path = scope.get("raw_path") or scope["path"].encode()
        query = scope.get("query_string", b"")
        if len(path) + len(query) > self._longest:
            detail = f"Path and query may have {self._longest} bytes. Send long things in a body."
            return HttpProblem(414, "url-too-long", detail)
        if wrong := _unreadable(path) or _unreadable(query.replace(b"+", b" ")):
            return HttpProblem(400, "bad-url", wrong)
        return None


def _unreadable(part: bytes) -> str:
    if BROKEN_ESCAPE.search(part):
        return "A % that two hexadecimal digits do not follow. Write it as %25."
    decoded = unquote_to_bytes(part)
    if CONTROL.search(decoded):
        return "A control character in the path or query. Leave it out."
    try:
        decoded.decode("utf-8")
    except UnicodeDecodeError:
        return "The path or query is not percent-encoded UTF-8."
    return ""
