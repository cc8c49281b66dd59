r"""The state on disk, so that a start reads a file rather than years of events.

One file, written aside and renamed::

    b"penchant live state 2\n"
    sections, each after its length (8 bytes): a head of JSON; numbers by name, ten thousand at a
    time, as JSON; then for every thousand users their ids, versions and lengths, rows, and texts
    SHA-256 of all of the above (32 bytes)

All in pieces, as one large piece would hold up every other thread of the process.

It is a cache. One that is damaged, of another format, of other settings or of another log is left
aside with a line in the logs, and the state is folded from the log again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from penchant.store import atomic_file

from .erased import Erased
from .followed import Followed
from .history import History
from .state import LiveConfig, State

log = logging.getLogger(__name__)

MAGIC = b"penchant live state 2\n"
NUMBERS = 10_000
"""Numbers of a block, likewise few enough: some milliseconds."""
USERS = 1_000
"""Users of a block."""

_CHOSEN = "chosen "  # before the half-life
_REPEATED = "repeated "  # likewise: pairs of user and item
_DIGEST = hashlib.sha256().digest_size
_PIECE = 1 << 20  # bytes hashed at a time
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError)


class _Unfit(ValueError):
    """A snapshot that cannot be used, and why."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A state at one moment; nothing in it changes any more.

    Attributes:
        cursor: ``seq`` up to which the log was followed.
        head: what is small, as JSON values.
        numbers: what is large: numbers by name, in named tables.
        users: the histories in memory.
    """

    cursor: int
    head: Mapping[str, Any]
    numbers: Mapping[str, Mapping[Any, int]]
    users: Mapping[str, History]


def copied(state: State) -> Copied:
    """A state as it is now; to be called where nobody changes it, and quick."""
    head = {
        "config": asdict(state.config),
        "mark": state.mark,
        "complete": state.users.complete,
        "recount": state.recount,
        "since": state.popularity.since,
        "cut": state.popularity.cut,
    }
    erased = {" ".join(key): seq for key, seq in state.erased.seqs().items()}
    numbers = {
        "items": dict(state.items),
        "withdrawn": dict.fromkeys(state.withdrawn, 1),
        "erased": erased,
    }
    counted: dict[str, Mapping[Any, int]] = {
        f"{_CHOSEN}{period}": counts for period, counts in state.popularity.copy()
    }
    for period, pairs in state.popularity.bound or ():
        counted[f"{_REPEATED}{period}"] = pairs
    return Copied(state.cursor, head, numbers | counted, state.users.copy())


def write_snapshot(path: Path, state: Copied) -> None:
    """Write a snapshot in the place of an earlier one; whole or not at all."""
    with atomic_file(path) as file:
        if hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), 0o600)  # what people did, for its owner alone
        digest = hashlib.sha256()
        for part in _parts(state):
            digest.update(part)
            file.write(part)
        file.write(digest.digest())


def read_snapshot(path: Path, followed: Followed, config: LiveConfig) -> State | None:
    """The state that a snapshot holds, or None where there is none that can be used."""
    if not path.exists():
        return None
    try:
        with path.open("rb") as file:
            _check_digest(file)
            return _read(file, followed, config)
    except _UNREADABLE as error:
        log.warning(
            "The snapshot %s is left aside, and the state is folded from the log again: %s.",
            path,
            error,
        )
        return None


def remove_snapshot(path: Path, leave: bool = False) -> None:
    """Remove a snapshot, and what writers that were killed left of one.

    Args:
        path: the file.
        leave: whether to leave the snapshot itself where it is.
    """
    if not leave:
        path.unlink(missing_ok=True)
    for left in path.parent.glob(f".{path.name}.*.part"):
        left.unlink(missing_ok=True)


def _parts(state: Copied) -> Iterator[bytes]:
    blocks = -(-len(state.users) // USERS)
    pages = sum(-(-len(table) // NUMBERS) for table in state.numbers.values())
    head = {**state.head, "cursor": state.cursor, "blocks": blocks, "pages": pages}
    yield MAGIC
    yield from _section(json.dumps(head).encode())
    for name, table in state.numbers.items():
        pairs = iter(table.items())
        while page := dict(islice(pairs, NUMBERS)):
            yield from _section(json.dumps([name, page]).encode())
    waiting = iter(state.users.items())
    for _ in range(blocks):
        names, histories = zip(*islice(waiting, USERS), strict=True)
        lengths = [(one.version, len(one.rows), len(one.text)) for one in histories]
        yield from _section("\0".join(names).encode())
        yield from _section(np.array(lengths, "<i8").tobytes())
        yield from _section(b"".join(one.rows for one in histories))
        yield from _section("".join(one.text for one in histories).encode())


def _section(content: bytes) -> tuple[bytes, bytes]:
    return len(content).to_bytes(8, "little"), content


def _check_digest(file: BinaryIO) -> None:
    """Leave the file at its first section, or say what is wrong with it."""
    magic = file.read(len(MAGIC))
    if magic != MAGIC:
        raise _Unfit(f"it begins with {magic!r}, which this penchant does not read")
    digest = hashlib.sha256(magic)
    left = file.seek(0, 2) - len(MAGIC) - _DIGEST
    file.seek(len(MAGIC))
    while left > 0:
        piece = file.read(min(left, _PIECE))
        digest.update(piece)
        left -= len(piece)
    if left < 0 or file.read() != digest.digest():
        raise _Unfit("it is not what was written (its SHA-256 differs)")
    file.seek(len(MAGIC))


def _read(file: BinaryIO, followed: Followed, config: LiveConfig) -> State:
    head = json.loads(_next(file))
    if head["config"] != asdict(config):
        raise _Unfit(f"it was written with other settings: {head['config']}")
    _check_mark(head["cursor"], head["mark"], followed)
    state = State(config, clean=head["cursor"])
    state.cursor = head["cursor"]
    state.mark = head["mark"] and tuple(head["mark"])
    state.recount = head["recount"]
    state.popularity.since, state.popularity.cut = head["since"], head["cut"]
    for _ in range(head["pages"]):
        _take(state, *json.loads(_next(file)))
    for _ in range(head["blocks"]):
        for user_id, history in _block(file):
            state.users.put(user_id, history)
    state.users.complete &= head["complete"]
    return state


def _take(state: State, name: str, numbers: dict[str, int]) -> None:
    """Put a page of numbers back into the state."""
    if name == "items":
        state.items |= numbers
    elif name == "withdrawn":
        state.withdrawn |= numbers.keys()
    elif name == "erased":
        pairs = ((key.partition(" "), seq) for key, seq in numbers.items())
        state.erased.add(Erased({(salt, user): seq for (salt, _, user), seq in pairs}))
    elif name.startswith(_REPEATED):
        if state.popularity.bound is not None:
            state.popularity.bound.restore(int(name.removeprefix(_REPEATED)), numbers)
    else:
        state.popularity.restore(int(name.removeprefix(_CHOSEN)), numbers)


def _block(file: BinaryIO) -> Iterator[tuple[str, History]]:
    names = _next(file).decode().split("\0")
    lengths = np.frombuffer(_next(file), "<i8").reshape(-1, 3)  # (users, 3)
    rows, text = _next(file), _next(file).decode()
    row = letter = 0
    for user_id, (version, wide, long) in zip(names, lengths.tolist(), strict=True):
        history = History(version, rows[row : row + wide], text[letter : letter + long])
        yield user_id, history
        row, letter = row + wide, letter + long


def _next(file: BinaryIO) -> bytes:
    return file.read(int.from_bytes(file.read(8), "little"))


def _check_mark(cursor: int, mark: Sequence[float] | None, followed: Followed) -> None:
    """Make sure that the log is the one that was followed, and not an older copy of it gone on.

    A copy has lost its end, and may have given the numbers of the end to other changes: only where
    the last change that was folded is there, everything before it is. A change that was erased or
    replaced since is missing too; then the snapshot is lost for nothing, which is rare and safe.
    """
    if followed.last_seq() < cursor:
        raise _Unfit(f"it is ahead of the log ({cursor} to {followed.last_seq()})")
    if mark is None:
        return
    seq, received_at = mark
    found = followed.changes(int(seq) - 1, 1)
    if not found or (found[0].seq, found[0].received_at) != (seq, received_at):
        raise _Unfit("the log does not hold its last change: a restored backup, or another log")
