"""Damaged files: a log says so, or answers right; it never crashes and never invents."""

from __future__ import annotations

import shutil

import pytest

from penchant.core import DamagedLog, Event
from penchant.store.log import LogConfig, open_log, restore
from penchant.testing import damaged_copies


@pytest.mark.slow
def test_damaged_files_are_refused_or_answer_right():
    outcome = damaged_copies(copies=60, seed=1)
    assert (outcome.wrong, outcome.crashed) == (0, 0), outcome.told
    assert outcome.refused > 20
    assert outcome.right > 5


@pytest.mark.slow
def test_in_a_file_too_large_to_read_through_damage_is_found_where_it_is_read():
    outcome = damaged_copies(copies=30, seed=2, config=LogConfig(check_below=0))
    assert (outcome.wrong, outcome.crashed) == (0, 0), outcome.told
    assert outcome.refused > 10


@pytest.mark.slow
@pytest.mark.parametrize(("guard", "copies"), [("checksums", 60), ("witness", 10)])
def test_without_its_guards_a_log_is_silently_wrong(guard, copies):
    outcome = damaged_copies(copies, seed=7, config=LogConfig(**{guard: False}))
    assert outcome.wrong > 0


def test_a_flipped_bit_is_named_with_its_file_and_what_to_do(tmp_path):
    filled(tmp_path / "log")
    path = tmp_path / "log" / "log.db"
    content = bytearray(path.read_bytes())
    content[content.index(b"item-77")] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        DamagedLog, match=r"log\.db is damaged: a checksum is wrong.*penchant restore"
    ):
        open_log(tmp_path / "log")
    assert path.read_bytes() == content, "nothing was changed"


def test_a_bit_flipped_while_the_log_is_open_is_noticed(tmp_path):
    filled(tmp_path / "log")
    path = tmp_path / "log" / "log.db"
    with open_log(tmp_path / "log") as log:
        content = bytearray(path.read_bytes())
        content[content.index(b"item-77")] ^= 1
        path.write_bytes(content)
        with pytest.raises(DamagedLog):
            log.changes()


@pytest.mark.parametrize("ending", ["log.db", "log.db-wal"])
def test_a_missing_file_is_noticed(tmp_path, ending):
    with filled(tmp_path / "log", close=False):
        shutil.copytree(tmp_path / "log", tmp_path / "killed")
    (tmp_path / "killed" / ending).unlink()
    with pytest.raises(DamagedLog):
        open_log(tmp_path / "killed")


def test_what_is_no_log_is_refused_and_left_alone(tmp_path):
    (tmp_path / "log.db").write_text("my diary")
    with pytest.raises(DamagedLog, match="its pages have no checksums"):
        open_log(tmp_path)
    assert (tmp_path / "log.db").read_text() == "my diary"


def test_a_damaged_line_of_the_erasures_is_refused(tmp_path):
    with open_log(tmp_path) as log:
        log.erase("a")
        log.erase("b")
    path = tmp_path / "log.erasures"
    path.write_bytes(path.read_bytes().replace(b"user_hash", b"user_hush", 1))
    with pytest.raises(DamagedLog, match=r"log\.erasures:1 is damaged"):
        open_log(tmp_path)
    path.unlink()
    with open_log(tmp_path):
        assert len(path.read_bytes().splitlines()) == 2, "made anew from the database"


def test_half_a_line_of_the_erasures_is_none(tmp_path):
    with open_log(tmp_path) as log:
        log.erase("a")
    path = tmp_path / "log.erasures"
    path.write_bytes(path.read_bytes() + b'0badcafe {"erasure_id"')
    with open_log(tmp_path) as log:
        log.erase("b")
        assert len(log.changes()) == 2
    assert len(path.read_bytes().splitlines()) == 2


def test_a_damaged_log_is_replaced_by_its_backup(tmp_path):
    with filled(tmp_path / "log", close=False) as log:
        log.backup(tmp_path / "backup.db")
        log.erase("u1")
    path = tmp_path / "log" / "log.db"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DamagedLog):
        open_log(tmp_path / "log")
    counts = restore(tmp_path / "backup.db", tmp_path / "log", replace=True)
    assert counts["forgotten"] == 1, "the erasures outlive the database"
    with open_log(tmp_path / "log") as log:
        assert len(log.changes()) == 96
        assert log.events_of("u1") == []


def filled(folder, close: bool = True):
    log = open_log(folder)
    log.append([Event(f"u{n % 20}", f"item-{n}", 1e9, f"e{n}") for n in range(100)])
    if close:
        log.close()
    return log
