"""``penchant.Client``: ask and tell a running service. Needs httpx and nothing else."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from penchant.core import Event

from .answers import Recorded, ServedList, ServedReason, recorded, served_list
from .transport import Transport

AT_ONCE, BYTES = 1000, 900_000
"""Events or items of one request, and how long it may be: services take a megabyte."""


class Client:
    """A running service, from Python.

    What fails for a moment is tried again: every call is safe to repeat, events because each
    carries an ``event_id``. Use it from several threads, and close it, or use ``with``.

    Args:
        url: where ``penchant serve`` listens.
        key: from ``penchant keys add``, where the service wants one.
        timeout: seconds to wait for one answer.
        retries: how often to try again.
        transport: of httpx, for tests.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        key: str | None = None,
        *,
        timeout: float = 10.0,
        retries: int = 3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)
        self._at = Transport(http, retries)

    def record(  # noqa: PLR0913 - the fields of an event
        self,
        user: str,
        item: str,
        event: str = "event",
        *,
        time: float | str | None = None,
        value: float | None = None,
        session: str | None = None,
        event_id: str | None = None,
    ) -> Recorded:
        """Tell that somebody did something; when it returns, a power cut does not lose it.

        Args:
            user: who.
            item: with which item.
            event: the kind, such as ``"click"``.
            time: seconds since 1970 or ISO 8601; now by default.
            value: a rating, a price, a count.
            session: the visit it belongs to.
            event_id: unique; made up by default.

        Raises:
            ServiceError: refused, or not to be reached.
        """
        body = {
            "event_id": event_id or uuid.uuid4().hex,
            "user_id": user,
            "item_id": item,
            "event": event,
            "event_time": time,
            "value": value,
            "session_id": session,
        }
        return recorded(self._at.send("POST", "/v1/events", _given(body)))[0]

    def record_many(self, events: Iterable[Event | Mapping[str, Any]]) -> list[Recorded]:
        """Tell many events; a result for each, in order. Those that are invalid say why.

        Args:
            events: ``penchant.core.Event``, or mappings with the fields of the API.

        Raises:
            ServiceError: refused, or not to be reached; some of the events may be stored then, and
                telling all again is safe where they have ids.
        """
        told: list[Recorded] = []
        for part in _parts(map(_event, events)):
            told += recorded(self._at.send("POST", "/v1/events", {"events": part}))
        return told

    def recommend(  # noqa: PLR0913 - the fields of a question
        self,
        *,
        user: str | None = None,
        history: Sequence[str | Mapping[str, Any]] | None = None,
        query: str | None = None,
        similar_to: str | None = None,
        k: int = 10,
        offset: int = 0,
        filter: Mapping[str, Any] | None = None,
        exclude: Sequence[str] = (),
        explain: bool = False,
        diversity: float | None = None,
    ) -> ServedList:
        """The best items for somebody; see ``penchant.Recommender.recommend``.

        Args:
            user: known or new; what they did so far is used unless a history is given.
            history: item ids, oldest first.
            query: what is wanted, in words.
            similar_to: an item to find others like.
            k: length of the list.
            offset: how many of the best to skip.
            filter: columns and what they must hold, such as ``{"price": {"max": 20}}``.
            exclude: item ids not to list.
            explain: whether to give reasons.
            diversity: 0 best first, 1 as unlike each other as can be; None as the service is set.

        Raises:
            ServiceError: refused, or not to be reached.
        """
        body = {
            "user_id": user,
            "history": None if history is None else list(history),
            "query": query,
            "similar_to": similar_to,
            "k": k,
            "offset": offset,
            "filter": None if filter is None else dict(filter),
            "exclude": list(exclude),
            "explain": explain,
            "diversity": diversity,
        }
        return served_list(self._at.send("POST", "/v1/recommend", _given(body)))

    def similar(self, item: str, k: int = 10) -> ServedList:
        """Items like one."""
        return served_list(self._at.send("POST", "/v1/similar", {"item_id": item, "k": k}))

    def explain(
        self,
        item: str,
        *,
        user: str | None = None,
        history: Sequence[str] | None = None,
        query: str | None = None,
    ) -> tuple[ServedReason, ...]:
        """Why an item suits somebody, strongest reason first."""
        body = {"item_id": item, "user_id": user, "history": history, "query": query}
        answer = self._at.send("POST", "/v1/explain", _given(body))
        return tuple(
            ServedReason(
                one["text"], one["item_id"], math.inf if one["effect"] is None else one["effect"]
            )
            for one in answer["reasons"]
        )

    def shown(self, served: ServedList, user: str | None = None, policy: str | None = None) -> int:
        """Tell that a list was shown; how many of its items were not told before.

        Args:
            served: the list.
            user: to whom.
            policy: how it was chosen; what came with the list by default, of an experiment.
        """
        body = {
            "request_id": served.request_id,
            "model_version": served.model_version,
            "items": served.ids,
            "user_id": user,
            "policy": policy or served.policy or None,
        }
        stored: int = self._at.send("POST", "/v1/impressions", _given(body))["stored"]
        return stored

    def put_item(self, item: str, **fields: Any) -> bool:
        """Add an item or replace its columns; whether it can be recommended already."""
        answer = self._at.send("PUT", f"/v1/items/{_safe(item)}", fields)
        return bool(answer["state"] == "ready")

    def put_items(self, items: Mapping[str, Mapping[str, Any]]) -> None:
        """Add or replace many items: columns by id."""
        each = ({"item_id": item, "fields": dict(fields)} for item, fields in items.items())
        for part in _parts(each):
            self._at.send("POST", "/v1/items", {"items": part})

    def item(self, item: str) -> dict[str, Any]:
        """The columns of an item."""
        fields: dict[str, Any] = self._at.send("GET", f"/v1/items/{_safe(item)}")["fields"]
        return fields

    def put_user(self, user: str, **fields: Any) -> None:
        """Add a user or replace what is known of them."""
        self._at.send("PUT", f"/v1/users/{_safe(user)}", fields)

    def events(self, user: str, limit: int = 100) -> list[Event]:
        """What somebody did, newest first."""
        answer = self._at.send("GET", f"/v1/users/{_safe(user)}/events", None, {"limit": limit})
        names = Event.__dataclass_fields__
        return [Event(**{n: one[n] for n in names if n in one}) for one in answer["events"]]

    def erase(self, user: str) -> dict[str, int]:
        """Forget somebody, everywhere; what was removed, by table."""
        removed: dict[str, int] = self._at.send("DELETE", f"/v1/users/{_safe(user)}")["removed"]
        return removed

    def status(self) -> dict[str, Any]:
        """How the service is."""
        return dict(self._at.send("GET", "/v1/admin/status"))

    def models(self) -> dict[str, Any]:
        """The models that there are, which answers, and which did before."""
        return dict(self._at.send("GET", "/v1/admin/models"))

    def reload(self, run: str | None = None, promote: bool = True) -> dict[str, Any]:
        """Check a run on the server and let it answer; the run the service began with by default."""
        body = _given({"run": run, "promote": promote})
        return dict(self._at.send("POST", "/v1/admin/reload", body, again=False, patient=True))

    def promote(self, version: str) -> dict[str, Any]:
        """Check a registered model and let it answer."""
        body = {"version": version}
        return dict(self._at.send("POST", "/v1/admin/promote", body, again=False, patient=True))

    def roll_back(self) -> dict[str, Any]:
        """Let the model before answer again."""
        return dict(self._at.send("POST", "/v1/admin/rollback", again=False, patient=True))

    def close(self) -> None:
        """Close the connections."""
        self._at.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _event(event: Event | Mapping[str, Any]) -> dict[str, Any]:
    body = _given(asdict(event) if isinstance(event, Event) else event)
    return body | {"event_id": body.get("event_id") or uuid.uuid4().hex}


def _parts(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """As many rows at a time as one request takes; a longer one goes alone."""
    part: list[dict[str, Any]] = []
    held = 0
    for row in rows:
        long = len(json.dumps(row, default=str))
        if part and (len(part) == AT_ONCE or held + long > BYTES):
            yield part
            part, held = [], 0
        part.append(row)
        held += long
    if part:
        yield part


def _safe(name: str) -> str:
    """An id as one segment of an address; dots alone would be taken for folders."""
    return quote(name, safe="") if name.strip(".") else "%2E" * len(name)
