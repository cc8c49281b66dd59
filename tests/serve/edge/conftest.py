"""A small app with the routes of the contract, and the edge around it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI, Query, Request
from pydantic import Field
from starlette.types import ASGIApp, Receive, Scope, Send

from penchant.engine import Engine
from penchant.live import Follower
from penchant.serve.deployed import Deployed
from penchant.serve.edge import (
    ANYBODY,
    AuditTrail,
    Caller,
    Edge,
    EdgeConfig,
    HttpProblem,
    Id,
    KeyFile,
    Keyring,
    Metrics,
    Readiness,
    Rules,
    StrictModel,
    StrictRoute,
    guarded,
    install_problem_handlers,
)
from penchant.serve.service import Service
from penchant.testing.memory_log import MemoryLog


class EventIn(StrictModel):
    user_id: Id
    item_id: Id
    event_time: float
    event_id: Id | None = None
    event: str = "event"
    value: float | None = None


class PastIn(StrictModel):
    item_id: Id
    event: str = "event"


class RecommendIn(StrictModel):
    history: list[Id | PastIn] = Field(default=[])
    k: int = 10
    filter: dict[str, float | str | dict[str, float]] = Field(default={})


def small_app() -> FastAPI:
    """Routes like the service's own, that keep what they are told in ``app.state.told``."""
    router = APIRouter(route_class=StrictRoute)
    app = FastAPI(docs_url=None, redoc_url=None)

    @router.post("/v1/events", status_code=202)
    async def post_event(body: EventIn) -> dict[str, str]:
        app.state.told.append(body)
        return {"status": "stored"}

    @router.put("/v1/items/{item_id}")
    async def put_item(item_id: Id, body: dict[str, Any]) -> dict[str, str]:
        app.state.told.append((item_id, body))
        return {"status": "stored"}

    @router.post("/v1/recommend")
    async def recommend(body: RecommendIn) -> dict[str, int]:
        return {"k": body.k}

    @router.get("/v1/users/{user_id}/events")
    async def user_events(
        user_id: Id, limit: Annotated[int, Query(ge=1, le=100)] = 10
    ) -> dict[str, list[str]]:
        return {"events": [user_id] * limit}

    @router.delete("/v1/users/{user_id}")
    async def erase(user_id: Id) -> dict[str, str]:
        return {"status": "erased"}

    @router.post("/v1/admin/break")
    async def break_it(request: Request) -> None:
        raise KeyError("somebody's name")

    @router.post("/v1/admin/refuse")
    async def refuse() -> None:
        raise HttpProblem(418, "teapot", "This is a teapot.", headers={"retry-after": "9"})

    app.include_router(router)
    install_problem_handlers(app)
    return app


@dataclass(frozen=True)
class Small:
    """The small app behind the edge."""

    app: ASGIApp
    inner: FastAPI
    edge: Edge
    keys: KeyFile
    folder: Path


@pytest.fixture(scope="session")
def _one_app() -> FastAPI:
    return small_app()  # 50 ms, which hundreds of tests would wait for


@pytest.fixture
def small(tmp_path: Path, _one_app: FastAPI) -> Callable[..., Small]:
    """``small(anybody=None, config=EdgeConfig(...))``: the whole edge around the small app."""

    def make(
        *,
        anybody: Caller | None = ANYBODY,
        config: EdgeConfig | None = None,
        inner: FastAPI | None = None,
        off: tuple[str, ...] = (),
        **edge: Any,
    ) -> Small:
        keys = KeyFile(tmp_path)
        readiness = Readiness()
        readiness.start()
        given = Edge(
            Keyring(keys, every=0.0), anybody, Rules(), Metrics(), readiness, AuditTrail(tmp_path)
        )
        given = replace(given, **edge)
        app = inner or _one_app
        app.state.told = []
        whole = guarded(app, config or EdgeConfig(), given, off=off)
        return Small(whole, app, given, keys, tmp_path)

    return make


@pytest.fixture
def services(engine: Engine) -> Iterator[Callable[[], Service]]:
    """``services()``: one more service with a log of its own in memory."""
    with ExitStack() as ends:

        def make() -> Service:
            log = MemoryLog()
            follower = Follower(log)
            made = Service(log, follower, Deployed(engine, log, follower))
            ends.callback(made.close)
            made.tend()
            return made

        yield make


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged, from ``info`` on."""
    caplog.set_level(logging.INFO, logger="penchant")
    return caplog


class Tells:
    """An app that answers 200 with what it was sent, and remembers how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def tells() -> Tells:
    return Tells()
