"""What FastAPI needs to keep to the edge's ways: strict bodies, and problems instead of its own errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from penchant.core import PenchantError

from .faults import Translate, as_problem
from .fields import LOCATIONS, field_errors, invalid_body, names_of
from .problems import MEDIA_TYPE, HttpProblem
from .strict_json import parse_json

LARGE_BODY = 65_536
"""Bytes above which a body is read on another thread, to let the event loop answer others."""

ELSEWHERE = {
    404: ("not-found", "See /openapi.json for what there is."),
    405: ("method-not-allowed", "See /openapi.json for the methods of this route."),
}


class _Parsed(Request):
    """A request whose body was read strictly before FastAPI asks for it."""

    def __init__(self, request: Request, content: bytes, document: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._content = content
        self._document = document

    async def body(self) -> bytes:
        return self._content

    async def json(self) -> Any:
        return self._document


class StrictRoute(APIRoute):
    """A route that reads JSON with ``parse_json``: ``APIRouter(route_class=StrictRoute)``.

    The parameters, the models and the OpenAPI document stay FastAPI's own.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of FastAPI, behind the strict reader."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            body = await request.body()
            if not body:
                return await handle(request)
            large = len(body) > LARGE_BODY
            document = await run_in_threadpool(parse_json, body) if large else parse_json(body)
            return await handle(_Parsed(request, body, document))

        return strict


def install_problem_handlers(app: FastAPI, translate: Translate | None = None) -> None:
    """Make an app answer with problem documents where it would answer with ``{"detail": ...}``.

    Args:
        app: before its first request.
        translate: the problem that an error of the routes means, or None for a fault (500).
    """
    handlers = _Handlers(app, translate)
    app.add_exception_handler(RequestValidationError, handlers.invalid)
    app.add_exception_handler(HTTPException, handlers.http_error)
    app.add_exception_handler(PenchantError, handlers.error)
    app.add_exception_handler(Exception, handlers.error)


class _Handlers:
    def __init__(self, app: FastAPI, translate: Translate | None) -> None:
        self._app = app
        self._translate = translate
        self._names: frozenset[str] | None = None
        self._paths: list[tuple[re.Pattern[str], list[str]]] | None = None

    def names(self) -> frozenset[str]:
        """The names of the schema, which answers may repeat."""
        if self._names is None:
            self._names = names_of(self._app.openapi())
        return self._names

    def methods(self, path: str) -> list[str]:
        """The methods that a path has, in the document."""
        if self._paths is None:
            self._paths = [
                (re.compile(re.sub(r"\{[^}]*\}", "[^/]+", template)), sorted(methods))
                for template, methods in self._app.openapi()["paths"].items()
            ]
        found = [methods for pattern, methods in self._paths if pattern.fullmatch(path)]
        return sorted({method.upper() for methods in found for method in methods})

    async def error(self, request: Request, error: Exception) -> Response:
        return _answer(request, as_problem(error, self._translate))

    async def invalid(self, request: Request, error: Exception) -> Response:
        found = error.errors() if isinstance(error, RequestValidationError) else []
        body = [{**each, "loc": each["loc"][1:]} for each in found if each["loc"][0] == "body"]
        if body:
            return _answer(request, invalid_body(body, _names_of(request) or self.names()))
        errors = field_errors(found, self.names(), within=LOCATIONS)
        detail = "See errors for which parameter."
        return _answer(request, HttpProblem(422, "invalid-parameter", detail, errors=errors))

    async def http_error(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = dict(getattr(error, "headers", None) or {})
        if status == 405 and (allowed := self.methods(request.scope["path"])):
            headers["Allow"] = ", ".join(allowed)  # of all routes; FastAPI tells those of the first
        code, detail = ELSEWHERE.get(status, ("refused", "The request cannot be answered."))
        return _answer(request, HttpProblem(status, code, detail, headers=headers))


def _names_of(request: Request) -> frozenset[str]:
    """The names that the body of this route may have; none where it is not known."""
    field = getattr(request.scope.get("route"), "body_field", None)
    model = getattr(getattr(field, "field_info", None), "annotation", None)
    return _names_in(model) if model is not None else frozenset()


@cache
def _names_in(model: Any) -> frozenset[str]:
    return names_of(TypeAdapter(model).json_schema())


def _answer(request: Request, problem: HttpProblem) -> Response:
    request.state.problem = problem.code
    body = problem.body(getattr(request.state, "request_id", ""))
    headers = {"cache-control": "no-store", **problem.headers}
    return Response(body, problem.status, headers, MEDIA_TYPE.decode())
