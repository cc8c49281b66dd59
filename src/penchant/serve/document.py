"""The OpenAPI document: what FastAPI makes of the routes, and what the edge adds to all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field
from starlette.routing import BaseRoute

from .edge import PUBLIC, Rules
from .schemas import Wrong

WRITES = frozenset({"/v1/events", "/v1/impressions", "/v1/items", "/v1/users"})
"""Where a POST takes an ``Idempotency-Key``; what else writes may be repeated as it is."""

REFUSALS = {
    "400": "The address, a header or the body cannot be read; `type` says which.",
    "401": "A key is needed: `Authorization: Bearer KEY`.",
    "403": "The key does not allow this.",
    "404": "There is no such thing.",
    "408": "The request did not arrive in time.",
    "409": "That cannot be done as things stand.",
    "410": "It was done, and what was answered was erased since.",
    "413": "The body is too large: more than a megabyte, unless the service is set otherwise.",
    "414": "The address is too long.",
    "415": "The body is not application/json.",
    "421": "The service has no such name; see `allow_hosts`.",
    "422": "The body or a parameter does not fit this route; `errors` says what and where.",
    "429": "Too many requests; `Retry-After` says when to come back.",
    "500": "A fault. It is unknown whether the request was done; it is safe to send it again.",
    "503": "More is asked than can be answered, or the log cannot be used; see `Retry-After`.",
}

EVERYWHERE = ("400", "401", "403", "414", "421", "422", "429", "500", "503")
WITH_BODY = ("408", "413", "415")


class Problem(BaseModel):
    """Why a request was refused (RFC 9457). It never repeats a value that was sent."""

    type: str = Field(examples=["urn:problem-type:penchant:invalid-body"])
    title: str
    status: int
    detail: str
    request_id: str = ""
    errors: list[Wrong] | None = None


def document(app: FastAPI) -> dict[str, Any]:
    """The document of an app, made once.

    Args:
        app: with all of its routes.
    """
    if app.openapi_schema is None:
        app.openapi_schema = _completed(
            get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=list[BaseRoute](app.routes),
                tags=app.openapi_tags,
            )
        )
    return app.openapi_schema


def _completed(found: dict[str, Any]) -> dict[str, Any]:
    parts = found.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    for own in ("HTTPValidationError", "ValidationError"):  # FastAPI's, which no route answers
        schemas.pop(own, None)
    parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    parts["responses"] = {f"Refused{code}": _refusal(says) for code, says in REFUSALS.items()}
    rules = Rules()
    for path, method, operation in _operations(found):
        _complete(path, method, operation, rules)
    return found


def _complete(path: str, method: str, operation: dict[str, Any], rules: Rules) -> None:
    codes = [*EVERYWHERE, *(WITH_BODY if "requestBody" in operation else ())]
    codes += ["404"] if "{" in path or path in ABOUT_ITEMS else []
    codes += ["409"] if path.startswith("/v1/admin") and method == "post" else []
    if method == "post" and path in WRITES:
        codes.append("410")
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    responses = operation["responses"]
    for answer in responses.values():
        answer["headers"] = HEADERS
    responses |= {code: {"$ref": f"#/components/responses/Refused{code}"} for code in codes}
    operation["responses"] = dict(sorted(responses.items()))
    scope = rules.scope(method.upper(), path)
    operation["security"] = [] if scope == PUBLIC else [{"key": []}]
    operation["x-scope"] = scope


def _operations(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _refusal(says: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": says, "content": {"application/problem+json": {"schema": schema}}}


ABOUT_ITEMS = frozenset({"/v1/recommend", "/v1/similar", "/v1/explain", "/v1/admin/promote"})

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same body is done once, and answered the same again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

HEADERS = {
    "x-request-id": {
        "description": "The name of the request in the logs.",
        "schema": {"type": "string"},
    },
    "x-model-version": {
        "description": "The model that answers.",
        "schema": {"type": "string"},
    },
}
