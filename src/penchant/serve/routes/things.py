"""``/v1/items`` and ``/v1/users``: what is known besides events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic_core import to_json

from penchant.live import ItemState
from penchant.store.log import EventStored, Once

from ..edge import HttpProblem, StrictRoute
from ..schemas import (
    ColumnsIn,
    ErasedOut,
    ItemsIn,
    ItemsOut,
    ItemsPutOut,
    PutOut,
    ThingOut,
    UserEventsOut,
    UserPutOut,
    UsersIn,
    UsersPutOut,
)
from ..schemas.fields import MomentParameter
from ..service import Service
from .common import Named, off_loop, said, tenant_of
from .repeating import done_once

router = APIRouter(prefix="/v1", route_class=StrictRoute)

_LOOK, _LONGEST_LOOK = 0.002, 0.05  # seconds between two looks at an item that is being read

Limit = Annotated[int, Query(ge=1, le=1000, description="Most to tell.")]


@router.put("/items/{item_id}", response_model=PutOut, tags=["items"], summary="Put an item")
async def put_item(request: Request, item_id: Named, body: ColumnsIn) -> Response:
    """Add an item, or replace all its columns. It can be recommended by its text at once.

    `"available": false` takes it out of every list.
    """
    service = tenant_of(request).service
    (seq,) = await off_loop(service.items.put, [{**body.root, "item_id": item_id}])
    stands = await _once_read(service, item_id)
    told = {"id": item_id, "seq": seq, "state": stands.state}
    why = {"reason": stands.reason} if stands.reason else {}
    return said({**told, **why, "durability": "fsync"})


@router.post("/items", response_model=ItemsPutOut, tags=["items"], summary="Put many items")
async def post_items(request: Request, body: ItemsIn) -> Response:
    """Add items, or replace all their columns; all or none. Their text is read in the background."""
    service = tenant_of(request).service
    rows = [{**item.fields, "item_id": item.item_id} for item in body.items]

    async def write(once: Once | None) -> Sequence[int]:
        return await off_loop(service.items.put, rows, once)

    def tell(seqs: Sequence[int]) -> str:
        pairs = zip(rows, seqs, strict=True)
        results = [{"id": row["item_id"], "seq": seq, "state": "pending"} for row, seq in pairs]
        return to_json({"results": results, "durability": "fsync"}).decode()

    return await done_once(request, write, tell)


@router.get("/items", response_model=ItemsOut, tags=["items"], summary="The catalogue")
async def get_items(
    request: Request,
    query: Annotated[
        str, Query(max_length=200, description="Letters of the title or the id; all by default.")
    ] = "",
    limit: Limit = 50,
    offset: Annotated[int, Query(ge=0, le=10_000_000, description="How many to skip.")] = 0,
) -> Response:
    """Items by their title, in the order of the catalogue."""
    found, total = await off_loop(tenant_of(request).service.items.find, query, limit, offset)
    return said({"items": found, "total": total})


@router.get("/items/{item_id}", response_model=ThingOut, tags=["items"], summary="An item")
async def get_item(request: Request, item_id: Named) -> Response:
    """The columns of an item, as it was put or as the model learned it."""
    return _found("item", item_id, await off_loop(tenant_of(request).service.items.get, item_id))


@router.put("/users/{user_id}", response_model=UserPutOut, tags=["users"], summary="Put a user")
async def put_user(request: Request, user_id: Named, body: ColumnsIn) -> Response:
    """Add a user, or replace all that is known of them."""
    rows = [{**body.root, "user_id": user_id}]
    (seq,) = await off_loop(tenant_of(request).service.log.put_users, rows)
    return said({"id": user_id, "seq": seq, "durability": "fsync"})


@router.post("/users", response_model=UsersPutOut, tags=["users"], summary="Put many users")
async def post_users(request: Request, body: UsersIn) -> Response:
    """Add users, or replace all that is known of them; all or none."""
    service = tenant_of(request).service
    rows = [{**user.fields, "user_id": user.user_id} for user in body.users]

    async def write(once: Once | None) -> Sequence[int]:
        return await off_loop(service.log.put_users, rows, once)

    def tell(seqs: Sequence[int]) -> str:
        pairs = zip(rows, seqs, strict=True)
        results = [{"id": row["user_id"], "seq": seq} for row, seq in pairs]
        return to_json({"results": results, "durability": "fsync"}).decode()

    return await done_once(request, write, tell)


@router.get("/users/{user_id}", response_model=ThingOut, tags=["users"], summary="A user")
async def get_user(request: Request, user_id: Named) -> Response:
    """What was put of a user."""
    return _found("user", user_id, await off_loop(tenant_of(request).service.log.user, user_id))


@router.get(
    "/users/{user_id}/events", response_model=UserEventsOut, tags=["users"], summary="Their events"
)
async def get_user_events(
    request: Request,
    user_id: Named,
    limit: Limit = 100,
    before: Annotated[
        MomentParameter | None, Query(description="Only events before this time.")
    ] = None,
) -> Response:
    """What somebody did, newest first."""
    stored = await off_loop(tenant_of(request).service.log.events_of, user_id, limit, before)
    return said({"events": [event_told(one) for one in stored]})


@router.delete("/users/{user_id}", response_model=ErasedOut, tags=["users"], summary="Erase a user")
async def delete_user(request: Request, user_id: Named) -> Response:
    """Forget somebody: events, lists shown, what was put, training events, what is kept in memory.

    A backup from before forgets them too when it is restored, and so does an old run.
    """
    removed = await off_loop(tenant_of(request).erase, user_id)
    return said({"user_id": user_id, "removed": removed, "durability": "fsync"})


async def _once_read(service: Service, item_id: str) -> ItemState:
    """Where an item stands that was put, as soon as it was read, or after a while.

    No thread is held meanwhile: there are only so many, and the log and /readyz need them too.
    """
    began, pause = time.monotonic(), _LOOK
    while (stands := await off_loop(service.items.stands, item_id)).state == "pending":
        if time.monotonic() - began > service.config.item_seconds:
            break
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_LOOK)
    return stands


def event_told(stored: EventStored) -> dict[str, Any]:
    """An event as answers tell it."""
    event = stored.event
    return {
        "event_id": event.event_id,
        "user_id": event.user_id,
        "item_id": event.item_id,
        "event": event.event,
        "event_time": event.event_time,
        "received_at": stored.received_at,
        "value": event.value,
        "session_id": event.session_id,
    }


def _found(what: str, name: str, fields: Any) -> Response:
    if fields is None:
        raise HttpProblem(404, f"no-such-{what}", f"No {what} of this id is known.")
    return said({"id": name, "fields": fields})
