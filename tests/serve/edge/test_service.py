"""The service itself behind its edge: who gets in, and what becomes of hostile bodies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from penchant.serve.app import create_app
from penchant.serve.edge import ANYBODY, Caller
from penchant.serve.paths import RawPath
from penchant.serve.tenant import Tenant
from penchant.testing.access_matrix import access_cases, credentials
from penchant.testing.asgi_client import Conversation
from penchant.testing.hostile_bodies import read_hostile_bodies

BODIES = read_hostile_bodies(Path(__file__).with_name("hostile_bodies.jsonl"))

POLICY = {
    "public": "GET /console",
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
        GET /v1/admin/models
        GET /v1/admin/status
        POST /v1/admin/promote
        POST /v1/admin/reload
        POST /v1/admin/rollback
    """,
}
"""Who may call what, written down apart from the table that the service goes by."""


@pytest.fixture
def talk(small, service) -> Iterator[Callable[..., tuple[FastAPI, Conversation]]]:
    """The app of a service with a log in memory, behind the edge."""
    begun: list[Conversation] = []

    def start(anybody: Caller | None) -> tuple[FastAPI, Conversation, object]:
        inner = create_app({"": Tenant.of(service)})
        made = small(anybody=anybody, inner=inner)
        begun.append(Conversation(RawPath(made.app)).__enter__())
        return inner, begun[-1], made.keys

    yield start
    for one in begun:
        one.__exit__()


@pytest.mark.slow
def test_every_route_with_every_credential(talk):
    inner, asking, keys = talk(None)
    routes = {
        (method.upper(), path)
        for path, methods in inner.openapi()["paths"].items()
        for method in methods
    }
    stated = {
        tuple(line.split()): scope
        for scope, lines in POLICY.items()
        for line in lines.strip().splitlines()
    }
    policy = {route: stated[route] for route in routes if route in stated}
    cases = access_cases(inner.openapi(), policy, credentials(keys))
    wrong = []
    for case in cases:
        body = b"{}" if case.method in ("POST", "PUT") else None
        headers = list(case.credential.headers)
        status = asking.ask(case.method, case.target, headers=headers, body=body).status
        if not case.is_right(status):
            wrong.append(f"{case}: {status}")
    assert wrong == []
    assert len(cases) >= 2_000


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
