"""Errors of whatever stands further in, as answers."""

from __future__ import annotations

import logging
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant.core import Overloaded

from .problems import HttpProblem, send_problem

Translate = Callable[[Exception], HttpProblem | None]
"""The problem that an error means to a client, or None for a fault of the service."""

log = logging.getLogger("penchant.serve")


def as_problem(error: Exception, translate: Translate | None = None) -> HttpProblem:
    """The answer to an error; one that nobody knows is logged and becomes 500 without its words."""
    if isinstance(error, HttpProblem):
        return error
    if isinstance(error, Overloaded):
        headers = {"retry-after": str(error.retry_after)}
        return HttpProblem(503, "overloaded", "Try again later.", headers=headers)
    known = translate(error) if translate else None
    if known is not None:
        return known
    log.error("fault", exc_info=error)
    detail = "The log of the service says more, under this request id. It is safe to try again."
    return HttpProblem(500, "fault", detail)


class Problems:
    """Turns what the app raises into an answer.

    Args:
        app: what may raise.
        translate: the problem that an error of the app means, or None for a fault.
        on: False lets errors through, which a test uses to see what this guard is for.
    """

    def __init__(
        self, app: ASGIApp, translate: Translate | None = None, *, on: bool = True
    ) -> None:
        self._app = app
        self._translate = translate
        self._on = on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not self._on or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = ended = False

        async def watched(message: Message) -> None:
            nonlocal begun, ended
            begun = True
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # the outermost place that can still answer
            if ended:  # answered; FastAPI raises once more after its own answer to a fault
                return
            problem = as_problem(error, self._translate)
            if begun:  # half an answer must not look like a whole one: the server cuts it off
                raise
            await send_problem(problem, scope, send)
