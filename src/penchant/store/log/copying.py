"""All rows of a log from one database into another, whichever the two are."""

from __future__ import annotations

from collections.abc import Iterator

from .erasures import Forgotten
from .reading import meta_of
from .session import Row, Session
from .tables import TABLES, insert, select
from .writing import keys_in

TOGETHER = 5_000
"""Rows at a time."""

# those that hold names before the answers, which hold hashes of them
_COPIED = ("items", "events", "users", "impressions", "answers", "erasures")


def copy_log(source: Session, target: Session, forgotten: Forgotten) -> dict[str, int]:
    """Copy what a log holds, but for some people.

    Args:
        source: a snapshot.
        target: an empty log, writing.
        forgotten: whom to leave out; of an answer that speaks of one of them stays that it was
            given.

    Returns:
        how many rows were copied, by table.
    """
    salt = meta_of(source)["salt"]
    counts = dict.fromkeys(_COPIED, 0)
    for table in _COPIED:
        for rows in _pages(source, table):
            kept = [row for row in rows if not _is_of(table, row, forgotten)]
            if table == "answers":
                gone = forgotten.keys(salt)
                kept = [_without_answer(row) if gone & keys_in(row[3]) else row for row in kept]
            target.many(insert(table), kept)
            counts[table] += len(kept)
    return counts


def _pages(source: Session, table: str) -> Iterator[list[Row]]:
    number = TABLES[table][0]
    page = select(table, f"WHERE {number} > ? ORDER BY {number} LIMIT ?")
    after = -1
    while rows := source.rows(page, (after, TOGETHER)):
        yield rows
        after = rows[-1][0]


def _is_of(table: str, row: Row, forgotten: Forgotten) -> bool:
    return "user_id" in TABLES[table] and row[TABLES[table].index("user_id")] in forgotten


def _without_answer(row: Row) -> Row:
    return row[0], None, *row[2:]
