"""Group commit: one thread writes, and writes that come together share one flush of the disk."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from penchant.core import Event, LogError, Overloaded, PenchantError

from .changes import Receipt
from .writing import Writing

Result = TypeVar("Result")
Transaction = Callable[[], AbstractContextManager[Writing]]


@dataclass(frozen=True, slots=True)
class _Job:
    """A write that waits.

    Attributes:
        future: of its result.
        weight: how many rows it writes, about.
        events: what it appends; those of all such jobs are stored by one statement.
        work: does anything else, given the transaction.
        alone: does what needs the thread for itself, outside a transaction.
    """

    future: Future[Any]
    weight: int
    events: Sequence[Event] = ()
    work: Callable[[Writing], Any] | None = None
    alone: Callable[[], Any] | None = None


class Committer:
    """The thread that writes.

    While the disk flushes one transaction the next ones gather: 32 threads that wait for the disk
    one by one share a flush. A job that fails by itself, such as a repeated key, leaves the
    others of its transaction alone.
    """

    def __init__(self, transaction: Transaction, most_rows: int, most_waiting: int) -> None:
        self._transaction = transaction
        self._most_rows = most_rows
        self._most_waiting = most_waiting
        self._waiting: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._rows_waiting = 0
        self._held: _Job | None = None
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="penchant-log", daemon=True)
        self._thread.start()

    def append(self, events: Sequence[Event]) -> Future[list[Receipt]]:
        """Have events stored; the future of their receipts is done when they are durable.

        Raises:
            Overloaded: too many writes wait already.
        """
        return self._put(_Job(Future(), max(1, len(events)), events=events))

    def submit(self, work: Callable[[Writing], Result], weight: int) -> Future[Result]:
        """Have anything else written, likewise."""
        return self._put(_Job(Future(), weight, work=work))

    def alone(self, work: Callable[[], Result]) -> Future[Result]:
        """Have something done in the thread that writes, while nobody writes."""
        return self._put(_Job(Future(), 0, alone=work))

    def close(self) -> None:
        """Write what waits, then end the thread."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def _put(self, job: _Job) -> Future[Any]:
        with self._gate:
            if self._closed:
                raise LogError("The event log was closed.")
            waiting = self._rows_waiting
            if waiting and waiting + job.weight > self._most_waiting:
                raise Overloaded(
                    f"{waiting:,} events wait for the disk already. Send these again later."
                )
            job.future.set_running_or_notify_cancel()  # from here on it cannot be taken back
            self._rows_waiting += job.weight
            self._waiting.put(job)
        return job.future

    def _run(self) -> None:
        while True:
            job = self._held or self._waiting.get()
            self._held = None
            if job is None:
                return
            if job.alone is not None:
                _settle(job, _outcome(job.alone))
                continue
            jobs = [job, *self._more(self._most_rows - job.weight)]
            with self._gate:
                self._rows_waiting -= sum(one.weight for one in jobs)
            while jobs:
                jobs = self._commit(jobs)

    def _more(self, room: int) -> list[_Job]:
        """What waits and fits into the same transaction."""
        jobs: list[_Job] = []
        while room > 0:
            try:
                job = self._waiting.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._waiting.put(None)  # the last one there is: the gate is closed
                break
            if job.alone is not None:
                self._held = job
                break
            jobs.append(job)
            room -= job.weight
        return jobs

    def _commit(self, jobs: list[_Job]) -> list[_Job]:
        """Write jobs in one transaction; those that another one has kept from it, to try again."""
        culprit: _Job | None = None
        outcomes: list[tuple[bool, Any]] = []
        try:
            with self._transaction() as writing:
                receipts = iter(writing.events([event for job in jobs for event in job.events]))
                for job in jobs:
                    culprit = job
                    outcomes.append(_tried(job, writing, receipts))
                culprit = None
        except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it
            theirs = isinstance(error, LogError)  # of the database: the same for all
            failed = jobs if theirs or culprit is None else [culprit]
            for job in failed:
                _settle(job, (False, error))
            return [job for job in jobs if job not in failed]
        for job, outcome in zip(jobs, outcomes, strict=True):
            _settle(job, outcome)
        return []


def _tried(job: _Job, writing: Writing, receipts: Iterator[Receipt]) -> tuple[bool, Any]:
    """Whether a job went well, and its result or the error with which it refused to write."""
    if job.work is None:
        return True, list(islice(receipts, len(job.events)))
    before = writing.place
    try:
        return True, job.work(writing)
    except PenchantError as error:
        if isinstance(error, LogError) or writing.place != before:
            raise
        return False, error


def _outcome(work: Callable[[], Any]) -> tuple[bool, Any]:
    try:
        return True, work()
    except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it
        return False, error


def _settle(job: _Job, outcome: tuple[bool, Any]) -> None:
    done, result = outcome
    if done:
        job.future.set_result(result)
    else:
        job.future.set_exception(result)
