"""What every route does: find whose service it is, call it off the event loop, write the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote

from fastapi import Path, Request, Response
from pydantic import BeforeValidator
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool

from ..edge import HttpProblem, Id
from ..tenant import Tenant
from ..versions import name_of_tenant

Result = TypeVar("Result")


def tenant_of(request: Request) -> Tenant:
    """Whose service a request is for: that of the key it came with.

    Raises:
        HttpProblem: 403, no such tenant is served here.
    """
    tenants: dict[str, Tenant] = request.app.state.tenants
    name = name_of_tenant(request.scope)
    if name not in tenants:
        raise HttpProblem(403, "no-such-tenant", "The key belongs to a tenant that is not served.")
    return tenants[name]


def request_id_of(request: Request) -> str:
    """The name of a request, in the logs and in answers."""
    found: str = getattr(request.state, "request_id", "")
    return found


async def off_loop(call: Callable[..., Result], *given: Any) -> Result:
    """Run what may wait for the disk on another thread."""
    return await run_in_threadpool(call, *given)


def said(body: object, status: int = 200, version: str | None = None) -> Response:
    """JSON values as an answer, written once and not checked again."""
    headers = None if version is None else {"x-model-version": version}
    return Response(to_json(body), status, headers, "application/json")


def _decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        return segment


Named = Annotated[Id, BeforeValidator(_decoded), Path(examples=["i7"])]
"""An id in the address; one with ``/`` in it is written ``%2F``."""
