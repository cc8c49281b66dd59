"""Events as strangers send them, sorted into those that are right and those that are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from penchant.core import Event

from .edge import field_errors, invalid_body, names_of
from .schemas import EventIn, EventsIn

Wrong = list[tuple[int, dict[str, Any]]]
"""Place and result of each event that is not stored, ascending."""

_MANY = TypeAdapter(list[EventIn])
_NAMES = names_of(EventsIn.model_json_schema())


def events_in(body: Any, now: float) -> tuple[list[Event], Wrong]:
    """What a body holds: one event, or ``{"events": [...]}``.

    Args:
        body: as it was read.
        now: seconds since 1970 (UTC), for events without a time.

    Raises:
        HttpProblem: the one event is wrong, or all of many are.
    """
    try:
        if not (isinstance(body, dict) and "events" in body):
            return [_event(EventIn.model_validate(body), now)], []
        many = EventsIn.model_validate(body).events
    except ValidationError as error:
        raise invalid_body(_found(error), _NAMES) from None
    try:
        return [_event(event, now) for event in _MANY.validate_python(many)], []
    except ValidationError:
        return _sorted_out(many, now)


def _sorted_out(many: Sequence[Any], now: float) -> tuple[list[Event], Wrong]:
    right: list[Event] = []
    wrong: Wrong = []
    problems: list[dict[str, Any]] = []
    for place, one in enumerate(many):
        try:
            right.append(_event(EventIn.model_validate(one), now))
        except ValidationError as error:
            found = [{**each, "loc": ("events", place, *each["loc"])} for each in _found(error)]
            problems += found
            told = [
                {"pointer": each.pointer, "code": each.code, "detail": each.detail}
                for each in field_errors(found, _NAMES)
            ]
            wrong.append((place, {"event_id": None, "status": "invalid", "errors": told}))
    if not right:
        raise invalid_body(problems, _NAMES)
    return right, wrong


def _event(body: EventIn, now: float) -> Event:
    return Event(
        body.user_id,
        body.item_id,
        now if body.event_time is None else body.event_time,
        body.event_id or "",
        body.event,
        body.value,
        body.session_id,
    )


def _found(error: ValidationError) -> list[dict[str, Any]]:
    return [dict(each) for each in error.errors(include_url=False, include_context=False)]
