"""An index in PostgreSQL, by its extension pgvector: for several servers that share one catalogue.

A table has a row an item: its code and its vector; another one row: how many codes were ever given,
and what was measured. pgvector filters after its walk and then gives too few (its ``iterative_scan``
helps, and promises nothing), so a list that comes back short is asked for once more without the graph.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import UNKNOWN, PenchantError, UsageError

from . import pgvector_sql as sql
from .arguments import (
    checked_allowed,
    checked_codes,
    checked_k,
    checked_vectors,
    checked_without,
)
from .pgvector_sql import Said, as_text, psycopg_module
from .protocols import Codes, Found, Mask, Vectors
from .recall import Recall

_FEW = 2000  # allowed items that are compared without the graph


class PGVectorIndex:
    """Items in PostgreSQL, found by every process that opens the same table. Safe from any thread.

    Args:
        url: of the database, as libpq takes it.
        table: whose items these are; ``build_pgvector_index`` made it.

    Raises:
        MissingDependency: psycopg is not installed.
        UsageError: there is no such index, or the URL cannot be read.
        IndexUnavailable: the server does not answer; every method may say so.
    """

    kind = "pgvector"

    def __init__(self, url: str, table: str = "penchant_items") -> None:
        self._psycopg: Any = psycopg_module()
        self._url = url
        self.table = table
        self._said = Said(table)
        self._mine = threading.local()
        self._all: list[Any] = []
        try:
            with self._connection() as connection:
                self.dim, measured = connection.execute(self._said(sql.ABOUT)).fetchone()
        except PenchantError:
            self.close()
            raise
        self.recall = Recall(**measured)

    def __len__(self) -> int:
        """Codes ever given, those of removed items too."""
        with self._connection() as connection:
            return self._size(connection, sql.SIZE)

    def search(
        self,
        vectors: Vectors,
        k: int,
        allowed: Mask | None = None,
        without: Sequence[NDArray[np.integer]] | None = None,
    ) -> Found:
        """As ``Index.search``; a question at a time."""
        asked, k = checked_vectors(vectors, self.dim, "search"), checked_k(k)
        mask = checked_allowed(allowed, len(asked))
        unwanted = checked_without(without, len(asked))
        codes = np.full((len(asked), k), UNKNOWN, np.int32)
        scores = np.full((len(asked), k), -np.inf, np.float32)
        with self._connection() as connection:
            for row, vector in enumerate(asked if k else ()):
                rule = mask if mask is None or mask.ndim == 1 else mask[row]
                if unwanted is not None:
                    rule = _less(rule, unwanted[row], self._size(connection, sql.SIZE))
                found = self._best(connection, vector, k, rule)
                codes[row, : len(found)] = [code for code, _ in found]
                scores[row, : len(found)] = [score for _, score in found]
        return codes, scores

    def add(self, vectors: NDArray[np.floating], codes: NDArray[np.integer] | None = None) -> None:
        """As ``Index.add``; in one transaction, committed when it returns."""
        rows = checked_vectors(vectors, self.dim, "add")
        with self._connection() as connection:
            size = self._size(connection, sql.LOCK)
            if codes is None:
                names: Codes = np.arange(size, size + len(rows), dtype=np.int32)
                connection.execute(self._said(sql.GROW), (size + len(rows),))
            else:
                names = checked_codes(codes, size, "add")
            if len(names) != len(rows):
                raise UsageError(f"add: {len(rows)} vectors and {len(names)} codes; one for each.")
            given = list(zip(names.tolist(), map(as_text, rows), strict=True))
            with connection.cursor() as cursor:
                cursor.executemany(self._said(sql.PUT), given)

    def remove(self, codes: NDArray[np.integer]) -> None:
        """As ``Index.remove``; committed when it returns."""
        with self._connection() as connection:
            names = checked_codes(codes, self._size(connection, sql.LOCK), "remove")
            connection.execute(self._said(sql.REMOVE), (names.tolist(),))

    def status(self) -> dict[str, Any]:
        """What it is and what was measured, as plain values for a page of figures."""
        with self._connection() as connection:
            items = self._size(connection, sql.COUNT)
        return {"kind": self.kind, "items": items, **self.recall.status()}

    def close(self) -> None:
        """Close the connections of all threads."""
        while self._all:
            self._all.pop().close()

    def _best(
        self, connection: Any, vector: Vectors, k: int, rule: Mask | None
    ) -> list[tuple[int, float]]:
        """Codes and scores of the best that the rule allows: by the graph, or by comparing all."""
        said, question = self._said, as_text(vector)
        if rule is not None and np.count_nonzero(rule) <= _FEW:
            few = np.flatnonzero(rule).tolist()
            return list(connection.execute(said(sql.AMONG), (question, few, k)))
        walk, compare = sql.WALK, sql.COMPARE
        bits: tuple[object, ...] = ()
        if rule is not None:
            walk, compare = sql.WALK_ALLOWED, sql.COMPARE_ALLOWED
            bits = (len(rule), np.packbits(rule, bitorder="little").tobytes())
        breadth = min(sql.MOST_EF, max(self.recall.breadth, 2 * k))
        connection.execute(sql.BREADTH, (str(breadth),))
        found = list(connection.execute(said(walk), (question, *bits, question, k)))
        if len(found) < k:  # pgvector stopped early, or there are no more
            found = list(connection.execute(said(compare), (question, *bits, k)))
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def _size(self, connection: Any, statement: str) -> int:
        number: int = connection.execute(self._said(statement)).fetchone()[0]
        return number

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        """This thread's connection, in a transaction that the end of the block commits."""
        with sql.told(self.table):
            connection = getattr(self._mine, "connection", None)
            if connection is None or connection.closed:
                connection = self._psycopg.connect(self._url, connect_timeout=sql.SECONDS)
                self._mine.connection = connection
                self._all.append(connection)
            with connection.transaction():
                yield connection


def _less(rule: Mask | None, unwanted: NDArray[np.integer], size: int) -> Mask:
    """The rule without some codes."""
    less = np.ones(size, np.bool_) if rule is None else rule.copy()
    less[unwanted[(unwanted >= 0) & (unwanted < len(less))]] = False
    return less
