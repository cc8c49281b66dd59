"""What is said to pgvector: ``{items}`` and ``{about}`` stand for the two tables of an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import IndexUnavailable, MissingDependency, UsageError

SECONDS = 10
"""The longest wait for a connection."""

MOST_DIM = 2000
"""The longest vectors that pgvector indexes."""

MOST_EF = 1000
"""The broadest walk that pgvector takes (hnsw.ef_search)."""

MAKE = (
    "DROP TABLE IF EXISTS {items}, {about}",
    "CREATE TABLE {items} (code integer PRIMARY KEY, vector vector({dim}) NOT NULL)",
    "CREATE TABLE {about} (dim integer, size integer, recall jsonb)",
)
FILL = "COPY {items} (code, vector) FROM STDIN"
INDEX = (
    "CREATE INDEX ON {items} USING hnsw (vector vector_ip_ops) "
    "WITH (m = {links}, ef_construction = {width})"
)
BEGIN = "INSERT INTO {about} (dim, size, recall) VALUES (%s, %s, %s)"
RENAME = (
    "DROP TABLE IF EXISTS {old_items}, {old_about}",
    "ALTER TABLE {items} RENAME TO {old_items}",
    "ALTER TABLE {about} RENAME TO {old_about}",
)

ABOUT = "SELECT dim, recall FROM {about}"
SIZE = "SELECT size FROM {about}"
LOCK = "SELECT size FROM {about} FOR UPDATE"
"""The size; nobody else changes the items until the end of the transaction."""
GROW = "UPDATE {about} SET size = %s"
COUNT = "SELECT count(*) FROM {items}"
PUT = (
    "INSERT INTO {items} (code, vector) VALUES (%s, %s::vector) "
    "ON CONFLICT (code) DO UPDATE SET vector = EXCLUDED.vector"
)
REMOVE = "DELETE FROM {items} WHERE code = ANY(%s)"

BREADTH = (
    "SELECT set_config('hnsw.ef_search', %s, true), set_config('enable_seqscan', 'off', true), "
    "set_config('hnsw.iterative_scan', 'relaxed_order', true)"
)
"""Of the walks of this transaction, which go on for a while where a filter leaves too few."""
_SCORED = "SELECT code, -(vector <#> %s::vector) AS score FROM {items}"
_ALLOWED = " WHERE CASE WHEN code < %s THEN get_bit(%s::bytea, code) = 1 ELSE false END"
_BEST = " ORDER BY score DESC, code LIMIT %s"
WALK = _SCORED + " ORDER BY vector <#> %s::vector LIMIT %s"
"""By the graph, nearly in order: question, question, k."""
WALK_ALLOWED = _SCORED + _ALLOWED + " ORDER BY vector <#> %s::vector LIMIT %s"
"""Question, length of the mask, the mask as bits, question, k."""
COMPARE = _SCORED + _BEST
"""Every item, as the graph knows no order by the negative: question, k."""
COMPARE_ALLOWED = _SCORED + _ALLOWED + _BEST
"""Question, length of the mask, the mask as bits, k."""
AMONG = _SCORED + " WHERE code = ANY(%s)" + _BEST
"""Some items: question, codes, k."""


class Said:
    """Statements about the index of one name.

    Args:
        table: of the items; another one, ``TABLE_about``, has what is known of them.
    """

    def __init__(self, table: str) -> None:
        self._table = table

    def __call__(self, template: str, **more: Any) -> Any:
        """The statement, with the names and any other values in their places."""
        sql = psycopg_module().sql
        tables = {"items": self._table, "about": f"{self._table}_about"}
        names = {place: sql.Identifier(name) for place, name in tables.items()}
        values = {place: sql.Literal(value) for place, value in more.items()}
        return sql.SQL(template).format(**names, **values)

    def renamed(self, table: str) -> Sequence[Any]:
        """What puts this index in the place of another."""
        sql = psycopg_module().sql
        tables = {
            "items": self._table,
            "about": f"{self._table}_about",
            "old_items": table,
            "old_about": f"{table}_about",
        }
        names = {place: sql.Identifier(name) for place, name in tables.items()}
        return [sql.SQL(template).format(**names) for template in RENAME]


def as_text(vector: NDArray[np.float32]) -> str:
    """A vector as pgvector reads it; nine digits give every float32 back.

    >>> as_text(np.array([0.5, -1], np.float32))
    '[0.5,-1]'
    """
    return "[" + ",".join(f"{value:.9g}" for value in vector.tolist()) + "]"


@contextmanager
def told(table: str) -> Iterator[None]:
    """Errors of PostgreSQL in the block as errors of an index; without the password.

    Raises:
        UsageError: no such index, or a URL that cannot be read.
        IndexUnavailable: anything else.
    """
    psycopg = psycopg_module()
    try:
        yield
    except psycopg.errors.UndefinedTable as error:
        raise UsageError(
            f"There is no index {table!r} in this database: make it with build_pgvector_index, or "
            "name another table."
        ) from error
    except psycopg.ProgrammingError as error:
        if error.sqlstate is None:  # libpq could not read the URL
            raise UsageError(
                "The URL of the index cannot be read. Write postgresql://USER@HOST/DATABASE."
            ) from error
        raise _unavailable(table, error, "Grant it, or look at the database.") from error
    except psycopg.DataError as error:
        raise _unavailable(table, error, "Open it again: it was made anew meanwhile.") from error
    except psycopg.Error as error:
        raise _unavailable(table, error, "Ask again when the server answers.") from error


def _unavailable(table: str, error: Exception, remedy: str) -> IndexUnavailable:
    why = " ".join(str(error).split())  # libpq writes several lines
    return IndexUnavailable(f"The index {table!r} in PostgreSQL cannot be asked: {why} {remedy}")


def psycopg_module() -> ModuleType:
    """The module, imported when it is first needed.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        import psycopg
        import psycopg.types.json
    except ModuleNotFoundError as error:
        raise MissingDependency(
            'An index in PostgreSQL needs psycopg: pip install "penchant[postgres]"'
        ) from error
    return psycopg
