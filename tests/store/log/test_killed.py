"""Whenever the process that writes dies: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from penchant.core import Event, LogError
from penchant.store.log import EventStored, UserErased, open_log
from penchant.testing import kill_writers

CHILD = Path(__file__).with_name("kill_points.py")
POINTS = (
    "mid migration",
    "before commit",
    "mid commit",
    "after commit",
    "before acknowledgement",
    "mid checkpoint",
    "erasure recorded",
    "rows deleted",
    "mid rewriting",
    "bytes overwritten",
    "mid backup",
    "restore written",
    "restore in place",
)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_a_log_killed_at_a_named_point_goes_on(point: str, tmp_path: Path):
    folder, file = tmp_path / "log", tmp_path / "backup.db"
    command = [sys.executable, "-P", str(CHILD), str(folder), str(file), point]
    child = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    assert child.returncode == -signal.SIGKILL
    told = child.stdout.splitlines()
    stored = {line.split()[1] for line in told if line.startswith("stored")}
    of_erased = {event_id for event_id in stored if int(event_id[1:]) % 3 == 1}
    with open_log(folder) as log:
        changes = log.changes()
        held = Counter(c.event.event_id for c in changes if isinstance(c, EventStored))
        erased = any(isinstance(change, UserErased) for change in changes)
        again = log.append([Event("person0", "i", 1e9, event_id) for event_id in held])
        assert {receipt.status for receipt in again} <= {"duplicate"}
        assert log.append([Event("new", "i", 1e9)])[0].status == "stored"
        file.unlink(missing_ok=True)
        log.backup(file)
    assert set(held.values()) <= {1}
    assert erased or "erased" not in told
    expected = stored - of_erased if erased else stored
    assert expected <= set(held)
    assert len(set(held) - expected) <= 1, "at most the one that was on its way"
    if erased:
        assert [p.name for p in folder.iterdir() if b"person1" in p.read_bytes()] == []


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_loses_nothing(tmp_path: Path):
    judge(kill_writers(tmp_path / "log", kills=10, seed=1), kills=10)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_writer_to_postgres_killed_at_any_moment_loses_nothing(fresh_url):
    judge(kill_writers(fresh_url(), kills=5, seed=1), kills=5)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_server_that_crashes_loses_nothing_and_is_found_again(fresh_url, server):
    with open_log(fresh_url()) as log:
        log.append([Event("u", f"i{n}", 1e9, f"e{n}") for n in range(100)])
        assert log.last_seq() == 100
        server.kill()
        with pytest.raises(LogError, match="cannot be reached"):
            log.append([Event("u", "i", 1e9, "e100")])
        with pytest.raises(LogError, match="cannot be reached"):
            log.last_seq()
        server.start()
        receipts = log.append([Event("u", f"i{n}", 1e9, f"e{n}") for n in range(101)])
        assert [receipt.status for receipt in receipts[:100]] == ["duplicate"] * 100
        assert len(log.changes()) == 101


def judge(ledger, kills: int) -> None:
    assert ledger.kills == kills
    assert len(ledger.acknowledged) > 10 * kills
    found = (ledger.lost, ledger.duplicated, ledger.invented, ledger.by_hand, ledger.resent_twice)
    assert found == (0, 0, 0, 0, 0), ledger.errors
