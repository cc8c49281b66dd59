"""Open a log, again and elsewhere: what is durable, what is refused, and in which words."""

from __future__ import annotations

import subprocess
import sys

import apsw
import pytest

from penchant.core import Event, LogError, MissingDependency, UsageError
from penchant.store.log import LogConfig, open_log, postgres_schema, sqlite_schema

APPEND = """
import sys
from penchant.core import Event
from penchant.store.log import open_log
where, name, count = sys.argv[1:]
with open_log(where) as log:
    for n in range(int(count)):
        log.append([Event(name, "i", 1e9, f"{name}-{n}"), Event("u", "i", 1e9, f"shared-{n}")])
"""


def child(where, name: str, count: int) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", APPEND, str(where), name, str(count)])


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def where(request: pytest.FixtureRequest, tmp_path):
    """A place for a log of each kind."""
    if request.param == "sqlite":
        return tmp_path / "log"
    return request.getfixturevalue("fresh_url")()


def test_what_was_stored_is_there_when_it_is_opened_again(where):
    with open_log(where) as log:
        log.append([Event("u", "i", 1e9, "e")])
        log.put_items([{"item_id": "i", "title": "T"}])
        changes, user_hash = log.changes(), log.user_hash("u")
    with open_log(where) as log:
        assert log.changes() == changes
        assert log.user_hash("u") == user_hash
        assert log.append([Event("u", "i", 1e9, "e")])[0].status == "duplicate"
        assert log.append([Event("u", "i", 1e9, "f")])[0].seq == 3


def test_processes_that_begin_and_write_at_once_agree(where):
    children = [child(where, f"p{n}", 20) for n in range(3)]
    assert [one.wait() for one in children] == [0, 0, 0]
    with open_log(where) as log:
        ids = [change.event.event_id for change in log.changes()]
        assert len(ids) == len(set(ids)) == 3 * 20 + 20
        assert child(where, "later", 1).wait() == 0
        assert log.last_seq() == log.changes()[-1].seq == 81, "commits of others are seen at once"


def test_a_closed_log_says_so(where):
    log = open_log(where)
    log.append([Event("u", "i", 1e9)])
    log.close()
    log.close()
    for call in (lambda: log.append([Event("u", "i", 1e9)]), log.last_seq, log.changes):
        with pytest.raises(LogError, match="closed"):
            call()


@pytest.mark.parametrize("schema", [sqlite_schema], ids=["sqlite"])
def test_a_newer_schema_is_refused_and_left_alone(tmp_path, schema):
    open_log(tmp_path).close()
    with apsw.Connection(str(tmp_path / "log.db")) as connection:
        connection.pragma("user_version", len(schema.MIGRATIONS) + 1)
    connection.close()
    with pytest.raises(LogError, match="pip install --upgrade penchant"):
        open_log(tmp_path, LogConfig(checksums=False))


@pytest.mark.postgres
def test_a_newer_schema_in_postgres_is_refused(fresh_url, monkeypatch):
    url = fresh_url()
    open_log(url).close()
    monkeypatch.setattr("penchant.store.log.postgres.MIGRATIONS", ())
    with pytest.raises(LogError, match="pip install --upgrade penchant"):
        open_log(url)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_an_older_schema_is_taken_along_step_by_step(kind, request, tmp_path, monkeypatch):
    place = tmp_path if kind == "sqlite" else request.getfixturevalue("fresh_url")()
    with open_log(place) as log:
        log.append([Event("u", "i", 1e9, "e")])
    schema = sqlite_schema if kind == "sqlite" else postgres_schema
    steps = ("ALTER TABLE items ADD COLUMN colour text", "UPDATE items SET colour = 'red'")
    monkeypatch.setattr(f"penchant.store.log.{kind}.MIGRATIONS", (*schema.MIGRATIONS, *steps))
    for _ in range(2):  # the second time there is nothing left to do
        with open_log(place) as log:
            assert log.changes()[0].event.event_id == "e"
            with log._database.session("read") as session:
                assert session.rows("SELECT colour FROM items") == []


def test_a_file_in_the_way_is_wrong_usage(tmp_path):
    (tmp_path / "log").write_text("x")
    with pytest.raises(UsageError, match="no folder can be made"):
        open_log(tmp_path / "log")


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [("folder", "apsw", "serve"), ("postgresql://localhost/x", "psycopg", "postgres")],
)
def test_a_missing_package_is_named_with_the_line_that_installs_it(
    url, package, extra, tmp_path, monkeypatch
):
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    for name in ("sqlite", "sqlite_errors", "postgres"):
        monkeypatch.delitem(sys.modules, f"penchant.store.log.{name}", raising=False)
    with pytest.raises(MissingDependency, match=rf'pip install "penchant\[{extra}\]"'):
        open_log(str(tmp_path / url) if url == "folder" else url)


@pytest.mark.postgres
def test_an_unreachable_server_is_told_without_its_password():
    pytest.importorskip("psycopg")
    with pytest.raises(LogError, match="cannot be reached") as caught:
        open_log("postgresql://me:hidden@127.0.0.1:1/shop")
    assert "hidden" not in str(caught.value)
    with pytest.raises(UsageError, match="cannot be read"):
        open_log("postgresql://localhost/x?nonsense=1")


@pytest.mark.slow
@pytest.mark.postgres
def test_a_server_that_does_not_flush_is_refused(fresh_url, server):
    server.stop()
    server.start(fsync="off")
    try:
        with pytest.raises(LogError, match="fsync = off"):
            open_log(fresh_url())
    finally:
        server.stop()
        server.start()


def test_importing_the_log_loads_no_database():
    code = "import sys, penchant.store.log; print({'apsw', 'psycopg', 'polars'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
