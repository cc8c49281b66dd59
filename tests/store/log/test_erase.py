"""Erase a user: not a byte is left in any file, and no old copy brings anything back."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from penchant.core import Event, Impression, LogError
from penchant.store.log import LogConfig, Once, UserErased, open_log, restore

QUICK = LogConfig(synchronous="NORMAL")  # nothing loses its power here
PEOPLE = [f"person-{name}-{number:03}" for number, name in enumerate("abcdefghij" * 6)]


def about(user: str) -> tuple[str, ...]:
    """Everything that would tell of a user."""
    return user, f"event-of-{user}", f"visit-of-{user}", f"home-of-{user}", f"list-of-{user}"


def residues(users: Iterable[str], *folders: Path) -> list[str]:
    """Where any byte of the users is found, searching every file."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    content = {path.name: path.read_bytes() for path in files}
    return [
        f"{name}: {text}"
        for user in users
        for text in about(user)
        for name, data in content.items()
        if text.encode() in data
    ]


def live(log, user: str, times: int, start: int = 0) -> None:
    """Let a user leave traces in every table."""
    _, event, visit, home, shown = about(user)
    numbers = range(start, start + times)
    log.append(
        [Event(user, f"i{n % 50}", 1e9, f"{event}-{n}", session_id=visit) for n in numbers],
        Once(f"{event}-{start}", "f", str) if start % 3 == 0 else None,
    )
    log.put_users([{"user_id": user, "address": home}])
    log.add_impressions([Impression(shown, f"i{n}", n, "v", 1e9, user) for n in range(3)])


@pytest.mark.parametrize("vacuum_below", [64_000_000, 0], ids=["small file", "large file"])
def test_not_a_byte_of_an_erased_user_is_left(tmp_path, vacuum_below):
    draw = random.Random(3)  # noqa: S311 - nothing secret
    config = replace(QUICK, vacuum_below=vacuum_below, checkpoint_pages=10)
    with open_log(tmp_path / "log", config) as log:
        for turn in range(3):
            for user in draw.sample(PEOPLE, len(PEOPLE)):
                live(log, user, draw.randrange(1, 4), start=10 * turn)
        gone = draw.sample(PEOPLE, 25)
        assert len(residues(gone, tmp_path)) > 25, "the search finds what is there"
        for number, user in enumerate(gone):
            assert log.erase(user)["events"] >= 3
            assert residues(gone[: number + 1], tmp_path) == []
            if number % 5 == 0:
                live(log, PEOPLE[-1] if PEOPLE[-1] not in gone else "late", 2, start=100 + number)
        left = [user for user in PEOPLE if user not in gone]
        assert all(len(log.events_of(user)) >= 3 for user in left)
        assert residues(gone, tmp_path) == []
    assert residues(gone, tmp_path) == []


def test_without_overwriting_bytes_stay(tmp_path):
    config = replace(QUICK, secure_delete=False, vacuum_below=0)
    with open_log(tmp_path / "log", config) as log:
        for user in PEOPLE:
            live(log, user, 5)
        log._database.scrub = lambda text: None  # neither the zeros nor the file written anew
        log.erase(PEOPLE[7])
    assert residues(PEOPLE[7:8], tmp_path) != []


def test_an_erasure_that_a_reader_held_up_is_finished_by_the_next(tmp_path):
    config = LogConfig(vacuum_below=0, patience=0.1)
    with open_log(tmp_path / "log", config) as log:
        for user in PEOPLE[:10]:
            live(log, user, 3)
        with log._database.session("snapshot") as reader:
            reader.rows("SELECT count(*) FROM events")
            with pytest.raises(LogError, match="again"):
                log.erase(PEOPLE[3])
            assert log.events_of(PEOPLE[3]) == [], "gone already, but for its bytes"
        assert residues(PEOPLE[3:4], tmp_path) != []
        log.erase(PEOPLE[4])
        assert residues(PEOPLE[3:5], tmp_path) == []


TAKE_ALONE = """
import fcntl, sys
with open(sys.argv[1], "rb+") as file:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)  # as SQLite does
"""


def test_searching_the_file_leaves_the_locks_of_this_process_alone(tmp_path):
    path = tmp_path / "log.db"
    with open_log(tmp_path, LogConfig(vacuum_below=0)) as log:
        live(log, PEOPLE[0], 3)
        log.erase(PEOPLE[1])
        take = [sys.executable, "-c", TAKE_ALONE, str(path)]
        assert subprocess.run(take, stderr=subprocess.DEVNULL, check=False).returncode != 0
    assert subprocess.run(take, check=False).returncode == 0, "when it is closed it can be taken"


