"""Backups, exports: a log as files, while it goes on."""

from __future__ import annotations

import threading

import polars as pl
import pytest

import penchant
from penchant.core import DamagedLog, Event, Impression, LogError, UsageError
from penchant.store.log import Once, open_log, restore
from penchant.store.log.sqlite_schema import MIGRATIONS


@pytest.fixture
def log(tmp_path):
    with open_log(tmp_path / "log", clock=lambda: 1e9) as opened:
        fill(opened)
        yield opened


def fill(log) -> None:
    log.append([Event(f"u{n % 7}", f"i{n % 10}", 1e9 - 1000 + n, f"e{n}") for n in range(100)])
    log.append([Event("u1", "i1", 1e9 + 9e6, "ahead", "buy", 3.5, "s")], Once("k", "f", str))
    log.put_items([{"item_id": f"i{n}", "title": f"Film {n}", "tags": ["ü"]} for n in range(10)])
    log.put_users([{"user_id": "u1", "country": "NL"}])
    log.add_impressions(
        [Impression("r", f"i{n}", n, "v1", 1e9, "u1", "arm", 0.5) for n in range(3)]
    )
    log.erase("u6")


def everything(log) -> tuple:
    return log.changes(), log.impressions(), log.recall("k"), log.last_seq(), log.user_hash("u")


