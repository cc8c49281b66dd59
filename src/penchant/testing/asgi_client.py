"""Asking an ASGI app without a server: every byte of the request is the test's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What an app answered.

    Attributes:
        status: of the response.
        headers: by lower-case name; the last where there are several.
        body: whole.
        scope: as the app left it, with ``state``.
        asked: how often the app asked for a part of the body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    scope: Scope
    asked: int

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Of a problem document, the end of its type; ``""`` for anything else."""
        if self.headers.get("content-type") != "application/problem+json":
            return ""
        return str(self.json()["type"]).rpartition(":")[2]


def scope_of(
    method: str, target: str, headers: Headers = (), client: tuple[str, int] = ("127.0.0.1", 50_000)
) -> Scope:
    """The scope that a server makes of a request; Host is ``localhost`` where it is not given."""
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    if not any(name.lower() == "host" for name, _ in pairs):
        pairs.insert(0, ("host", "localhost"))
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs],
        "client": client,
        "server": ("127.0.0.1", 80),
        "state": {},
    }


def ask(
    app: ASGIApp,
    method: str,
    target: str,
    *,
    headers: Headers = (),
    body: bytes | Iterable[bytes] | None = None,
    client: tuple[str, int] = ("127.0.0.1", 50_000),
) -> Reply:
    """Ask an app one question, in an event loop of its own.

    Args:
        app: without a lifespan; ``Conversation`` is for one that has it.
        method: of the request.
        target: path and query, as sent.
        headers: of the request. ``content-length`` and ``content-type: application/json`` are added
            to a body in one piece that comes without; parts are sent as they are, as chunks.
        body: whole, or in parts, an endless iterable too.
        client: address and port.

    Raises:
        whatever the app raises.
    """
    with Conversation(app, lifespan=False) as asking:
        return asking.ask(method, target, headers=headers, body=body, client=client)


class Conversation:
    """An app that is asked several questions, begun and ended as a server does it.

    Args:
        app: to ask.
        lifespan: whether the app is told of the beginning and the end.
    """

    def __init__(self, app: ASGIApp, *, lifespan: bool = True) -> None:
        self._app = app
        self._lifespan = lifespan
        self._runner = asyncio.Runner()
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        self._life: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._runner.__enter__()
        if self._lifespan:
            self._runner.run(self._tell("startup"))
        return self

    def __exit__(self, *error: object) -> None:
        if self._lifespan:
            self._runner.run(self._tell("shutdown"))
        self._runner.close()

    async def _tell(self, what: str) -> None:
        if self._life is None:
            scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
            life = self._app(scope, self._to_app.get, self._from_app.put)
            self._life = asyncio.ensure_future(life)
        await self._to_app.put({"type": f"lifespan.{what}"})
        answer = await self._from_app.get()
        if answer["type"] != f"lifespan.{what}.complete":
            raise AssertionError(f"the app did not complete its {what}: {answer}")

    def ask(
        self,
        method: str,
        target: str,
        *,
        headers: Headers = (),
        body: bytes | Iterable[bytes] | None = None,
        client: tuple[str, int] = ("127.0.0.1", 50_000),
    ) -> Reply:
        """Ask one question; as ``ask``."""
        scope, parts = request_of(method, target, headers, body, client)
        return self._runner.run(_ask(self._app, scope, parts))


def request_of(
    method: str,
    target: str,
    headers: Headers,
    body: bytes | Iterable[bytes] | None,
    client: tuple[str, int],
) -> tuple[Scope, Iterable[bytes]]:
    """The scope of a request, and the parts of its body."""
    scope = scope_of(method, target, headers, client)
    names = {name for name, _ in scope["headers"]}
    if isinstance(body, bytes):
        if b"content-length" not in names:
            scope["headers"].append((b"content-length", str(len(body)).encode()))
        if b"content-type" not in names:
            scope["headers"].append((b"content-type", b"application/json"))
        parts = iter([body])
    else:
        if body is not None and b"content-length" not in names:
            scope["headers"].append((b"transfer-encoding", b"chunked"))
        parts = iter(body or ())
    return scope, parts


async def _ask(app: ASGIApp, scope: Scope, parts: Iterable[bytes]) -> Reply:
    rest = iter(parts)
    sent: list[Message] = []
    asked, ended = 0, False

    async def receive() -> Message:
        nonlocal asked, ended
        asked += 1
        if ended:  # who has said everything leaves: an endless answer ends with that
            return {"type": "http.disconnect"}
        part = next(rest, None)
        more = part is not None
        ended = not more
        return {"type": "http.request", "body": part or b"", "more_body": more}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    starts = [message for message in sent if message["type"] == "http.response.start"]
    if len(starts) != 1:
        raise AssertionError(f"{len(starts)} responses were started")
    headers = {name.decode(): value.decode("latin-1") for name, value in starts[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in sent if message not in starts)
    return Reply(starts[0]["status"], headers, body, scope, asked)
