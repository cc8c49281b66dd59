"""``/v1/recommend``, ``/v1/similar`` and ``/v1/explain``: the questions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response

from penchant.core import Recommendation
from penchant.engine import Ask, Past

from ..edge import HttpProblem, StrictRoute
from ..schemas import ExplainIn, ExplainOut, ListIn, ListOut, PastIn, RecommendIn, SimilarIn
from .common import off_loop, request_id_of, said, tenant_of

router = APIRouter(prefix="/v1", tags=["lists"], route_class=StrictRoute)


@router.post("/recommend", response_model=ListOut, summary="The best items for somebody")
async def post_recommend(request: Request, body: RecommendIn) -> Response:
    """For a user, a history, words, or like an item; of several, all are used.

    Somebody new gets what others like, until they do something.
    """
    return await _listed(
        request,
        body,
        user_id=body.user_id,
        past=_past(body.history),
        query=body.query,
        similar_to=body.similar_to,
    )


@router.post("/similar", response_model=ListOut, summary="Items like one")
async def post_similar(request: Request, body: SimilarIn) -> Response:
    """The items nearest to one, nearest first."""
    return await _listed(request, body, similar_to=body.item_id)


@router.post("/explain", response_model=ExplainOut, summary="Why an item suits somebody")
async def post_explain(request: Request, body: ExplainIn) -> Response:
    """Reasons for the item's score, strongest first, and what keeps it from being listed, if anything.

    A reason says by how much the score would fall without one thing of the past.
    """
    ask = Ask(user_id=body.user_id, past=_past(body.history), query=body.query)
    service = tenant_of(request).service
    _known(request, body.item_id)
    version, found = await off_loop(service.explain, ask, body.item_id)
    told = {
        "item_id": found.item,
        "score": found.score,
        "reasons": [
            {"text": one.text, "item_id": one.item, "effect": _finite(one.effect)}
            for one in found.reasons
        ],
        "barred": [asdict(one) for one in found.barred],
        "model_version": version,
        "request_id": request_id_of(request),
    }
    return said(told, version=version)


async def _listed(request: Request, body: ListIn, **about: Any) -> Response:
    if about.get("similar_to") is not None:
        _known(request, about["similar_to"])
    wanted = None if body.filter is None else body.model_dump(exclude_none=True)["filter"]
    ask = Ask(
        k=body.k,
        offset=body.offset,
        filter=wanted,
        exclude=body.exclude,
        explain=body.explain,
        diversity=body.diversity,
        **about,
    )
    answer = await tenant_of(request).asking.submit(ask)
    told: dict[str, Any] = {
        "items": [_scored(item, body.explain) for item in answer.items],
        "model_version": answer.model_version,
        "request_id": request_id_of(request),
    }
    if body.explain:
        told["decisions"] = [asdict(one) for one in answer.decisions]
    return said(told, version=answer.model_version)


def _scored(item: Recommendation, explained: bool) -> dict[str, Any]:
    told = {"item_id": item.item, "score": item.score, "title": item.text}
    return told | {"reasons": item.reasons} if explained else told


def _known(request: Request, item_id: str) -> None:
    """Refuse a question about an item that the catalogue lacks.

    Raises:
        HttpProblem: 404.
    """
    if item_id not in tenant_of(request).service.deployed.engine.catalogue.items:
        detail = "The catalogue holds no such item. Put it first: PUT /v1/items/{id}."
        raise HttpProblem(404, "no-such-item", detail)


def _past(history: Sequence[str | PastIn] | None) -> tuple[Past, ...] | None:
    """A history as the engine takes it; None where none was given."""
    if history is None:
        return None
    return tuple(
        Past(one)
        if isinstance(one, str)
        else Past(
            one.item_id,
            math.nan if one.event_time is None else one.event_time,
            one.event or "event",
        )
        for one in history
    )


def _finite(effect: float) -> float | None:
    """An effect, or None where nothing is left without the one thing (JSON has no infinity)."""
    return effect if math.isfinite(effect) else None
