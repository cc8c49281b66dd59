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
_PAUSE = 1.0  # seconds before a worker that died is started again
_PATIENCE = 2.0  # seconds until a worker is told again that was still loading when it was told


class Supervisor:
    """Starts workers, starts those that die anew, and passes signals on.

    The first worker takes in the run of the command line; the others start when it is ready, and
    find the model in the registry. So does the first where it is started anew.

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
        """Start a worker and wait until it is ready; its exit status where it ends instead."""
        process, ready = self._begin(number, take_in=number == 0)
        while process.is_alive():
            if self._signal or ready.wait(_LOOK):
                return 0
        return 0 if self._signal else process.exitcode or 1

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
                if process.pid is not None:
                    forget_worker(process.pid)
                sys.stderr.write(
                    f"worker {number} ended ({process.exitcode}), and is started anew\n"
                )
                self._again[number] = time.monotonic() + _PAUSE
            elif time.monotonic() >= self._again[number]:
                del self._again[number]
                self._workers[number] = None  # first: a closed process can be asked nothing
                process.close()
                self._begin(number)

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


def _outlive_nobody() -> None:
    """Leave when the supervisor is gone, however it went."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)
