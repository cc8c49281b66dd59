"""The few things that every ASGI middleware of this folder needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote

from starlette.types import Message, Scope, Send

Header = tuple[bytes, bytes]

METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])


def headers_named(scope: Scope, name: bytes) -> list[bytes]:
    """Every value of a header, in the order of the request; names are lower-case in ASGI."""
    return [value for found, value in scope["headers"] if found == name]


def header(scope: Scope, name: bytes) -> bytes | None:
    """The value of a header, or None; the first where a client sends several."""
    return next((value for found, value in scope["headers"] if found == name), None)


def method_of(scope: Scope) -> str:
    """The method, as a label: one that a client made up is a time series for ever."""
    return scope["method"] if scope["method"] in METHODS else "other"


def state_of(scope: Scope) -> MutableMapping[str, Any]:
    """What middlewares tell the routes: ``request.state`` in FastAPI."""
    state: MutableMapping[str, Any] = scope.setdefault("state", {})
    return state


def path_of(scope: Scope) -> str:
    """The decoded path below the root path of a proxy, a ``%2F`` in a segment kept as it is.

    A slash that a client wrote as ``%2F`` belongs to an id and parts no segments.
    """
    path: str = scope["path"]
    raw: bytes = scope.get("raw_path") or b""
    if b"%2" in raw:
        path = unquote(re.sub(rb"%2[fF]", b"%252F", raw).decode("latin-1"))
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(root + "/") else path


def address_of(scope: Scope) -> str:
    """The address of the client, for rate limits; never logged."""
    client = scope.get("client")
    return client[0] if client else "local"


def with_headers(message: Message, extra: Iterable[Header]) -> Message:
    """The start of a response with headers that it does not have yet."""
    present = {name.lower() for name, _ in message.get("headers", [])}
    added = [(name, value) for name, value in extra if name not in present]
    return {**message, "headers": [*message.get("headers", []), *added]}


async def send_whole(
    send: Send, status: int, body: bytes, media_type: bytes, headers: Iterable[Header] = ()
) -> None:
    """Send a response that is in one piece."""
    length = str(len(body)).encode()
    sent = [(b"content-type", media_type), (b"content-length", length), *headers]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})
