"""What one tenant has, no other one hears: every route that reads, asked by another tenant's admin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from penchant.core import Event, Impression
from penchant.serve.app import create_app
from penchant.serve.edge import Metrics
from penchant.serve.figures import Figures, Standing
from penchant.serve.paths import RawPath
from penchant.serve.service import Service
from penchant.serve.tenant import Tenant
from penchant.testing.asgi_client import Conversation

NAME = "canary"
WRITES = frozenset(
    {
        ("post", "/v1/events"),
        ("post", "/v1/impressions"),
        ("post", "/v1/items"),
        ("post", "/v1/users"),
        ("put", "/v1/items/{item_id}"),
        ("put", "/v1/users/{user_id}"),
        ("delete", "/v1/users/{user_id}"),
        ("post", "/v1/admin/promote"),
        ("post", "/v1/admin/reload"),
        ("post", "/v1/admin/rollback"),
    }
)
BODIES = {
    "/v1/recommend": [
        {"user_id": NAME, "k": 20, "explain": True},
        {"query": NAME, "k": 100, "explain": True},
        {"similar_to": NAME},
        {"history": [NAME], "k": 100},
        {"k": 100, "filter": {"secret": NAME}},
        {"k": 100, "user_id": "somebody"},
    ],
    "/v1/similar": [{"item_id": NAME}, {"item_id": "s1", "k": 100}],
    "/v1/explain": [{"item_id": NAME}, {"item_id": "s1", "user_id": NAME}],
}
QUERIES = ["", "?limit=1000", f"?query={NAME}", "?after=0&limit=1000", "?verbose"]


def filled(service: Service) -> Service:
    """All that a tenant can have, under one name."""
    service.items.put([{"item_id": NAME, "title": f"The {NAME}", "secret": NAME}])
    service.log.put_users([{"user_id": NAME, "country": NAME}])
    service.log.append([Event(NAME, "s1", 1.0, session_id=NAME), Event(NAME, NAME, 2.0)])
    service.log.add_impressions([Impression(NAME, "s1", 0, NAME, 1.0, NAME, NAME)])
    service.tend()
    return service


def reads(openapi: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, methods in openapi["paths"].items():
        for method in methods:
            if (method, path) not in WRITES:
                yield method, path
    for path in ("/livez", "/readyz", "/openapi.json", "/console"):
        yield "get", path


def leaks(small: Callable[..., Any], services: Callable[[], Service], tenant: str) -> list[str]:
    metrics = Metrics()
    figures = Figures(metrics)
    figures.stands(NAME, Standing(NAME, 0, {}))
    tenants = {
        "": Tenant.of(services(), figures=figures),
        NAME: Tenant.of(filled(services()), figures=figures, name=NAME),
        "right": Tenant.of(services(), figures=figures, name="right"),
    }
    inner = create_app(tenants, metrics)
    made = small(anybody=None, inner=inner, metrics=metrics)
    _, key = made.keys.add("a", ["admin"], tenant=tenant)
    headers = {"authorization": f"Bearer {key}"}
    found, asked = [], 0
    with Conversation(RawPath(made.app)) as asking:
        for method, path in reads(inner.openapi()):
            target = path.replace("{item_id}", NAME).replace("{user_id}", NAME)
            for given in BODIES[path] if method == "post" else QUERIES:
                query = given if isinstance(given, str) else ""
                body = None if isinstance(given, str) else to_json(given)
                answer = asking.ask(method.upper(), target + query, headers=headers, body=body)
                asked += 1
                told = answer.body + str(dict(answer.headers)).encode()
                if NAME.encode() in told.lower():
                    found.append(f"{method} {target}{query} {given}")
    assert asked > 50
    return found


def to_json(given: dict[str, Any]) -> bytes:
    import json

    return json.dumps(given).encode()


def test_no_route_that_reads_tells_of_another_tenant(small, services):
    assert leaks(small, services, "right") == []


def test_the_tenant_itself_hears_it(small, services):
    told = " ".join(leaks(small, services, NAME))
    for path in (
        "/v1/recommend",
        "/v1/similar",
        "/v1/items/canary",
        "/v1/users/canary/events",
        "/v1/admin/changes",
    ):
        assert path in told, path


def test_with_the_tenants_mixed_up_it_is_red(small, services, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("penchant.serve.routes.common.name_of_tenant", lambda scope: NAME)
    assert len(leaks(small, services, "right")) > 10
