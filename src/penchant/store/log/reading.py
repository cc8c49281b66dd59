"""What a log answers, from the rows of its tables."""

from __future__ import annotations

import json

from penchant.core import DamagedLog, Event, Impression

from .changes import (
    Change,
    EventStored,
    Fields,
    ImpressionStored,
    ItemPut,
    UserErased,
    UserPut,
)
from .session import Row, Session
from .tables import select

_EVENT = "user_id, item_id, event_time, event_id, event, value, session_id"
_NONE = "CAST(NULL AS double precision)"
_CHANGES = f"""
SELECT * FROM (SELECT seq, received_at, 'event' AS kind, {_EVENT}
    FROM events WHERE seq > ? ORDER BY seq LIMIT ?) AS e
UNION ALL
SELECT * FROM (SELECT seq, received_at, 'item', item_id, fields, {_NONE}, '', '', {_NONE}, ''
    FROM items WHERE seq > ? ORDER BY seq LIMIT ?) AS i
UNION ALL
SELECT * FROM (SELECT seq, received_at, 'user', user_id, fields, {_NONE}, '', '', {_NONE}, ''
    FROM users WHERE seq > ? ORDER BY seq LIMIT ?) AS u
UNION ALL
SELECT * FROM (SELECT seq, received_at, 'erasure', user_hash, salt, {_NONE}, '', '', {_NONE}, ''
    FROM erasures WHERE seq > ? ORDER BY seq LIMIT ?) AS x
ORDER BY seq LIMIT ?
"""  # noqa: S608 - our own columns
_OF_USER = f"""
SELECT seq, received_at, 'event', {_EVENT} FROM events
WHERE user_key = ? AND (event_time, seq) < (?, ?)
ORDER BY event_time DESC, seq DESC LIMIT ?
"""  # noqa: S608
_IMPRESSIONS = """
SELECT number, received_at, request_id, item_id, position, model_version, shown_at, user_id,
    policy, propensity
FROM impressions WHERE number > ? ORDER BY number LIMIT ?
"""
_LATEST = 1e300
_LAST = 2**62


def meta_of(session: Session) -> dict[str, str]:
    """What a log knows of itself: ``log_id``, ``salt`` and ``created``; empty for a new one."""
    return {str(name): str(value) for name, value in session.rows(select("meta"))}


def changes_after(session: Session, after: int, limit: int) -> list[Change]:
    """All changes with a higher ``seq``, ascending; one statement, so that none is overtaken."""
    values = [after, limit] * 4 + [limit]
    return [_change(row) for row in session.rows(_CHANGES, values)]


def last_seq(session: Session) -> int:
    """The ``seq`` of the last change."""
    ((seq,),) = session.rows("SELECT seq FROM head")
    return int(seq)


def events_of_user(
    session: Session, user_key: bytes, limit: int, before: float | None, before_seq: int | None
) -> list[EventStored]:
    """The events of a user, newest first, from before a place in that order."""
    time = _LATEST if before is None else before
    seq = before_seq if before_seq is not None else (_LAST if before is None else 0)
    rows = session.rows(_OF_USER, (user_key, time, seq, limit))
    return [EventStored(row[0], row[1], Event(*row[3:])) for row in rows]


def item_fields(session: Session, item_id: str) -> Fields | None:
    """The fields of an item."""
    found = session.rows("SELECT fields FROM items WHERE item_id = ?", (item_id,))
    return _fields(found[0][0]) if found else None


def user_fields(session: Session, user_key: bytes) -> Fields | None:
    """The fields of a user."""
    found = session.rows("SELECT fields FROM users WHERE user_key = ?", (user_key,))
    return _fields(found[0][0]) if found else None


def impressions_after(session: Session, after: int, limit: int) -> list[ImpressionStored]:
    """Impressions with a higher ``number``, ascending."""
    rows = session.rows(_IMPRESSIONS, (after, limit))
    return [ImpressionStored(row[0], row[1], Impression(*row[2:])) for row in rows]


def _change(row: Row) -> Change:
    seq, received_at, kind, first, second = row[:5]
    if kind == "event":
        return EventStored(seq, received_at, Event(*row[3:]))
    if kind == "item":
        return ItemPut(seq, received_at, first, _fields(second))
    if kind == "user":
        return UserPut(seq, received_at, first, _fields(second))
    return UserErased(seq, received_at, first, second)


def _fields(text: str) -> Fields:
    try:
        fields: Fields = json.loads(text)
    except ValueError as error:
        raise DamagedLog(
            "The event log is damaged: fields of an item or a user are no JSON any more. "
            "Restore a backup with: penchant restore"
        ) from error
    return fields
