"""What a client hears when it is refused: a problem document (RFC 9457, 2023).

::

    HTTP/1.1 422 Unprocessable Content
    content-type: application/problem+json

    {"type": "urn:problem-type:penchant:invalid-body", "title": "...", "status": 422,
     "detail": "...", "request_id": "...", "errors": [{"pointer": "/user_id", "code": "missing", ...}]}

No document repeats a value that the request held, and of its names only those that are near to known
ones: an answer that echoes is a way to smuggle text into logs, pages and terminals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus

from starlette.types import Scope, Send

from penchant.core import PenchantError

from .asgi import send_whole, state_of

MEDIA_TYPE = b"application/problem+json"
TYPE = "urn:problem-type:penchant:"

TITLES: Mapping[str, str] = {
    "not-http": "The request is not HTTP",
    "headers-too-slow": "The headers did not arrive in time",
    "headers-too-large": "The request line and headers are too large",
    "upgrade": "Another protocol was asked for",
    "bad-url": "The URL cannot be read",
    "url-too-long": "The URL is too long",
    "bad-host": "The Host header is missing or cannot be read",
    "wrong-host": "This service does not answer to that host name",
    "cross-origin": "Pages of other sites may not call this service",
    "no-key": "A key is needed",
    "bad-key": "The key is not valid",
    "missing-scope": "The key does not allow this",
    "too-many-requests": "Too many requests",
    "length-required": "The length of the body cannot be read",
    "body-too-large": "The body is too large",
    "body-too-slow": "The body did not arrive in time",
    "not-json": "The body is not application/json",
    "encoded-body": "Compressed bodies are not taken",
    "malformed-json": "The body is not JSON as this service takes it",
    "invalid-body": "The body does not fit this route",
    "invalid-parameter": "A parameter of the URL does not fit this route",
    "bad-idempotency-key": "The Idempotency-Key cannot be used",
    "answer-erased": "The answer was erased with the user it told of",
    "idempotency-key-reused": "The Idempotency-Key was used for another request",
    "not-found": "There is nothing here",
    "method-not-allowed": "The method does not fit this route",
    "refused": "The request cannot be answered",
    "overloaded": "More is asked than can be answered in time",
    "fault": "Something went wrong inside the service",
}
"""The problems of the edge by code; a route may raise others."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with a request.

    Attributes:
        code: for programs, such as ``missing``.
        detail: for people; never what was sent.
        pointer: where in the body (JSON Pointer, RFC 6901), ``""`` being the whole of it; None
            where it is not about the body.
        parameter: the parameter of path, query or header that it is about, or None.
    """

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None


class HttpProblem(PenchantError):
    """A request that is refused; raise it anywhere below ``Problems``.

    Args:
        status: 400 to 599.
        code: what kind of problem, in lower case with hyphens: the end of its ``type``.
        detail: what was wrong with this request and what to do, without repeating it.
        errors: the places where it is wrong.
        headers: of the answer, such as ``{"retry-after": "3"}``.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def document(self, request_id: str = "") -> dict[str, object]:
        """The problem as JSON says it."""
        told: dict[str, object] = {
            "type": TYPE + self.code,
            "title": TITLES.get(self.code) or HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if request_id:
            told["request_id"] = request_id
        if self.errors:
            told["errors"] = [_told(error) for error in self.errors]
        return told

    def body(self, request_id: str = "") -> bytes:
        """The document in bytes."""
        return json.dumps(self.document(request_id), separators=(",", ":")).encode()


def _told(error: FieldError) -> dict[str, str]:
    return {name: value for name, value in asdict(error).items() if value is not None}


async def send_problem(problem: HttpProblem, scope: Scope, send: Send) -> None:
    """Answer with a problem; the scope tells the request id, and is told the code for the metrics."""
    state = state_of(scope)
    state["problem"] = problem.code
    headers = [(b"cache-control", b"no-store")]
    headers += [(name.encode(), value.encode()) for name, value in problem.headers.items()]
    body = problem.body(state.get("request_id", ""))
    await send_whole(send, problem.status, body, MEDIA_TYPE, headers)