def test_an_old_backup_brings_nobody_back(tmp_path):
    with open_log(tmp_path / "log") as log:
        for user in PEOPLE[:6]:
            live(log, user, 5)
        log.erase(PEOPLE[0])
        live(log, PEOPLE[0], 2, start=50)  # who comes back before the backup is in it
        log.backup(tmp_path / "backup.db")
        log.erase(PEOPLE[1])
        log.erase(PEOPLE[2])
    counts = restore(tmp_path / "backup.db", tmp_path / "log", replace=True)
    assert counts["forgotten"] == 2
    assert residues(PEOPLE[1:3], tmp_path / "log") == []
    with open_log(tmp_path / "log") as log:
        assert [len(log.events_of(user)) for user in PEOPLE[:6]] == [2, 0, 0, 5, 5, 5]
        erased = [change for change in log.changes() if isinstance(change, UserErased)]
        assert [change.is_of(user) for change, user in zip(erased, PEOPLE, strict=False)] == [
            True
        ] * 3


def test_an_old_copy_of_the_file_put_back_by_hand_is_caught_up(tmp_path, monkeypatch):
    from penchant.store.log.sqlite import SqliteDatabase

    folder, scrubbed = tmp_path / "log", []
    with open_log(folder) as log:
        for user in PEOPLE[:3]:
            live(log, user, 5)
    old = (folder / "log.db").read_bytes()
    with open_log(folder) as log:
        log.erase(PEOPLE[1])
        log.erase(PEOPLE[2])
    (folder / "log.db").write_bytes(old)
    (folder / "log.head").unlink()
    scrub = SqliteDatabase.scrub
    monkeypatch.setattr(
        SqliteDatabase, "scrub", lambda *one: (scrubbed.append(one), scrub(*one))[1]
    )
    with open_log(folder) as log:
        assert [len(log.events_of(user)) for user in PEOPLE[:3]] == [5, 0, 0]
    assert residues(PEOPLE[1:3], folder) == []
    assert len(scrubbed) == 1, "the file is written anew once, not once a person"


def test_erasures_of_a_lost_folder_are_replayed_from_their_file(tmp_path):
    with open_log(tmp_path / "log") as log:
        for user in PEOPLE[:3]:
            live(log, user, 5)
        log.backup(tmp_path / "backup.db")
        log.erase(PEOPLE[1])
    erasures = tmp_path / "log" / "log.erasures"
    counts = restore(tmp_path / "backup.db", tmp_path / "new", erasures=erasures)
    assert counts["forgotten"] == 1
    assert residues(PEOPLE[1:2], tmp_path / "new") == []
    assert residues(PEOPLE[2:3], tmp_path / "new") != []


def test_every_file_of_a_log_is_for_its_owner_alone(tmp_path):
    with open_log(tmp_path / "log") as log:
        live(log, PEOPLE[0], 3)
        log.erase(PEOPLE[0])
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "log").iterdir()}
    assert "log.erasures" in modes
    assert modes == dict.fromkeys(modes, 0o600)


@pytest.mark.slow
@pytest.mark.postgres
def test_not_a_byte_is_left_in_the_tables_of_postgres(fresh_url, server, tmp_path):
    url = fresh_url()
    with open_log(url) as log:
        for user in PEOPLE:
            live(log, user, 3)
        log.backup(tmp_path / "backup.db")
        analyse(log)
        tables = server.folder / "data" / "base"
        checkpoint(log)
        assert residues(PEOPLE[3:4], tables) != []
        log.erase(PEOPLE[3])
        checkpoint(log)
        assert residues(PEOPLE[3:4], tables) == []
    assert restore(tmp_path / "backup.db", url, replace=True)["forgotten"] == 1
    with open_log(url) as log:
        assert [len(log.events_of(user)) for user in PEOPLE[2:5]] == [3, 0, 3]
        checkpoint(log)
        assert residues(PEOPLE[3:4], tables) == []


def analyse(log) -> None:
    with log._database.session("read") as session:
        session.rows("ANALYZE")


def checkpoint(log) -> None:
    with log._database.session("read") as session:
        session.rows("CHECKPOINT")
