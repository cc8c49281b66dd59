"""Items put into PostgreSQL and indexed there by pgvector, and the recall measured."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import MissingDependency, UsageError, checked_seed

from . import pgvector_sql as sql
from .arguments import checked_vectors
from .config import IndexConfig
from .pgvector import PGVectorIndex
from .pgvector_sql import Said, as_text, psycopg_module
from .protocols import Vectors
from .recall import AT, Recall, least_breadth, questions, true_bar


def build_pgvector_index(
    url: str,
    vectors: NDArray[np.floating],
    config: IndexConfig | None = None,
    seed: int = 0,
    table: str = "penchant_items",
) -> PGVectorIndex:
    """Put items into a table of their own and index them, in the place of an earlier one.

    Searches of the earlier one go on meanwhile; the two are exchanged in one commit.

    Args:
        url: of the database, as libpq takes it; pgvector must be installed there.
        vectors: (n, dim), of items of the codes 0 to n - 1; at most 2,000 dimensions.
        config: ``links``, ``ef_construction``, ``recall`` and ``sample`` are used.
        seed: of the sample that recall is measured on.
        table: the name.

    Raises:
        UsageError: shapes that do not fit, a value that is no finite number, or a URL that cannot be
            read.
        MissingDependency: psycopg or pgvector is not installed.
        IndexUnavailable: the server does not answer, or does not allow it.
    """
    config, seed = config or IndexConfig(), checked_seed(seed)
    rows = checked_vectors(vectors, None, "build_pgvector_index")
    psycopg: Any = psycopg_module()
    said, dim = Said(f"{table}_new"), rows.shape[1]
    if dim > sql.MOST_DIM:
        raise UsageError(
            f"build_pgvector_index: pgvector indexes vectors of at most {sql.MOST_DIM:,} numbers, "
            f"got {dim:,}. Take an index on this machine: build_index."
        )
    with (
        sql.told(table),
        psycopg.connect(url, connect_timeout=sql.SECONDS) as connection,
    ):
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile) as error:
            raise MissingDependency(
                f"This PostgreSQL server has no pgvector ({error}). Install its package there, such "
                "as postgresql-18-pgvector."
            ) from error
        for statement in sql.MAKE:
            connection.execute(said(statement, dim=dim))
        with connection.cursor() as cursor, cursor.copy(said(sql.FILL)) as copy:
            for code, row in enumerate(rows):
                copy.write_row((code, as_text(row)))
        # pgvector wants at least twice as many candidates as links
        width = max(2 * config.links, config.ef_construction)
        connection.execute(said(sql.INDEX, links=config.links, width=width))
        measured = asdict(_measured(connection, said, rows, config, seed))
        connection.execute(said(sql.BEGIN), (dim, len(rows), psycopg.types.json.Jsonb(measured)))
        for statement in said.renamed(table):
            connection.execute(statement)
    return PGVectorIndex(url, table)


def _measured(connection: Any, said: Said, rows: Vectors, config: IndexConfig, seed: int) -> Recall:
    """What walks find of the true best, as for the graph of faiss."""
    if not len(rows):
        return Recall(1.0, 0, "items", AT, "inner-product", config.recall)
    asked = questions(rows, config.sample, seed)
    bar, wanted = true_bar(rows, asked), min(AT, len(rows))

    def share(breadth: int) -> float:
        connection.execute(sql.BREADTH, (str(breadth),))
        hits = 0
        for row, question in enumerate(map(as_text, asked)):
            found = connection.execute(said(sql.WALK), (question, question, wanted))
            hits += sum(score >= bar[row, 0] for _, score in found)
        return hits / (wanted * len(asked))

    value, breadth = least_breadth(share, config, sql.MOST_EF)
    return Recall(value, len(asked), "items", breadth, "inner-product", config.recall)
