"""Several processes that serve one socket and one data folder."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from types import FrameType

from penchant.core import PenchantError

from .edge import forget_worker
from .place import Place
from .together import figures_together

_LOOK = 0.1  # seconds between two looks at the workers
_PAUSE = 1.0  # seconds before a worker that died is started again; each time it ...
_LONGEST = 32.0  # ... dies before it was ready, twice as many, up to these
_STARTS = 3  # how often a worker is started that is killed before the service serves
_PATIENCE = 2.0  # seconds until a worker is told again that was still loading when it was told


class Supervisor:
    """Starts workers, starts those that die anew, and passes signals on.

    The first worker takes in the run of the command line; the others start when it is ready, and
    find the model in the registry. So does the first where it is started anew.

    One that says why it cannot start ends the service. One that is killed as it starts, which a
    lack of memory does, is told of and started again: some times until all serve; after that for as
    long as the service runs, ever more rarely, as the others serve on.

    Args:
        place: what to serve.
        listening: the socket.
        workers: how many.
    """

    def __init__(self, place: Place, listening: socket.socket, workers: int) -> None:
        self._place = place
        self._listening = listening
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[SpawnProcess | None] = [None] * workers
        # kept while they run: a semaphore is gone with its last Event, and a child opens it late
        self._ready: list[Event | None] = [None] * workers
        self._again: dict[int, float] = {}  # when one that died is to be started
        self._fell = [0] * workers  # how often in a row each died before it was ready
        self._signal: int = 0  # that asked to leave
        self._told: set[int] = set()  # by pid
        self._figures = ""  # the folder where the workers put theirs

    def run(self, started: Callable[[], None]) -> int:
        """Serve until a signal says to stop.

        Args:
            started: called when all workers are ready.

        Returns:
            the exit status: 0, or that of a worker that could not be started.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._leave)
        with figures_together() as self._figures:
            return self._serve(started)

    def _serve(self, started: Callable[[], None]) -> int:
        status = 0
        try:
            for worker in range(len(self._workers)):
                if not status and not self._signal:
                    status = self._start(worker)
            if not status and not self._signal:
                started()
            while not status and not self._signal:
                time.sleep(_LOOK)
                self._mend()
        finally:
            self._end()
        return status

    def _start(self, number: int) -> int:
        """Start a worker and wait until it is ready; an exit status where there is none in the end."""
        for start in range(1, _STARTS + 1):
            process, ready = self._begin(number, take_in=number == 0)
            while process.is_alive():
                if self._signal or ready.wait(_LOOK):
                    return 0
            if self._signal:
                return 0
            status = process.exitcode or 1  # 0: it was interrupted, and not by us
            if status > 0:
                return status  # it said why
            _forget(process)
            again = start < _STARTS
            what = "it is started again" if again else "it is given up. " + _remedy(status)
            sys.stderr.write(f"worker {number} {_ended(status)} while it started; {what}\n")
            if again and self._rested():
                return 0
        return 1

    def _rested(self) -> bool:
        """Wait a while; whether a signal came meanwhile."""
        until = time.monotonic() + _PAUSE
        while not self._signal and time.monotonic() < until:
            time.sleep(min(_LOOK, _PAUSE))
        return bool(self._signal)

    def _begin(self, number: int, take_in: bool = False) -> tuple[SpawnProcess, Event]:
        """Start a worker; and what says that it is ready."""
        ready = self._context.Event()
        place = replace(self._place, shared=Path(self._figures))
        given = (place, self._listening, ready, number == 0, take_in)
        process = self._context.Process(target=work, args=given, name=f"penchant worker {number}")
        self._ready[number] = ready
        process.start()
        self._workers[number] = process  # if a signal came just before, ``_end`` tells this one
        return process, ready

    def _mend(self) -> None:
        """Start those anew that died, a while after they did; nobody waits for another's start."""
        for number, process in enumerate(self._workers):
            if process is None or process.is_alive() or self._signal:
                continue
            if number not in self._again:
                _forget(process)
                pause = self._pause(number)
                sys.stderr.write(
                    f"worker {number} {_ended(process.exitcode)}, and is started anew in {pause:g} s\n"
                )
                self._again[number] = time.monotonic() + pause
            elif time.monotonic() >= self._again[number]:
                del self._again[number]
                self._workers[number] = None  # first: a closed process can be asked nothing
                process.close()
                self._begin(number)

    def _pause(self, number: int) -> float:
        """Seconds until a worker that died is started: the more, the more often it never got ready."""
        ready = self._ready[number]
        got_ready = ready is None or ready.is_set()
        self._fell[number] = 0 if got_ready else self._fell[number] + 1
        return float(min(_PAUSE * 2 ** self._fell[number], max(_PAUSE, _LONGEST)))

    def _leave(self, number: int, _: FrameType | None) -> None:
        self._signal = number
        self._tell(number)

    def _tell(self, number: int, but: Collection[int] = ()) -> None:
        """Pass a signal on, but not to these: a second SIGINT would cut short what a worker ends."""
        for process in self._workers:
            if process is None or process.pid is None or process.pid in but:
                continue
            if process.is_alive():
                with suppress(ProcessLookupError):  # it ended since
                    os.kill(process.pid, number)
                self._told.add(process.pid)

    def _end(self) -> None:
        """Tell who was not told, such as one that was just being started, and wait for all."""
        self._tell(self._signal or signal.SIGINT, but=self._told)
        for process, ready in zip(self._workers, self._ready, strict=True):
            if process is None:
                continue
            process.join(_PATIENCE)
            while process.is_alive():
                if ready is not None and not ready.is_set() and process.pid is not None:
                    with suppress(ProcessLookupError):
                        os.kill(process.pid, signal.SIGTERM)  # nothing to end yet: it just goes
                process.join(_PATIENCE)


def work(place: Place, listening: socket.socket, ready: Event, first: bool, take_in: bool) -> None:
    """The life of a worker: in a group of its own, so that Ctrl-C reaches the supervisor alone."""
    from .worker import run_worker

    os.setpgrp()
    threading.Thread(target=_outlive_nobody, daemon=True).start()
    try:
        run_worker(place, listening, lambda *_: ready.set(), first, take_in)
    except PenchantError as error:
        sys.stderr.write(f"penchant: {error}\n")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:  # while it was loading
        sys.exit(0)


def _forget(process: SpawnProcess) -> None:
    """Count the figures of a worker that died no more."""
    if process.pid is not None:
        forget_worker(process.pid)


def _ended(status: int | None) -> str:
    """How a process ended, in words."""
    if status is None or status >= 0:
        return f"ended ({status})"
    with suppress(ValueError):
        return f"was killed ({signal.Signals(-status).name})"
    return f"was killed (signal {-status})"


def _remedy(status: int) -> str:
    if -status == signal.SIGKILL:
        return "Out of memory kills so (dmesg tells): use fewer --workers, or more memory."
    return "That is a fault of a library: try --workers 1, and see its last lines."


def _outlive_nobody() -> None:
    """Leave when the supervisor is gone, however it went."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)
