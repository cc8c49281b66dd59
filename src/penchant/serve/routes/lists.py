"""``/v1/recommend``, ``/v1/similar`` and ``/v1/explain``: the questions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response

from penchant.core import Recommendation, UsageError
from penchant.engine import Ask, Past

from ..edge import HttpProblem, StrictRoute
from ..schemas import ExplainIn, ExplainOut, ListIn, ListOut, PastIn, RecommendIn, SimilarIn
from ..unfit_filter import unfit_filter
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
    await _known(request, body.item_id)
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
        await _known(request, about["similar_to"])
    wanted = None if body.filter is None else body.model_dump(exclude_none=True)["filter"]
    ask = Ask(
        k=body.k,
        offset=body.offset,
        filter=wanted,
        exclude=body.exclude,
        explain=body.explain,
        diversity=body.diversity,
        request_id=request_id_of(request),
        **about,
    )
    try:
        answer = await tenant_of(request).asking.submit(ask)
    except UsageError:
        await _refuse_filter(request, wanted)
        raise
    told: dict[str, Any] = {
        "items": [_scored(item, body.explain) for item in answer.items],
        "model_version": answer.model_version,
        "request_id": request_id_of(request),
    }
    if answer.policy:
        told["policy"] = answer.policy
    if body.explain:
        told["decisions"] = [asdict(one) for one in answer.decisions]
    return said(told, version=answer.model_version)


def _scored(item: Recommendation, explained: bool) -> dict[str, Any]:
    told = {"item_id": item.item, "score": item.score, "title": item.text}
    return told | {"reasons": item.reasons} if explained else told


async def _refuse_filter(request: Request, wanted: Mapping[str, object] | None) -> None:
    """Say which column of a filter is wrong, where one is.

    Raises:
        HttpProblem: 422.
    """
    if not wanted:
        return
    fields = tenant_of(request).service.deployed.engine.policy.fields
    errors = await off_loop(unfit_filter, wanted, fields)
    if errors:
        raise HttpProblem(
            422, "cannot-answer", "See errors for the column of the filter.", errors=errors
        )


async def _known(request: Request, item_id: str) -> None:
    """Refuse a question about an item that the model which answers does not know.

    Raises:
        HttpProblem: 404; says whether it was put.
    """
    service = tenant_of(request).service
    if item_id in service.deployed.engine.catalogue.items:
        return
    stands = await off_loop(service.deployed.stands, item_id)
    if stands is None:
        detail = "The catalogue holds no such item. Put it first: PUT /v1/items/{id}."
        raise HttpProblem(404, "no-such-item", detail)
    if stands.state == "ready":  # since a moment ago
        return
    if stands.state == "pending":
        detail = "The item was put, and its text is still being read. Ask again in a moment."
        raise HttpProblem(404, "item-pending", detail, headers={"retry-after": "1"})
    detail = (
        "The item was put, but the model that answers cannot place it; putting it again tells why. "
        "One that knows items by their events only does so after the next training."
    )
    raise HttpProblem(404, "item-not-placed", detail)


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
