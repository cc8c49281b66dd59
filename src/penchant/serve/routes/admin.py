"""``/v1/admin``: the models, and how the service is."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from penchant import __version__
from penchant.store import Standing
from penchant.store.log import Change, EventStored, ItemPut, UserPut

from ..edge import HttpProblem, StrictRoute
from ..schemas import ChangesOut, ModelsOut, PromoteIn, ReloadIn, StatusOut, SwapOut
from ..swap import Swapped, Swaps
from .common import off_loop, said, tenant_of
from .things import event_told

router = APIRouter(prefix="/v1/admin", tags=["admin"], route_class=StrictRoute)

TOLD = 200
"""Newest lines of the history of the models that are told."""


@router.get("/status", response_model=StatusOut, summary="How the service is")
async def get_status(request: Request) -> Response:
    """Numbers of the worker that answers."""
    tenant = tenant_of(request)
    told = await off_loop(tenant.service.status)
    asking = tenant.asking
    batches = {"calls": asking.calls, "answered": asking.answered, "waiting": len(asking)}
    return said({"version": __version__, "worker": os.getpid(), "asking": batches, **told})


@router.get("/models", response_model=ModelsOut, summary="The models")
async def get_models(request: Request) -> Response:
    """Which there are, which answers, which did before, and what was done."""
    return said(_models(await off_loop(_swaps(request).registry.standing)))


@router.post("/reload", response_model=SwapOut, summary="Take a run in")
async def post_reload(request: Request, body: ReloadIn | None = None) -> Response:
    """Copy a run into the registry, look at it in a process of its own, and let it answer.

    It answers from one request to the next; none fails, none is answered by two models. A run that
    does not answer its golden questions as it did when it was saved is refused, and nothing changes.
    """
    wanted = body or ReloadIn()
    return _swapped(await off_loop(_swaps(request).reload, wanted.run, wanted.promote))


@router.post("/promote", response_model=SwapOut, summary="Let a model answer")
async def post_promote(request: Request, body: PromoteIn) -> Response:
    """Look at a registered model again, and let it answer."""
    swaps = _swaps(request)
    if body.version not in (await off_loop(swaps.registry.standing)).versions:
        raise HttpProblem(404, "no-such-model", "GET /v1/admin/models lists those that there are.")
    return _swapped(await off_loop(swaps.promote, body.version))


@router.post("/rollback", response_model=SwapOut, summary="Go back to the model before")
async def post_rollback(request: Request) -> Response:
    """Let the model before answer again; twice leads forth again."""
    swaps = _swaps(request)
    if (await off_loop(swaps.registry.standing)).previous is None:
        raise HttpProblem(409, "no-model-before", "There is no earlier model to go back to.")
    return _swapped(await off_loop(swaps.roll_back))


@router.get("/changes", response_model=ChangesOut, summary="What happens")
async def get_changes(
    request: Request,
    after: Annotated[
        int | None, Query(ge=0, description="The seq to go on from; the last ones by default.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most to tell.")] = 100,
) -> Response:
    """Events, items and users as they come in, oldest first; ask again with the last `seq`."""
    service = tenant_of(request).service
    last = await off_loop(service.log.last_seq)
    since = max(0, last - limit) if after is None else after
    changes = await off_loop(service.log.changes, since, limit)
    return said({"changes": [_change(one) for one in changes], "last_seq": last})


def _swaps(request: Request) -> Swaps:
    swaps = tenant_of(request).swaps
    if swaps is None:
        raise HttpProblem(409, "no-registry", "This service was started without a registry.")
    return swaps


def _models(standing: Standing) -> dict[str, Any]:
    models = [
        asdict(version)
        | {"current": name == standing.current, "previous": name == standing.previous}
        for name, version in standing.versions.items()
    ]
    return {
        "models": models,
        "current": standing.current,
        "previous": standing.previous,
        "history": list(standing.history[-TOLD:]),
    }


def _swapped(swapped: Swapped) -> Response:
    standing = swapped.standing
    told = {
        "version": swapped.version,
        "current": standing.current,
        "previous": standing.previous,
        "figures": swapped.figures,
    }
    return said(told, version=standing.current)


def _change(change: Change) -> dict[str, Any]:
    head = {"seq": change.seq, "received_at": change.received_at}
    if isinstance(change, EventStored):
        return {**head, "kind": "event", **event_told(change)}
    if isinstance(change, ItemPut):
        return {**head, "kind": "item", "item_id": change.item_id}
    if isinstance(change, UserPut):
        return {**head, "kind": "user", "user_id": change.user_id}
    return {**head, "kind": "erased"}
