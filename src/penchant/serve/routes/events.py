"""``/v1/events`` and ``/v1/impressions``: what people did, and what they were shown."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import SkipValidation
from pydantic_core import to_json

from penchant.core import Impression
from penchant.store.log import Once, Receipt

from ..edge import StrictRoute
from ..incoming import events_in
from ..schemas import EventIn, EventsIn, EventsOut, ImpressionsIn, ImpressionsOut
from .common import off_loop, tenant_of
from .repeating import done_once

router = APIRouter(prefix="/v1", tags=["events"], route_class=StrictRoute)


@router.post("/events", status_code=202, response_model=EventsOut, summary="Tell what people did")
async def post_events(
    request: Request, body: Annotated[EventIn | EventsIn, SkipValidation]
) -> Response:
    """One event, or ``{"events": [...]}``. Answered when a power cut would not lose them.

    The next list for these users knows of them. An event of a known `event_id` changes nothing, so
    a retry is safe. Of many, those that are right are stored, those that are not say why, in order.
    """
    tenant, began = tenant_of(request), time.perf_counter()
    events, wrong = events_in(body, time.time())

    async def write(once: Once | None) -> list[Receipt]:
        return await asyncio.wrap_future(tenant.service.record(events, once)) if events else []

    def tell(receipts: list[Receipt]) -> str:
        results: list[dict[str, Any]] = [
            {"event_id": receipt.event_id, "status": receipt.status} for receipt in receipts
        ]
        for place, result in wrong:  # ascending, so that each lands where it came from
            results.insert(place, result)
        statuses = (result["status"] for result in results)
        tenant.figures.told(statuses, time.perf_counter() - began)
        return to_json({"results": results, "durability": "fsync"}).decode()

    return await done_once(request, write, tell, 202)


@router.post(
    "/impressions", status_code=202, response_model=ImpressionsOut, summary="Tell what was shown"
)
async def post_impressions(request: Request, body: ImpressionsIn) -> Response:
    """Which list was shown to somebody, from the top, and which model had made it.

    Without it nobody can tell an item that was not liked from one that was not seen.
    """
    tenant = tenant_of(request)
    rows = _impressions(body, time.time())

    async def write(once: Once | None) -> int:
        return await off_loop(tenant.service.log.add_impressions, rows, once)

    def tell(stored: int) -> str:
        tenant.figures.shown(stored)
        return to_json({"stored": stored, "durability": "fsync"}).decode()

    return await done_once(request, write, tell, 202)


def _impressions(body: ImpressionsIn, now: float) -> list[Impression]:
    return [
        Impression(
            body.request_id,
            item if isinstance(item, str) else item.item_id,
            place if isinstance(item, str) or item.position is None else item.position,
            body.model_version,
            now if body.shown_at is None else body.shown_at,
            body.user_id,
            body.policy or "",
            None if isinstance(item, str) else item.propensity,
        )
        for place, item in enumerate(body.items)
    ]
