"""A child that uses a log and dies at one named point; see ``test_killed.py``.

    python kill_points.py FOLDER BACKUP POINT

Prints a line for each thing that it was told is done, and ends with 0 where the point never came.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import apsw

from penchant.core import Event
from penchant.store.log import LogConfig, backup, open_log, restore
from penchant.store.log.erasures import ErasureFile
from penchant.store.log.sqlite import SqliteDatabase
from penchant.store.log.witness import Witness
from penchant.store.log.writing import Writing

ARMED = {"point": ""}


def die_at(point: str) -> None:
    if ARMED["point"] == point:
        os.kill(os.getpid(), signal.SIGKILL)


def watched(owner, name: str, before: str = "", after: str = "") -> None:
    """Make a function of the log die before or after it has done its work."""
    whole = getattr(owner, name)

    def watching(*args, **kwargs):
        die_at(before)
        result = whole(*args, **kwargs)
        die_at(after)
        return result

    setattr(owner, name, watching)


class File(apsw.VFSFile):
    def __init__(self, base, name, flags):
        self.name = Path(name.filename() if hasattr(name, "filename") else name or "").name
        super().__init__(base, name, flags)

    def xWrite(self, data, offset):  # noqa: N802
        here = {
            "mid migration": True,
            "mid commit": self.name == "log.db-wal",
            "mid rewriting": self.name == "log.db-wal" and bool(SCRUBBING),
            "mid checkpoint": self.name == "log.db",
        }
        if here.get(ARMED["point"]):
            super().xWrite(data[: len(data) // 2], offset)
            die_at(ARMED["point"])
        super().xWrite(data, offset)


class Files(apsw.VFS):
    def __init__(self):
        self.base = apsw.vfs_names()[0]
        super().__init__("dying", self.base, makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802
        return File(self.base, name, flags)


SCRUBBING: list[bool] = []
scrub = SqliteDatabase.scrub


def scrubbing(self, text):
    die_at("rows deleted")
    SCRUBBING.append(True)
    scrub(self, text)
    SCRUBBING.clear()
    die_at("bytes overwritten")


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def main(folder: str, file: str, point: str) -> None:
    watched(Writing, "finish", after="before commit")
    watched(Witness, "write", before="after commit", after="before acknowledgement")
    watched(ErasureFile, "add", after="erasure recorded")
    watched(backup, "copy_log", after="mid backup")
    watched(backup, "_fill", after="restore written")
    watched(Path, "replace", after="restore in place")
    SqliteDatabase.scrub = scrubbing
    files = Files()
    if point == "mid migration":
        ARMED["point"] = point
    log = open_log(folder, LogConfig(checkpoint_pages=8))
    for number in range(60):
        if number == 30:
            ARMED["point"] = point
        log.append([sent(number)])
        say(f"stored e{number}")
    log.erase("person1")
    say("erased")
    log.backup(file)
    log.close()
    restore(file, folder, replace=True)
    del files


def sent(number: int) -> Event:
    return Event(f"person{number % 3}", f"i{number}", 1e9, f"e{number}")


if __name__ == "__main__":
    main(*sys.argv[1:])
