"""What a log takes: text that every database can hold, numbers that are numbers."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from penchant.core import Event, Impression, UsageError

from .changes import Fields

MOST_BYTES = 1024
"""Of an id in UTF-8: what an index of PostgreSQL holds, with room to spare."""

MOST_FIELDS_BYTES = 1_000_000
"""Of the fields of an item or a user, as JSON."""

LATEST = 253_402_300_800.0
"""Seconds since 1970 at the end of the year 9999."""


def checked_events(events: Sequence[Event]) -> list[Event]:
    """The same events, those without an id with a fresh one.

    Raises:
        UsageError: a field cannot be stored; says which.
    """
    for place, event in enumerate(events):
        where = f"events[{place}]"
        _texts(where, user_id=event.user_id, item_id=event.item_id, event=event.event)
        if event.event_id != "":
            _texts(where, event_id=event.event_id)
        if event.session_id is not None:
            _texts(where, session_id=event.session_id)
        _time(f"{where}.event_time", event.event_time)
        if event.value is not None:
            _number(f"{where}.value", event.value)
    return [event if event.event_id else replace(event, event_id=fresh_id()) for event in events]


def checked_impressions(rows: Sequence[Impression]) -> list[Impression]:
    """The same impressions.

    Raises:
        UsageError: a field cannot be stored; says which.
    """
    for place, row in enumerate(rows):
        where = f"impressions[{place}]"
        _texts(where, request_id=row.request_id, item_id=row.item_id)
        _texts(where, model_version=row.model_version)
        if row.user_id is not None:
            _texts(where, user_id=row.user_id)
        if row.policy != "":
            _texts(where, policy=row.policy)
        if type(row.position) is not int or not 0 <= row.position < 2**31:
            raise UsageError(f"{where}.position: {row.position!r} is no place in a list: 0, 1, ...")
        _time(f"{where}.shown_at", row.shown_at)
        if row.propensity is not None:
            _number(f"{where}.propensity", row.propensity)
    return list(rows)


def checked_things(things: Sequence[Mapping[str, object]], key: str) -> list[tuple[str, str]]:
    """Each thing as its id and its other fields in JSON, keys sorted, so that equals are equal.

    Args:
        things: items or users.
        key: the name of the id among the fields, ``item_id`` or ``user_id``.

    Raises:
        UsageError: an id or a field cannot be stored; says which.
    """
    found = []
    for place, thing in enumerate(things):
        where = f"{key.removesuffix('_id')}s[{place}]"
        name = thing.get(key)
        _texts(where, **{key: name})
        fields = {field: value for field, value in thing.items() if field != key}
        found.append((str(name), _as_json(where, fields)))
    return found


def checked_text(where: str, text: str) -> str:
    """The same text.

    Raises:
        UsageError: no database could hold it as an id.
    """
    _texts("", **{where: text})
    return text


def fields_of(text: str) -> Fields:
    """The fields from their JSON."""
    fields: Fields = json.loads(text)
    return fields


def fresh_id() -> str:
    """An id that no other event has."""
    return uuid.uuid4().hex


def _as_json(where: str, fields: Mapping[str, object]) -> str:
    try:
        text = json.dumps(
            fields, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
        )
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:  # UnicodeEncodeError is a ValueError
        raise UsageError(f"{where}: cannot be written as JSON ({error}).") from error
    if size > MOST_FIELDS_BYTES:
        raise UsageError(f"{where}: {size:,} bytes; at most {MOST_FIELDS_BYTES:,} can be stored.")
    return text


def _texts(where: str, **texts: object) -> None:
    where = f"{where}." if where else ""
    for name, text in texts.items():
        if not isinstance(text, str) or text == "":
            raise UsageError(f"{where}{name}: {text!r} is no text. Give one of a letter or more.")
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            raise UsageError(f"{where}{name}: half of a surrogate pair is no text.") from None
        if "\0" in text:
            raise UsageError(f"{where}{name}: a NUL character cannot be stored.")
        if size > MOST_BYTES:
            raise UsageError(f"{where}{name}: {size:,} bytes; at most {MOST_BYTES:,} are stored.")


def _time(where: str, seconds: float) -> None:
    _number(where, seconds)
    if not 0 <= seconds < LATEST:
        raise UsageError(
            f"{where}: {seconds!r} are no seconds since 1970 (UTC); it lies before 1970 or after "
            "9999. Are these milliseconds?"
        )


def _number(where: str, number: float) -> None:
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise UsageError(f"{where}: {number!r} is no number.")
    try:
        finite = math.isfinite(number)
    except OverflowError:
        finite = False
    if not finite:
        raise UsageError(f"{where}: {number!r} is no finite number.")
