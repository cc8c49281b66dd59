"""A disk that is full, or fails: writes are refused, reading goes on, nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from penchant.core import Event, LogError
from penchant.store.log import EventStored, open_log

FAILING = """
import sys
import apsw
from penchant.core import Event, LogError
from penchant.store.log import LogConfig, open_log

ROOM = [10**9]
BROKEN = [False]

class File(apsw.VFSFile):
    def __init__(self, base, name, flags):
        super().__init__(base, name, flags)
    def xWrite(self, data, offset):
        ROOM[0] -= len(data)
        if ROOM[0] < 0:
            raise apsw.FullError("full")
        super().xWrite(data, offset)
    def xSync(self, flags):
        if BROKEN[0]:
            raise apsw.IOError("the disk does not answer")
        super().xSync(flags)

class Files(apsw.VFS):
    def __init__(self):
        self.base = apsw.vfs_names()[0]
        super().__init__("failing", self.base, makedefault=True)
    def xOpen(self, name, flags):
        return File(self.base, name, flags)

files = Files()
way, folder = sys.argv[1:]

def sent(n):
    return Event(f"u{n % 5}", "i" * 500, 1e9, f"e{n}")

def refused(call):
    try:
        call()
    except LogError as error:
        return str(error)
    raise AssertionError("it was not refused")

acknowledged = 0
with open_log(folder, LogConfig(checkpoint_pages=50)) as log:
    if way == "full":
        ROOM[0] = 4_000_000
    for n in range(5000):
        BROKEN[0] = way == "broken" and n == 200
        try:
            log.append([sent(n)])
            acknowledged += 1
        except LogError as error:
            assert "send it again" in str(error), error
            assert ("is full" if way == "full" else "refuses") in str(error), error
            break
    else:
        raise AssertionError("the disk never failed")
    assert acknowledged > 100
    for _ in range(3):
        refused(lambda: log.append([sent(n)]))
    held = [change.event for change in log.changes(0, 10**6)]
    assert held == [sent(n) for n in range(acknowledged)], "reading goes on, nothing is lost"
    assert log.events_of("u1")
    if way == "full":
        assert "is full" in refused(lambda: log.put_items([{"item_id": "a", "t": "x" * 9000}]))
    ROOM[0], BROKEN[0] = 10**9, False
    log.append([sent(n) for n in range(acknowledged + 10)])
with open_log(folder) as log:
    held = [change.event.event_id for change in log.changes(0, 10**6)]
    assert sorted(held) == sorted(f"e{n}" for n in range(acknowledged + 10))
print("done")
"""


@pytest.mark.parametrize("way", ["full", "broken"])
def test_a_disk_that_refuses_is_told_and_writing_goes_on_when_it_works_again(way, tmp_path):
    command = [sys.executable, "-c", FAILING, way, str(tmp_path / "log")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "done\n", done.stderr


@pytest.fixture
def small(tmp_path: Path):
    """A file system of 4 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S607


def test_a_file_system_of_4_mb_fills_up_and_nothing_is_lost(small: Path, tmp_path: Path):
    def fill() -> None:
        for number in range(100_000):
            log.append([Event("u", "i" * 900, 1e9, f"e{number}-{k}") for k in range(10)])

    with open_log(small / "log") as log:
        with pytest.raises(LogError, match="is full"):
            fill()
        stored = log.last_seq()
        assert stored > 500
        assert len(log.changes(0, 10**6)) == stored
        with pytest.raises(LogError):
            log.erase("u")
        assert log.export_events(tmp_path / "events.parquet") == stored
        with pytest.raises(LogError):
            log.backup(small / "backup.db")
        log.backup(tmp_path / "backup.db")
    with open_log(small / "log") as log:
        held = {c.event.event_id for c in log.changes(0, 10**6) if isinstance(c, EventStored)}
        assert len(held) in (0, stored), "all are there, or all were erased by the try above"
