"""``penchant export-events``, ``backup``, ``restore`` and ``erase``, on the folder of a service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import penchant
from penchant.cli import logs
from penchant.core import Event, Impression
from penchant.store.log import open_log


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """The folder of a service that heard of 40 events."""
    folder = tmp_path / "service"
    with open_log(folder / "log") as log:
        log.append([Event(f"u{n % 4}", f"i{n % 10}", 1e9 + n, f"e{n}") for n in range(40)])
        log.put_items([{"item_id": f"i{n}", "title": f"Film {n}"} for n in range(10)])
        log.add_impressions([Impression("r", "i1", 0, "v1", 1e9, "u1")])
    (folder / "live.snapshot").write_bytes(b"what u1 did")
    return folder


def test_what_was_exported_can_be_read(service, tmp_path, call):
    events, items, shown = (tmp_path / name for name in ("e.parquet", "i.jsonl", "s.parquet"))
    said = call(
        "export-events", "--data", service, "--out", events, "--items", items,
        "--impressions", shown, "--json",
    )  # fmt: skip
    assert said.status == 0
    assert json.loads(said.out) == {"rows": {str(events): 40, str(items): 10, str(shown): 1}}
    assert len(penchant.read(events, items).interactions) == 40


def test_the_folder_of_the_log_itself_will_do(service, tmp_path, call):
    said = call("export-events", "--data", service / "log", "--out", tmp_path / "e.parquet")
    assert (said.status, said.out) == (0, "")
    assert "e.parquet: 40 rows" in said.err


def test_a_backup_is_restored_without_those_who_were_erased_since(service, tmp_path, call):
    file = tmp_path / "backups" / "one.db"
    assert call("backup", "--data", service, "--out", file).status == 0
    said = call("erase", "--data", service, "--user", "u1", "--json")
    assert json.loads(said.out)["rows"] == {
        "events": 10,
        "users": 0,
        "impressions": 1,
        "answers": 0,
    }
    assert not (service / "live.snapshot").exists()
    assert call("restore", "--from", file, "--data", service).status == 2
    said = call("restore", "--from", file, "--data", service, "--replace")
    assert said.status == 0
    assert "30 events" in said.err
    assert "1 forgotten" in said.err
    with open_log(service / "log") as log:
        assert log.events_of("u1") == []
        assert len(log.events_of("u2")) == 10


def test_a_restore_into_a_new_folder_makes_it(service, tmp_path, call):
    file = tmp_path / "one.db"
    call("backup", "--data", service, "--out", file)
    assert call("restore", "--from", file, "--data", tmp_path / "new").status == 0
    with open_log(tmp_path / "new" / "log") as log:
        assert log.last_seq() == 50


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["erase", "--data", "nowhere", "--user", "u1"], "no event log there"),
        (["backup", "--data", "nowhere", "--out", "b.db"], "no event log there"),
        (["backup", "--data", "service", "--out", "service/b.db"], "not lost with it"),
        (["export-events", "--data", "service", "--out", "e.csv"], "must end in .parquet"),
        (["restore", "--from", "nothing.db", "--data", "service"], "no such file"),
        (["erase", "--data", "service", "--user", ""], "user_id"),
    ],
)
def test_wrong_calls_are_refused_and_make_nothing(argv, told, service, call, monkeypatch):
    monkeypatch.chdir(service.parent)
    before = sorted(service.parent.rglob("*"))
    said = call(*argv)
    assert said.status == 2
    assert told in said.err
    after = sorted(path for path in service.parent.rglob("*") if path.suffix != ".lock")
    assert [path for path in after if path not in before and "log.db-" not in path.name] == []


def test_the_names_are_those_of_the_service():
    opening = pytest.importorskip("penchant.serve.opening")
    assert (logs.LOG, logs.SNAPSHOT) == (opening.LOG, opening.SNAPSHOT)
