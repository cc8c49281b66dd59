"""The service as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache

from fastapi import FastAPI, Request, Response
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool

from penchant import __version__

from .console import router as console
from .direct import Direct
from .document import document
from .edge import HttpProblem, Metrics, install_problem_handlers
from .meaning import meaning
from .routes import ROUTERS
from .routes.lists import post_recommend
from .schemas import RecommendIn
from .tenant import Tenant
from .versions import ModelVersion, name_of_tenant

ABOUT = """
Tell what people do, ask what they would like. An event that was acknowledged is on the disk, and
the next list knows of it.
"""

TAGS = [
    {"name": "events", "description": "What people did, and what they were shown."},
    {"name": "lists", "description": "What to recommend, and why."},
    {"name": "items", "description": "The catalogue."},
    {"name": "users", "description": "What is known of people, and forgetting it."},
    {"name": "admin", "description": "The models, and how the service is."},
]


def create_app(tenants: Mapping[str, Tenant], metrics: Metrics | None = None) -> FastAPI:
    """The application. It closes the tenants when it ends.

    Args:
        tenants: by name; ``{"": tenant}`` where there is one.
        metrics: shown at ``/metrics``; None for none.
    """

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        app.state.tenants = dict(tenants)
        for tenant in tenants.values():
            tenant.start()
        yield
        for tenant in tenants.values():
            await run_in_threadpool(tenant.close)

    app = FastAPI(
        title="penchant",
        version=__version__,
        description=ABOUT,
        openapi_tags=TAGS,
        lifespan=running,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    install_problem_handlers(app, meaning)
    for router in (*ROUTERS, console):
        app.include_router(router)
    _tell(app)
    if metrics is not None:
        _show(app, metrics)
    app.add_middleware(Direct, routes={"/v1/recommend": (RecommendIn, post_recommend)})
    app.add_middleware(ModelVersion, tenants=tenants)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]  # FastAPI's own way of it
    return app


def _tell(app: FastAPI) -> None:
    """Written once: anybody may ask for it, and FastAPI takes a millisecond of all others each time."""

    @cache
    def written() -> bytes:
        return to_json(app.openapi())

    @app.get("/openapi.json", include_in_schema=False)
    async def get_document() -> Response:
        return Response(written(), media_type="application/json")


def _show(app: FastAPI, metrics: Metrics) -> None:
    @app.get("/metrics", tags=["admin"], summary="Figures for Prometheus", response_class=Response)
    async def get_metrics(request: Request) -> Response:
        """Counters and gauges of all tenants, as Prometheus reads them."""
        if name_of_tenant(request.scope):
            raise HttpProblem(403, "missing-scope", "The figures are for keys without a tenant.")
        page, kind = await run_in_threadpool(metrics.page)
        return Response(page, media_type=kind)
