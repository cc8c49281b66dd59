"""The tables of a log, as both databases know them.

What names a person stands in ``events``, ``users``, ``impressions`` and ``answers`` only, in rows
that are written one after the other; indexes hold salted hashes (the columns ``*_key``, 16 bytes).
So a deleted row can be overwritten in one place, and an index of any order holds nothing of it.
``user_id`` comes first among the texts of a row, so that no rest of one lacks it.
"""

from __future__ import annotations

TABLES: dict[str, tuple[str, ...]] = {
    "meta": ("name", "value"),
    "events": (
        "seq",
        "user_id",
        "event_id",
        "session_id",
        "item_id",
        "event",
        "value",
        "event_time",
        "received_at",
        "user_key",
        "event_key",
    ),
    "items": ("seq", "item_id", "fields", "received_at"),
    "users": ("seq", "user_id", "fields", "received_at", "user_key"),
    "erasures": ("seq", "erasure_id", "user_hash", "salt", "received_at", "scrubbed"),
    "impressions": (
        "number",
        "user_id",
        "request_id",
        "item_id",
        "model_version",
        "policy",
        "position",
        "propensity",
        "shown_at",
        "received_at",
        "user_key",
        "impression_key",
    ),
    "answers": ("number", "answer", "fingerprint", "users", "received_at", "answer_key"),
}
"""Columns by table; the first is the primary key. ``head`` is a table of one row beside them:
``seq`` (of the last change), ``number`` (of the last impression or answer), ``version`` (commits)."""


def insert(table: str) -> str:
    """The statement that adds a row to a table.

    >>> insert("meta")
    'INSERT INTO meta (name, value) VALUES (?, ?)'
    """
    columns = TABLES[table]
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - ours


def select(table: str, rest: str = "") -> str:
    """The statement that reads all columns of a table.

    >>> select("meta", "WHERE name = ?")
    'SELECT name, value FROM meta WHERE name = ?'
    """
    return f"SELECT {', '.join(TABLES[table])} FROM {table} {rest}".rstrip()  # noqa: S608