@pytest.mark.parametrize("source", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
@pytest.mark.parametrize("target", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_backup_restores_everything_into_either_database(source, target, request, tmp_path):
    def place(kind: str):
        return tmp_path / kind if kind == "sqlite" else request.getfixturevalue("fresh_url")()

    with open_log(place(source), clock=lambda: 1e9) as log:
        fill(log)
        counts = log.backup(tmp_path / "backup.db")
        whole = everything(log)
    assert counts == {
        "items": 10,
        "events": 87,
        "users": 1,
        "impressions": 3,
        "answers": 1,
        "erasures": 1,
    }
    where = tmp_path / "elsewhere" if target == "sqlite" else place(target)
    assert restore(tmp_path / "backup.db", where) == {**counts, "forgotten": 0}
    with open_log(where) as log:
        assert everything(log) == whole
        assert log.append([Event("u", "i", 1.0, "e0"), Event("u", "i", 1.0)])[1].seq == whole[3] + 1


def test_a_backup_is_of_one_moment_while_the_log_goes_on(log, tmp_path):
    stop = threading.Event()

    def go_on() -> None:
        number = 0
        while not stop.is_set():
            log.append([Event("new", "i", 1e9, f"new{number}-{k}") for k in range(10)])
            number += 1

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        before = log.last_seq()
        for turn in range(3):
            log.backup(tmp_path / f"backup{turn}.db")
        after = log.last_seq()
    finally:
        stop.set()
        writer.join()
    for turn in range(3):
        restore(tmp_path / f"backup{turn}.db", tmp_path / f"copy{turn}")
        with open_log(tmp_path / f"copy{turn}") as copy:
            assert before <= copy.last_seq() <= after
            assert copy.changes(0, 10**6) == [
                change for change in log.changes(0, 10**6) if change.seq <= copy.last_seq()
            ]


def test_a_backup_is_one_file_that_replaces_nothing(log, tmp_path):
    folder = tmp_path / "backups"
    log.backup(folder / "one.db")
    assert [path.name for path in folder.iterdir()] == ["one.db"]
    with pytest.raises(UsageError, match="exists"):
        log.backup(folder / "one.db")
    folder.chmod(0o500)
    restore(folder / "one.db", tmp_path / "copy")  # from where nothing can be written
    folder.chmod(0o700)
    assert [path.name for path in folder.iterdir()] == ["one.db"]


def test_an_older_backup_is_taken_along_and_stays_as_it_is(log, tmp_path, monkeypatch):
    file = tmp_path / "backup.db"
    log.backup(file)
    content = file.read_bytes()
    steps = (*MIGRATIONS, "ALTER TABLE items ADD COLUMN colour text")
    monkeypatch.setattr("penchant.store.log.sqlite.MIGRATIONS", steps)
    assert restore(file, tmp_path / "copy")["events"] == 87
    assert file.read_bytes() == content


def test_numbers_go_on_from_the_log_that_was_replaced(log, tmp_path):
    log.backup(tmp_path / "backup.db")
    log.append([Event("later", "i", 1e9, f"later{n}") for n in range(50)])
    last = log.last_seq()
    log.close()
    restore(tmp_path / "backup.db", tmp_path / "log", replace=True)
    with open_log(tmp_path / "log") as again:
        assert again.append([Event("u", "i", 1e9)])[0].seq > last, "no cursor of before is misled"


def test_a_log_in_use_or_in_the_way_is_not_replaced(log, tmp_path):
    log.backup(tmp_path / "backup.db")
    with pytest.raises(LogError, match="in use"):
        restore(tmp_path / "backup.db", tmp_path / "log", replace=True)
    log.close()
    with pytest.raises(UsageError, match="there is a log already"):
        restore(tmp_path / "backup.db", tmp_path / "log")
    with open_log(tmp_path / "log") as again:
        assert again.last_seq() > 0


def test_a_damaged_backup_is_refused_and_the_log_stays(log, tmp_path):
    file = tmp_path / "backup.db"
    log.backup(file)
    log.close()
    content = bytearray(file.read_bytes())
    content[content.index(b"Film 7")] ^= 1
    file.write_bytes(content)
    with pytest.raises(DamagedLog, match="a checksum is wrong"):
        restore(file, tmp_path / "log", replace=True)
    with pytest.raises(UsageError, match="no such file"):
        restore(tmp_path / "nothing.db", tmp_path / "log", replace=True)
    with open_log(tmp_path / "log") as again:
        assert again.item("i7") == {"title": "Film 7", "tags": ["ü"]}


def test_an_export_is_what_penchant_reads(log, tmp_path):
    assert log.export_events(tmp_path / "events.parquet") == 87
    assert log.export_items(tmp_path / "items.jsonl") == 10
    data = penchant.read(tmp_path / "events.parquet", tmp_path / "items.jsonl")
    assert len(data.interactions) == 87
    assert len(data.catalogue) == 10
    assert set(data.interactions.kinds) == {"event", "buy"}
    assert "u6" not in data.interactions.users


def test_an_export_bounds_clocks_that_run_ahead(log, tmp_path):
    log.export_events(tmp_path / "events.parquet")
    frame = pl.read_parquet(tmp_path / "events.parquet")
    assert frame.columns == [
        "user_id",
        "item_id",
        "timestamp",
        "event",
        "value",
        "event_id",
        "session_id",
        "received_at",
    ]
    (ahead,) = frame.filter(pl.col("event_id") == "ahead").rows()
    assert ahead == ("u1", "i1", 1e9, "buy", 3.5, "ahead", "s", 1e9)
    assert frame["timestamp"].max() == 1e9


def test_impressions_are_exported_with_their_propensities(log, tmp_path):
    assert log.export_impressions(tmp_path / "shown.parquet") == 3
    frame = pl.read_parquet(tmp_path / "shown.parquet")
    assert frame.row(2) == ("r", "u1", "i2", 2, "v1", "arm", 0.5, 1e9, 1e9)


def test_an_empty_log_is_exported_and_backed_up(tmp_path):
    with open_log(tmp_path / "log") as log:
        assert log.export_events(tmp_path / "events.parquet") == 0
        assert pl.read_parquet(tmp_path / "events.parquet").height == 0
        assert sum(log.backup(tmp_path / "backup.db").values()) == 0
    restore(tmp_path / "backup.db", tmp_path / "copy")
    with open_log(tmp_path / "copy") as log:
        assert log.changes() == []


@pytest.mark.parametrize("copy", ["export_events", "export_impressions", "export_items", "backup"])
def test_a_place_that_cannot_be_written_is_named_and_not_the_log(tmp_path, copy):
    (tmp_path / "file").touch()
    with open_log(tmp_path / "log") as log:
        fill(log)
        with pytest.raises(UsageError, match=r"file.below.copy cannot be written") as refused:
            getattr(log, copy)(tmp_path / "file" / "below" / "copy")
        assert "log.db" not in str(refused.value)
        assert "may or may not" not in str(refused.value)


def test_a_log_that_is_damaged_below_an_export_says_so(tmp_path, monkeypatch):
    from penchant.core import DamagedLog
    from penchant.store.log import export

    def damaged(session, sql):
        raise DamagedLog("a checksum is wrong")
        yield

    with open_log(tmp_path / "log") as log:
        monkeypatch.setattr(export, "_pages", damaged)
        with pytest.raises(DamagedLog, match="a checksum is wrong"):
            log.export_events(tmp_path / "events.parquet")
    assert not (tmp_path / "events.parquet").exists()
