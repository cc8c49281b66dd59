"""The way of a good question past FastAPI: from its body straight to the function of its route.

FastAPI looks for the route among all, opens three stacks for what dependencies may leave behind, and
reads the body with what it knows of forms: 0.15 ms of processor time for each request, and three
times that on a processor whose caches others have filled meanwhile (``bench/serving``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant.core import PenchantError

from .edge.asgi import headers_named
from .edge.fastapi_parts import LARGE_BODY
from .edge.problems import HttpProblem
from .edge.strict_json import parse_json

Call = Callable[[Request, Any], Awaitable[Response]]
"""A route that has nothing but a body: ``(request, body)``."""


class Direct:
    """Answers POSTs with a good body; whatever is odd goes on to FastAPI, which says what is wrong.

    Args:
        app: with the same routes, inside its middlewares.
        routes: by path, the model of the body and the function.
    """

    def __init__(self, app: ASGIApp, routes: Mapping[str, tuple[type[BaseModel], Call]]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope.get("root_path"):
            await self._app(scope, receive, send)
            return
        route = self._routes.get(scope["path"])
        if route is None or headers_named(scope, b"content-type") != [b"application/json"]:
            await self._app(scope, receive, send)
            return
        message = await receive()
        model, call = route
        body = _read(message, model)
        if body is None:
            await self._app(scope, _again(message, receive), send)
            return
        request = Request(scope, receive)
        try:
            answer = await call(request, body)
        except PenchantError as error:
            answer = await scope["app"].exception_handlers[PenchantError](request, error)
        await answer(scope, receive, send)


def _read(message: Message, model: type[BaseModel]) -> BaseModel | None:
    """A body in one piece that fits; None for any other."""
    content: bytes = message.get("body", b"")
    if not content or message.get("more_body") or len(content) > LARGE_BODY:
        return None
    try:
        return model.model_validate(parse_json(content))
    except (HttpProblem, ValidationError):
        return None


def _again(message: Message, receive: Receive) -> Receive:
    """A ``receive`` that begins with what was received already."""
    first = [message]

    async def received() -> Message:
        return first.pop() if first else await receive()

    return received
