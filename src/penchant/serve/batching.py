"""Questions of many connections, answered by one call on a thread of its own.

While the thread works, what arrives waits, and goes to it together as soon as it is free: the
busier the service, the larger the batch, and a question that comes alone waits for nobody
(continuous batching, as in Orca, Yu et al. 2022, for calls of one step; to wait 2 ms for company made
every answer later and none cheaper: ``bench/serving``). What waits is bounded: a
full queue refuses at once, which keeps the answers that are given in time (Dean & Barroso 2013,
"The tail at scale").
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Generic, NamedTuple, TypeVar

from penchant.core import Overloaded, UsageError

_STOPPING = "the service is stopping"

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


@dataclass(frozen=True)
class BatchConfig:
    """How questions are gathered."""

    largest: int = 64
    """Most questions of one call."""

    queue: int = 1024
    """Most questions that wait; more are refused with 503."""

    deadline: float = 2.0
    """Seconds after which somebody who waits is told to try again later."""

    def __post_init__(self) -> None:
        if self.largest < 1 or self.queue < 1:
            raise UsageError(
                f"largest and queue must be at least 1, got {self.largest} and {self.queue}."
            )
        if not self.deadline > 0:
            raise UsageError(f"deadline must be above 0 seconds, got {self.deadline}.")


class _Call(NamedTuple):
    """One call of ``work``: its loop, when it was sent, and the questions with where answers go."""

    loop: asyncio.AbstractEventLoop
    began: float
    asked: list[Any]
    answers: list[asyncio.Future[Any]]


class Batcher(Generic[Asked, Answered]):
    """Gathers what coroutines of one event loop submit into calls of ``work``.

    ``close`` may be called on any thread; everything else belongs to that loop.

    Attributes:
        calls: calls of ``work`` so far.
        answered: questions that those calls held.

    Args:
        name: of the thread.
        work: an answer or an error for each question, in order; called on one thread only.
        config: sizes and times.
        called: hears of the questions and seconds of each call.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Sequence[Asked]], Sequence[Answered | Exception]],
        config: BatchConfig | None = None,
        called: Callable[[int, float], None] | None = None,
    ) -> None:
        self.config = config or BatchConfig()
        self._called = called
        self.calls = self.answered = 0
        self._work = work
        self._name = name
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()  # None: no more will come
        self._thread: threading.Thread | None = None
        self._closing = threading.Lock()  # nothing is sent after the end
        self._waiting: deque[tuple[Asked, asyncio.Future[Answered]]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._busy = self._closed = False
        self._seconds = 0.0  # a question's share of a call, smoothed

    def __len__(self) -> int:
        """Questions that wait for the thread."""
        return len(self._waiting)

    async def submit(self, asked: Asked) -> Answered:
        """The answer to one question.

        Raises:
            Overloaded: the queue is full, the deadline has passed, or it is closed.
        """
        if self._closed:
            raise self._overloaded(_STOPPING)
        if len(self._waiting) >= self.config.queue:
            raise self._overloaded("more is asked than can be answered")
        loop = self._loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answered] = loop.create_future()
        self._waiting.append((asked, answer))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._start, loop)
        late = loop.call_later(self.config.deadline, self._late, answer)
        try:
            return await answer
        finally:
            late.cancel()

    def close(self) -> None:
        """Finish the call at work and stop the thread; what still waits is refused."""
        with self._closing:
            self._closed = True
            self._calls.put(None)
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                self._loop.call_soon_threadsafe(self._refuse)
        if self._thread is not None:
            self._thread.join()

    def _late(self, answer: asyncio.Future[Answered]) -> None:
        if not answer.done():
            answer.set_exception(self._overloaded(f"no answer within {self.config.deadline:g} s"))

    def _refuse(self) -> None:
        """Tell those who wait that nobody will answer."""
        while self._waiting:
            _, answer = self._waiting.popleft()
            if not answer.done():
                answer.set_exception(self._overloaded(_STOPPING))

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send what waits to the thread; leave out those who have gone away."""
        asked: list[Asked] = []
        answers: list[asyncio.Future[Answered]] = []
        while self._waiting and len(asked) < self.config.largest:
            question, answer = self._waiting.popleft()
            if not answer.done():
                asked.append(question)
                answers.append(answer)
        if not asked:
            self._busy = False
            return
        with self._closing:
            if not self._closed:
                self._send(_Call(loop, loop.time(), asked, answers))
                return
        self._waiting.extendleft(reversed([*zip(asked, answers, strict=True)]))
        self._refuse()

    def _send(self, call: _Call) -> None:
        # a thread of our own: that of an executor makes two futures more and a chain of callbacks
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._calls.put(call)

    def _run(self) -> None:
        """The thread: work, and hand what came of it to the loop."""
        while (call := self._calls.get()) is not None:
            try:
                found: Sequence[Answered | BaseException] = self._work(call.asked)
            except BaseException as error:  # noqa: BLE001 - told to all who asked
                found = [error] * len(call.asked)
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                call.loop.call_soon_threadsafe(self._finish, call, found)

    def _finish(self, call: _Call, found: Sequence[Answered | BaseException]) -> None:
        try:
            _tell(call, found)
            seconds, questions = call.loop.time() - call.began, len(call.asked)
            self._seconds += 0.1 * (seconds / questions - self._seconds)
            self.calls += 1
            self.answered += questions
            if self._called is not None:
                self._called(questions, seconds)
        finally:  # whatever failed: else nobody would ever be answered again
            # the answers first: they would wait for the interpreter while the thread is at work
            call.loop.call_soon(self._start, call.loop)

    def _overloaded(self, what: str) -> Overloaded:
        seconds = max(1, math.ceil(self._seconds * len(self._waiting)))
        return Overloaded(f"{what[0].upper()}{what[1:]}. Try again in {seconds} s.", seconds)


def _tell(call: _Call, found: Sequence[Answered | BaseException]) -> None:
    """Hand their answers to those who still wait."""
    if len(found) != len(call.answers):
        wrong = RuntimeError(f"{len(found)} answers came of {len(call.answers)} questions")
        found = [wrong] * len(call.answers)
    for future, answer in zip(call.answers, found, strict=True):
        if future.done():
            continue
        if isinstance(answer, StopIteration):  # no future may hold one
            answer = RuntimeError(f"what answers raised {answer!r}")
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)
