"""A trail of what was done with admin rights: append-only, and showing where it was changed.

Each line holds the SHA-256 of the line before, so that a line taken out or altered breaks the chain
from there on. That the last lines are missing does not show: nothing follows them. It names keys and
routes, never the user or item that a route was called for: a trail outlives an erasure.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from anyio import CancelScope
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant.core import DataError, Problem
from penchant.store import sync_folder

from .asgi import method_of, path_of, state_of
from .keys import Caller
from .rules import Rules

NAME = "audit.jsonl"
START = "0" * 64
LONGEST = 65_536
"""Bytes of a line: much more than one has."""


class AuditTrail:
    """The file of the trail, ``audit.jsonl`` in the folder of a service.

    Args:
        folder: of the service; made where it is missing.
        clock: seconds since 1970.
    """

    def __init__(self, folder: str | Path, clock: Callable[[], float] = time.time) -> None:
        self.path = Path(folder) / NAME
        self._clock = clock
        self._lock = threading.Lock()

    def record(self, action: str, **facts: str | float | None) -> None:
        """Append a line, and return when it is on the disk.

        Args:
            action: what was done, such as ``keys add`` or ``DELETE /v1/users/{id}``.
            facts: about it: ids of keys, a status; nothing about a person.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock, open(self.path, "a+b", opener=_for_owner) as file:
            _lock_file(file.fileno())  # other processes append too
            line = {"time": round(self._clock(), 3), "action": action, **facts}
            fresh = file.seek(0, os.SEEK_END) == 0
            content = json.dumps({**line, "before": _end(file)}) + "\n"
            file.write(content.encode())
            file.flush()
            os.fsync(file.fileno())
            if fresh:  # the name of the file is to last, too
                sync_folder(self.path.parent)

    def read(self) -> list[Mapping[str, object]]:
        """The lines, oldest first.

        Raises:
            DataError: a line does not follow from the one before.
        """
        if not self.path.is_file():
            return []
        before, lines = START, []
        for number, raw in enumerate(self.path.read_bytes().splitlines(), 1):
            if not _follows(raw, before):
                what = "this line does not follow from the one before: one of them was changed"
                problem = Problem(str(self.path), number, what, "Compare it with a backup.")
                raise DataError([problem])
            before = hashlib.sha256(raw).hexdigest()
            lines.append(json.loads(raw))
        return lines


class Audit:
    """Records each request that needed the scope ``admin`` and changes something, with its status.

    The line is on the disk before the answer leaves: what was acknowledged can be looked up. Where
    the disk refuses, the answer is a fault (500), which leaves open whether it was done.

    Args:
        app: what is watched.
        rules: that say which requests those are.
        trail: that they are recorded in.
        on: False records nothing.
    """

    def __init__(self, app: ASGIApp, rules: Rules, trail: AuditTrail, *, on: bool = True) -> None:
        self._app = app
        self._rules = rules
        self._trail = trail
        self._on = on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not self._on or scope["type"] != "http" or not self._is_recorded(scope):
            await self._app(scope, receive, send)
            return
        recorded = False

        async def record(status: int) -> None:
            nonlocal recorded
            if not recorded:
                recorded = True
                await run_in_threadpool(self._record, scope, status)

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                await record(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except BaseException:
            with CancelScope(shield=True):
                await record(500)
            raise
        await record(0)  # the client left, and nobody was answered

    def _record(self, scope: Scope, status: int) -> None:
        state = state_of(scope)
        caller: Caller | None = state.get("caller")
        self._trail.record(
            f"{method_of(scope)} {self._rules.template(scope)}",
            status=status,
            key=caller.key_id if caller else "",
            request_id=state.get("request_id", ""),
        )

    def _is_recorded(self, scope: Scope) -> bool:
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return False
        return self._rules.scope(scope["method"], path_of(scope)) == "admin"


def _end(file: BinaryIO) -> str:
    """The hash of the last line; the half line that a power cut left after it is taken off.

    A whole line that only lacks its end, as an editor may leave it, gets one.
    """
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - LONGEST)
    file.seek(start)
    tail = file.read()
    whole = tail[: tail.rfind(b"\n") + 1]
    lines = whole.splitlines()
    rest = tail[len(whole) :]
    before = hashlib.sha256(lines[-1]).hexdigest() if lines else START
    if rest and _follows(rest, before):
        file.write(b"\n")
        return hashlib.sha256(rest).hexdigest()
    file.truncate(start + len(whole))
    return before


def _follows(raw: bytes, before: str) -> bool:
    """Whether a line is whole, and its chain goes on from the hash of the one before."""
    try:
        return bool(json.loads(raw)["before"] == before)
    except (ValueError, KeyError, TypeError):
        return False


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _lock_file(handle: int) -> None:
    if os.name == "posix":
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)  # goes with the handle
