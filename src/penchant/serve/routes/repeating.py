"""Writes that may be sent again without being done again: the header ``Idempotency-Key``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request, Response

from penchant.core import Repeated
from penchant.store.log import Once

from ..edge import HttpProblem, fingerprint, idempotency_key

Result = TypeVar("Result")


async def done_once(
    request: Request,
    write: Callable[[Once | None], Awaitable[Result]],
    tell: Callable[[Result], str],
    status: int = 200,
) -> Response:
    """Do a write and answer; or answer what was answered to the same key before.

    The log keeps key and answer in the transaction of the write itself, so that two requests at once
    with one key, even to two processes, are one write: the second waits and hears the same.

    Args:
        request: with or without the header.
        write: does it.
        tell: the answer, as JSON, from what ``write`` gave.
        status: of the answer.

    Raises:
        HttpProblem: 400 or 422 about the key; 410, the answer was erased with a user in it.
    """
    key = idempotency_key(request.scope, getattr(request.state, "caller", None))
    if key is None:
        return _json(tell(await write(None)), status)
    print_ = fingerprint(request.method, request.scope["path"], await request.body())
    try:
        return _json(tell(await write(Once(key, print_, tell))), status)
    except Repeated as before:
        if before.fingerprint != print_:
            detail = "Use a fresh key for each request, and the same one only to repeat it."
            raise HttpProblem(422, "idempotency-key-reused", detail) from None
        if before.answer is None:
            detail = "It was done. A user in it was erased since, and the answer with them."
            raise HttpProblem(410, "answer-erased", detail) from None
        answer = _json(before.answer, status)
        answer.headers["idempotency-replayed"] = "true"
        return answer


def _json(text: str, status: int) -> Response:
    return Response(text, status, media_type="application/json")
