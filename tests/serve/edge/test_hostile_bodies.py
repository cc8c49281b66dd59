"""Every hostile body against every route that takes one: an answer, never a fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from penchant.testing.asgi_client import ask
from penchant.testing.hostile_bodies import HostileBody, read_hostile_bodies

BODIES = read_hostile_bodies(Path(__file__).with_name("hostile_bodies.jsonl"))
UNREADABLE = [body for body in BODIES if body.status in (400, 413)]
READABLE = [body for body in BODIES if body.status not in (400, 413)]
OTHER_ROUTES = [
    ("PUT", "/v1/items/i1"),
    ("POST", "/v1/recommend"),
    ("DELETE", "/v1/users/u1"),
    ("POST", "/v1/admin/refuse"),
]


def test_there_are_many_of_them():
    assert len(BODIES) >= 80
    assert len({body.name for body in BODIES}) == len(BODIES)
    assert len({body.body for body in BODIES}) == len(BODIES)


@pytest.mark.parametrize("hostile", BODIES, ids=str)
def test_an_event(small, hostile: HostileBody):
    made = small()
    answer = ask(made.app, "POST", "/v1/events", body=hostile.body)
    assert answer.status == hostile.status
    assert len(made.inner.state.told) == (hostile.status == 202)
    if hostile.status != 202:
        assert answer.code in ("malformed-json", "invalid-body", "body-too-large")
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
        assert len(answer.body) < 5_000, "told shortly, however long the body"


@pytest.mark.parametrize(("method", "target"), OTHER_ROUTES)
def test_what_no_route_may_read_reaches_none(small, method: str, target: str):
    made = small()
    for hostile in UNREADABLE:
        answer = ask(made.app, method, target, body=hostile.body)
        assert answer.status == hostile.status, hostile.name
    assert made.inner.state.told == []


@pytest.mark.parametrize(("method", "target"), OTHER_ROUTES)
def test_what_can_be_read_is_never_a_fault(small, method: str, target: str):
    made = small()
    for hostile in READABLE:
        answer = ask(made.app, method, target, body=hostile.body)
        assert answer.status < 500, hostile.name


def test_without_the_strict_reader_some_are_faults_or_are_taken(small):
    """What FastAPI makes of the same bodies, which is why the reader is there."""
    from fastapi import FastAPI
    from starlette.responses import JSONResponse

    app = FastAPI()

    @app.put("/v1/items/{item_id}")
    async def put_item(item_id: str, body: dict) -> JSONResponse:
        return JSONResponse(body)

    statuses = {}
    for hostile in UNREADABLE:
        try:
            statuses[hostile.name] = ask(app, "PUT", "/v1/items/i1", body=hostile.body).status
        except Exception:  # noqa: BLE001 - a server answers 500 to what the app raises
            statuses[hostile.name] = 500
    assert statuses["NaN"] == 500
    assert statuses["1e999"] == 500
    assert statuses["half a surrogate pair, high"] == 500
    assert statuses["a NUL as an escape"] == 200
    assert statuses["a name twice"] == 200
    assert statuses["more than a body may have"] == 200
