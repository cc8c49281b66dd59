"""What a log holds as files that the next tuning reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.store.atomic import PART, atomic_file, sync_folder

from .changes import bounded
from .places import written_to
from .session import Row, Session

if TYPE_CHECKING:
    import polars as pl

TOGETHER = 50_000
"""Rows in memory at a time."""

_EVENTS = """
SELECT seq, user_id, item_id, event_time, event, value, event_id, session_id, received_at
FROM events WHERE seq > ? ORDER BY seq LIMIT ?
"""
_IMPRESSIONS = """
SELECT number, request_id, user_id, item_id, position, model_version, policy, propensity, shown_at,
    received_at
FROM impressions WHERE number > ? ORDER BY number LIMIT ?
"""
_ITEMS = "SELECT seq, item_id, fields FROM items WHERE seq > ? ORDER BY seq LIMIT ?"


def export_events(session: Session, path: Path) -> int:
    """Events as a Parquet file for ``penchant.read``, in the order they came; how many.

    Columns: ``user_id``, ``item_id``, ``timestamp`` (seconds since 1970; a time that lies ahead of
    ``received_at`` is bounded by it), ``event``, ``value``, ``event_id``, ``session_id``,
    ``received_at``.
    """
    import polars as pl

    schema: dict[str, Any] = {
        "user_id": pl.String,
        "item_id": pl.String,
        "timestamp": pl.Float64,
        "event": pl.String,
        "value": pl.Float64,
        "event_id": pl.String,
        "session_id": pl.String,
        "received_at": pl.Float64,
    }

    def fitted(row: Row) -> Row:
        return *row[1:3], bounded(row[3], row[8]), *row[4:]

    return _parquet(path, schema, _pages(session, _EVENTS), fitted)


def export_impressions(session: Session, path: Path) -> int:
    """Impressions as a Parquet file, in the order they came; how many."""
    import polars as pl

    schema: dict[str, Any] = {
        "request_id": pl.String,
        "user_id": pl.String,
        "item_id": pl.String,
        "position": pl.Int32,
        "model_version": pl.String,
        "policy": pl.String,
        "propensity": pl.Float64,
        "shown_at": pl.Float64,
        "received_at": pl.Float64,
    }
    return _parquet(path, schema, _pages(session, _IMPRESSIONS), lambda row: row[1:])


def export_items(session: Session, path: Path) -> int:
    """Items as JSON lines for ``penchant.read``; how many."""
    count = 0
    with written_to(path), atomic_file(path) as file:
        for rows in _pages(session, _ITEMS):
            for _, item_id, fields in rows:
                line = json.dumps({"item_id": item_id, **json.loads(fields)}, ensure_ascii=False)
                file.write(line.encode() + b"\n")
            count += len(rows)
    return count


def _parquet(
    path: Path, schema: dict[str, Any], pages: Iterator[list[Row]], fitted: Callable[[Row], Row]
) -> int:
    """Write pages of rows to a file that gets its name when it is whole; how many rows."""
    import polars as pl
    from polars.io.plugins import register_io_source

    count, failed = 0, None

    def source(
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        nonlocal count, failed
        try:
            for rows in pages:
                count += len(rows)
                yield pl.DataFrame([fitted(row) for row in rows], schema=schema, orient="row")
        except Exception as error:  # polars would tell of it in its own words
            failed = error
            raise

    aside = path.with_name(f".{path.name}{PART}")
    with written_to(path):
        try:
            register_io_source(source, schema=schema).sink_parquet(aside, sync_on_close="all")
            aside.replace(path)
            sync_folder(path.parent)
        except pl.exceptions.PolarsError:
            if failed is not None:
                raise failed from None
            raise
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
    return count


def _pages(session: Session, sql: str) -> Iterator[list[Row]]:
    after = -1
    while rows := session.rows(sql, (after, TOGETHER)):
        yield rows
        after = rows[-1][0]
