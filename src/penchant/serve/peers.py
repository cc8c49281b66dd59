"""The processes that serve one data folder, and which models each is ready to answer with.

::

    models/workers/NAME.lock    held by a process for as long as it serves
    models/workers/NAME.json    the models that it has in memory, and those it refused
    models/workers/swap.lock    held by the one process that exchanges models
    models/workers/next.json    the model that all are to make ready

A process that dies lets its locks go, however it dies: nobody waits for it.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from penchant.core import BundleError, Overloaded
from penchant.store import atomic_write

_NEXT, _SWAP = "next.json", "swap.lock"
_PATIENCE, _LOOK = 1.0, 0.02  # seconds; ``wanted`` takes the lock of a swap for a moment


@dataclass(frozen=True, slots=True)
class Held:
    """What a process tells the others.

    Attributes:
        ready: versions that it can answer with from one batch to the next.
        refused: why it cannot answer with others, by version.
    """

    ready: Sequence[str] = ()
    refused: Mapping[str, str] = field(default_factory=dict)

    def can(self, version: str) -> bool:
        """Whether it can answer with a model now.

        Raises:
            BundleError: it never will: it refused it.
        """
        if version in self.refused:
            raise BundleError(
                f"{version} may not answer: in another process, {self.refused[version]}"
            )
        return version in self.ready


class Peers:
    """This process among those that serve a folder. On Windows each is alone.

    Args:
        folder: that they share.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = ""
        self._lock: int | None = None
        self._telling = threading.Lock()  # what is told after ``leave`` would lie there for ever
        self._told: Held | None = None

    def join(self, held: Held) -> None:
        """Be seen by the others from now on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        while self._lock is None:
            self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
            lock = os.open(self._path("lock"), os.O_CREAT | os.O_RDWR, 0o600)
            if _locked(lock) and os.fstat(lock).st_nlink:  # not swept away before it was locked
                self._lock = lock
            else:
                os.close(lock)
        self.tell(held)

    def tell(self, held: Held) -> None:
        """Tell what this process holds now."""
        with self._telling:
            if self._lock is None or held == self._told:
                return
            atomic_write(self._path("json"), json.dumps(asdict(held)).encode())
            self._told = held

    def leave(self) -> None:
        """Be seen no more."""
        with self._telling:
            if self._lock is not None:
                self._sweep(self._name)
                os.close(self._lock)
                self._lock = None

    def others(self) -> dict[str, Held]:
        """What the other processes hold that are alive, by name."""
        found = {}
        for path in self._folder.glob("*-*.lock"):
            name = path.stem
            if name == self._name:
                continue
            if not self._gone(path):
                found[name] = _read(self._path("json", name))
        return found

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Only one process is inside such a block.

        Raises:
            Overloaded: another one is.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._folder / _SWAP, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            until = time.monotonic() + _PATIENCE
            while not (alone := _locked(lock)) and time.monotonic() < until:
                time.sleep(_LOOK)
            if not alone:
                raise Overloaded("Another model is being looked at. Try again later.", 10)
            yield
        finally:
            os.close(lock)

    @contextmanager
    def asked_for(self, version: str) -> Iterator[None]:
        """Ask the others to make a model ready while the block runs."""
        atomic_write(self._folder / _NEXT, json.dumps({"version": version}).encode())
        try:
            yield
        finally:
            (self._folder / _NEXT).unlink(missing_ok=True)

    def wait_for(self, version: str, seconds: float, stop: threading.Event | None = None) -> None:
        """Wait until every other process can answer with a model.

        Args:
            version: of the model, which they are asked for.
            seconds: at most.
            stop: ends the waiting when it is set.

        Raises:
            BundleError: one of them refused it, or is not ready in time.
        """
        stop, until = stop or threading.Event(), time.monotonic() + seconds
        while late := [n for n, held in self.others().items() if not held.can(version)]:
            if stop.wait(_LOOK) or time.monotonic() > until:
                raise BundleError(
                    f"{version} may not answer: {len(late)} of the processes that serve here did not "
                    f"make it ready within {seconds:g} s."
                )

    def wanted(self) -> str | None:
        """The model that all are asked to make ready, if any."""
        path = self._folder / _NEXT
        if not path.exists() or _free(self._folder / _SWAP):  # whoever asked is gone
            return None
        with suppress(OSError, ValueError, KeyError):
            return str(json.loads(path.read_bytes())["version"])
        return None

    def _path(self, ending: str, name: str | None = None) -> Path:
        return self._folder / f"{name or self._name}.{ending}"

    def _gone(self, path: Path) -> bool:
        """Whether the process of a lock is; what it left is swept away.

        That happens under its lock: a process that is joining takes another name.
        """
        try:
            handle = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return True
        except OSError:
            return False  # nobody knows
        try:
            if not _locked(handle):
                return False
            with suppress(OSError):
                self._sweep(path.stem)
            return True
        finally:
            os.close(handle)

    def _sweep(self, name: str) -> None:
        for ending in ("json", "lock"):
            self._path(ending, name).unlink(missing_ok=True)


def _locked(handle: int) -> bool:
    """Take a lock; False where somebody has it."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _free(path: Path) -> bool:
    """Whether nobody holds a lock."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return True
    try:
        return _locked(handle)
    finally:
        os.close(handle)


def _read(path: Path) -> Held:
    try:
        return Held(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return Held()  # it is only just joining
