"""Simulated power cuts under SQLite: what a disk may be left with, and what a log makes of it.

A recorder under SQLite (an apsw VFS) notes every write, truncation, deletion and flush of a log at
work, and every acknowledgement. A cut at a moment keeps what was flushed, and of the rest a random
part, some of it torn at a sector of 512 bytes. The log must open on what is left, and hold
everything that was acknowledged, once.

    python -m penchant.testing.power_cuts --cuts 300 --seed 7 [--synchronous NORMAL] [--no-witness]
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import apsw

from penchant.core import Event, LogError
from penchant.store.log import EventStored, Log, LogConfig, open_log

SECTOR = 512
EVENTS = 150
USERS = 7


class Operation(NamedTuple):
    """One thing that happened.

    Attributes:
        kind: ``write``, ``truncate``, ``delete`` or ``flush`` of a file; ``file``: one that is
            written past SQLite was flushed with ``data``; ``stored``, ``erasing`` and ``erased``:
            what the user of the log did and was told.
        name: of the file; or an event id, or a user id.
        offset: bytes.
        data: what was written.
    """

    kind: str
    name: str
    offset: int = 0
    data: bytes = b""


RECORD: list[Operation] = []


class _File(apsw.VFSFile):
    def __init__(self, base: str, name: Any, flags: list[int]) -> None:
        path = name.filename() if hasattr(name, "filename") else name
        self._name = Path(path or "temporary").name
        super().__init__(base, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - apsw's name
        RECORD.append(Operation("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        RECORD.append(Operation("truncate", self._name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        RECORD.append(Operation("flush", self._name))
        super().xSync(flags)


class Recorder(apsw.VFS):
    """Files that note what is done to them, for all of SQLite in this process.

    Made before a log is opened, as the checksums of pages go on top of it.
    """

    def __init__(self) -> None:
        self._base = apsw.vfs_names()[0]
        super().__init__("recorder", self._base, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> _File:  # noqa: N802
        """Open a file."""
        return _File(self._base, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        """Delete a file."""
        RECORD.append(Operation("delete", Path(filename).name))
        super().xDelete(filename, syncdir)


@dataclass
class Found:
    """What the cuts left.

    Attributes:
        cuts: how many there were.
        unopened: logs that did not open, or could not be written to again.
        lost: cuts after which an acknowledged event was missing.
        duplicated: cuts after which an event was there twice.
        invented: cuts after which there was an event that nobody sent, or another than was sent.
        unerased: cuts after which somebody was there whose erasure was acknowledged.
        operations: that were recorded.
        flushes: among them.
    """

    cuts: int = 0
    unopened: int = 0
    lost: int = 0
    duplicated: int = 0
    invented: int = 0
    unerased: int = 0
    operations: int = 0
    flushes: int = 0
    errors: list[str] = field(default_factory=list)


def power_cuts(
    cuts: int, seed: int, synchronous: Literal["FULL", "NORMAL"] = "FULL", witness: bool = True
) -> Found:
    """Record a log at work, then cut the power at random moments of it.

    Needs a process of its own: it changes how SQLite opens files.
    """
    recorder = Recorder()
    config = LogConfig(synchronous=synchronous, witness=witness, checkpoint_pages=20)
    random_ = random.Random(seed)  # noqa: S311 - nothing secret
    with tempfile.TemporaryDirectory() as place:
        start = _work(Path(place) / "log", config)
        record = list(RECORD)
        found = Found(operations=len(record), flushes=sum(o.kind == "flush" for o in record))
        for turn in range(cuts):
            left = Path(place) / f"left{turn}"
            moment = random_.randrange(start, len(record) + 1)
            for name, content in image(record[:moment], random_).items():
                left.mkdir(exist_ok=True)
                (left / name).write_bytes(content)
            _judge(left, record[:moment], config, found)
            shutil.rmtree(left, ignore_errors=True)
    del recorder
    return found


def _work(folder: Path, config: LogConfig) -> int:
    """Let a log store events one by one, and erase somebody now and then; where that begins."""
    with open_log(folder, config) as log:
        start = len(RECORD)
        for number in range(EVENTS):
            log.append([sent(number)])
            _note_files(folder)
            RECORD.append(Operation("stored", f"e{number}"))
            if number % 40 == 39:
                _erase(log, folder, f"u{number // 40}")
    return start


def _erase(log: Log, folder: Path, user: str) -> None:
    RECORD.append(Operation("erasing", user))
    log.erase(user)
    _note_files(folder)
    RECORD.append(Operation("erased", user))


def _note_files(folder: Path) -> None:
    files = [folder / "log.head", folder / "log.erasures"]
    RECORD.extend(Operation("file", p.name, 0, p.read_bytes()) for p in files if p.exists())


def sent(number: int) -> Event:
    """The event that is sent under a number."""
    return Event(
        f"u{number % USERS}", "i" * 300, 1e9 + number, f"e{number}", "click", float(number)
    )


def image(record: list[Operation], random_: random.Random) -> dict[str, bytes]:
    """The files as a cut after these operations may leave them, by name."""
    flushed: dict[str, bytearray] = {}
    pending: dict[str, list[Operation]] = {}
    for operation in record:
        _take_in(operation, flushed, pending)
    for operation in (one for waiting in pending.values() for one in waiting):
        if random_.random() < 0.5:
            _apply(flushed, _torn(operation, random_))
    return {name: bytes(content) for name, content in flushed.items()}


def _take_in(
    operation: Operation, flushed: dict[str, bytearray], pending: dict[str, list[Operation]]
) -> None:
    name = operation.name
    if operation.kind == "flush":
        for earlier in pending.pop(name, []):
            _apply(flushed, earlier)
    elif operation.kind == "delete":
        pending.pop(name, None)
        flushed.pop(name, None)
    elif operation.kind == "file":
        flushed[name] = bytearray(operation.data)
    elif operation.kind in ("write", "truncate"):
        pending.setdefault(name, []).append(operation)


def _torn(operation: Operation, random_: random.Random) -> Operation:
    """The same write, half of the time cut short at a sector."""
    sectors = -(-len(operation.data) // SECTOR)
    if sectors < 2 or random_.random() < 0.5:
        return operation
    return operation._replace(data=operation.data[: SECTOR * random_.randrange(1, sectors)])


def _apply(files: dict[str, bytearray], operation: Operation) -> None:
    content = files.setdefault(operation.name, bytearray())
    if operation.kind == "truncate":
        del content[operation.offset :]
        content.extend(bytes(operation.offset - len(content)))
        return
    end = operation.offset + len(operation.data)
    content.extend(bytes(max(0, end - len(content))))
    content[operation.offset : end] = operation.data


def _judge(left: Path, record: list[Operation], config: LogConfig, found: Found) -> None:
    """Open what a cut left, and compare it with what was acknowledged."""
    found.cuts += 1
    try:
        with open_log(left, config) as log:
            held = [c.event for c in log.changes(0, 10**6) if isinstance(c, EventStored)]
            log.append([Event("new", "i", 0.0, "new")])
    except LogError as error:
        found.unopened += 1
        found.errors.append(str(error))
        return
    must, may = _expected(record)
    counts = Counter(event.event_id for event in held)
    found.lost += any(event_id not in counts for event_id in must)
    found.duplicated += any(count > 1 for count in counts.values())
    found.invented += any(event != sent(int(event.event_id[1:])) for event in held)
    found.unerased += any(event_id not in may for event_id in counts)


def _expected(record: list[Operation]) -> tuple[set[str], set[str]]:
    """The events that must be there, and those that may."""
    must: list[str] = []
    gone: set[str] = set()
    unsure: set[str] = set()
    for operation in record:
        if operation.kind == "stored":
            must.append(operation.name)
        elif operation.kind == "erasing":
            unsure = set(_of(must, operation.name))
        elif operation.kind == "erased":
            gone |= unsure
            unsure = set()
    return set(must) - gone - unsure, {f"e{n}" for n in range(EVENTS)} - gone


def _of(event_ids: list[str], user: str) -> Iterator[str]:
    return (event_id for event_id in event_ids if sent(int(event_id[1:])).user_id == user)


def main() -> None:
    """Cut the power as the arguments say; one JSON document on standard output."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cuts", type=int, default=300)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--synchronous", choices=["FULL", "NORMAL"], default="FULL")
    parser.add_argument("--no-witness", action="store_true")
    args = parser.parse_args()
    found = power_cuts(args.cuts, args.seed, args.synchronous, not args.no_witness)
    sys.stdout.write(json.dumps(asdict(found)) + "\n")


if __name__ == "__main__":
    main()
