"""The service itself behind its edge: who gets in, and what becomes of hostile bodies."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from mcp.server.mcpserver.exceptions import ToolError

from penchant.serve import Client
from penchant.serve.agents import create_tools
from penchant.serve.app import create_app
from penchant.serve.edge import (
    ANYBODY,
    SCOPES,
    Caller,
    EdgeConfig,
    Metrics,
    OperationsPort,
    Readiness,
    server_config,
)
from penchant.serve.figures import Figures
from penchant.serve.paths import RawPath
from penchant.serve.tenant import Tenant
from penchant.testing.access_matrix import METHODS, access_cases, credentials
from penchant.testing.asgi_client import Conversation
from penchant.testing.hostile_bodies import read_hostile_bodies
from penchant.testing.serving import serving

BODIES = read_hostile_bodies(Path(__file__).with_name("hostile_bodies.jsonl"))

POLICY = {
    "read": """
        POST /v1/recommend
        POST /v1/similar
        POST /v1/explain
        GET /v1/items
        GET /v1/items/{item_id}
        GET /v1/users/{user_id}
        GET /v1/users/{user_id}/events
    """,
    "ingest": """
        POST /v1/events
        POST /v1/impressions
        POST /v1/items
        POST /v1/users
        PUT /v1/items/{item_id}
        PUT /v1/users/{user_id}
    """,
    "admin": """
        DELETE /v1/users/{user_id}
        GET /metrics
        GET /v1/admin/changes
        GET /v1/admin/experiment
        GET /v1/admin/models
        GET /v1/admin/status
        POST /v1/admin/promote
        POST /v1/admin/reload
        POST /v1/admin/rollback
    """,
}
"""Who may call what, written down apart from the table that the service goes by."""


OUTSIDE = {
    "/livez": "public",
    "/readyz": "public",
    "/openapi.json": "public",
    "/console": "public",
    "/console/{name}": "public",
}
"""Who may call what is not in the OpenAPI document; GET all of it."""


@pytest.fixture
def talk(small, service) -> Iterator[Callable[..., tuple[FastAPI, Conversation]]]:
    """The app of a service with a log in memory, behind the edge."""
    begun: list[Conversation] = []

    def start(anybody: Caller | None) -> tuple[FastAPI, Conversation, object]:
        metrics = Metrics()
        inner = create_app({"": Tenant.of(service, figures=Figures(metrics))}, metrics)
        made = small(anybody=anybody, inner=inner, metrics=metrics)
        begun.append(Conversation(RawPath(made.app)).__enter__())
        return inner, begun[-1], made.keys

    yield start
    for one in begun:
        one.__exit__()


def policy() -> dict[tuple[str, str], str]:
    """``POLICY`` and ``OUTSIDE`` by method and path."""
    stated = {
        tuple(line.split()): scope
        for scope, lines in POLICY.items()
        for line in lines.strip().splitlines()
    }
    return stated | {("GET", path): scope for path, scope in OUTSIDE.items()}


@pytest.mark.slow
def test_every_route_with_every_credential(talk):
    inner, asking, keys = talk(None)
    everything = {"paths": inner.openapi()["paths"] | {path: {"get": {}} for path in OUTSIDE}}
    cases = access_cases(everything, policy(), credentials(keys))
    wrong = []
    for case in cases:
        body = b"{}" if case.method in ("POST", "PUT") else None
        headers = list(case.credential.headers)
        status = asking.ask(case.method, case.target, headers=headers, body=body).status
        if not case.is_right(status):
            wrong.append(f"{case}: {status}")
    assert wrong == []
    assert len(cases) >= 4_000


def test_every_route_of_the_app_is_in_the_document_or_named_here(talk):
    """A route that FastAPI leaves out of its document would be left out of the matrix."""
    inner, _, _ = talk(ANYBODY)

    def paths(routes: Sequence[Any]) -> Iterator[str]:
        for route in routes:
            if hasattr(route, "path"):
                yield route.path
            else:  # a router that was taken in
                yield from paths(route.original_router.routes)

    there = set(paths(inner.routes))
    assert "/console/{name}" in there
    assert "/v1/events" in there
    assert there - {"/console/"} <= {*inner.openapi()["paths"], *OUTSIDE}


def test_the_port_for_operations_has_nothing_of_the_service(talk):
    inner, _, keys = talk(None)
    _, admin = keys.add("admin", ["admin"])
    readiness = Readiness()
    port = OperationsPort(Metrics(), readiness)
    port.start()
    try:
        with httpx.Client(base_url="http://{}:{}".format(*port.address)) as http:
            http.headers["authorization"] = f"Bearer {admin}"
            reached = {
                f"{method} {path}"
                for path in (*inner.openapi()["paths"], *OUTSIDE)
                for method in METHODS
                if http.request(method, path.replace("{", "").replace("}", "")).status_code
                not in (404, 501)
            }
    finally:
        port.stop()
    assert reached == {"GET /livez", "GET /readyz", "GET /metrics"}


def test_the_tools_for_agents_may_what_their_key_may(talk, small, services):
    metrics = Metrics()
    made = small(anybody=None, inner=create_app({"": Tenant.of(services())}), metrics=metrics)
    opened = set()
    with serving(server_config(RawPath(made.app), EdgeConfig(), host="", port=0)) as served:
        for scope in (*SCOPES, ""):
            key = made.keys.add(scope, [scope])[1] if scope else None
            with Client(f"http://127.0.0.1:{served.port}", key, retries=0) as client:
                tools = create_tools(client)
                for name, given in {
                    "search": {"query": "robots"},
                    "recommend": {"history": ["s1"]},
                    "explain": {"item_id": "s2", "history": ["s1"]},
                }.items():
                    if scope in ("read", "admin"):
                        asyncio.run(tools.call_tool(name, given))
                    else:
                        with pytest.raises(ToolError, match=r"40[13]"):
                            asyncio.run(tools.call_tool(name, given))
                    opened.add((scope, name))
    assert len(opened) == 12


def writes(app: FastAPI) -> list[tuple[str, str]]:
    """Every route that takes a body."""
    return sorted(
        (method.upper(), re.sub(r"\{[^}]*\}", "x", path))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if method in ("post", "put", "patch", "delete")
    )


@pytest.mark.slow
def test_every_hostile_body_on_every_route_that_writes(talk):
    inner, asking, _ = talk(ANYBODY)
    routes = writes(inner)
    assert len(routes) >= 8
    faults, taken = [], []
    for hostile in BODIES:
        for method, target in routes:
            answer = asking.ask(method, target, body=hostile.body)
            if answer.status >= 500:
                faults.append(f"{hostile} {method} {target}: {answer.status}")
            if hostile.status in (400, 413) and answer.status != hostile.status:
                taken.append(f"{hostile} {method} {target}: {answer.status}")
    assert faults == []
    assert taken == []


def test_an_event_is_taken_or_refused_as_the_data_say(talk):
    _, asking, _ = talk(ANYBODY)
    wrong = [
        f"{hostile}: {status}"
        for hostile in BODIES
        if (status := asking.ask("POST", "/v1/events", body=hostile.body).status) != hostile.status
    ]
    assert wrong == []
