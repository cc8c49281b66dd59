"""Questions that arrive together are answered together; what waits is bounded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from penchant.core import Overloaded, UsageError
from penchant.serve.batching import BatchConfig, Batcher


class Doubling:
    """Doubles numbers; waits at a gate, so that a test decides when a call ends."""

    def __init__(self, open_gate: bool = True) -> None:
        self.gate = threading.Event()
        if open_gate:
            self.gate.set()
        self.entered = threading.Semaphore(0)
        self.calls: list[list[int]] = []

    def __call__(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.calls.append(list(numbers))
        self.entered.release()
        assert self.gate.wait(10)
        return [ValueError("seven") if n == 7 else 2 * n for n in numbers]


async def until(holds) -> None:
    """Let the loop run until something holds; fails after ten seconds."""
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0)


def test_each_gets_the_answer_to_its_own_question():
    async def ask() -> list[int]:
        batcher = Batcher("test", Doubling())
        try:
            return await asyncio.gather(*(batcher.submit(n) for n in range(100, 300)))
        finally:
            batcher.close()

    assert asyncio.run(ask()) == [2 * n for n in range(100, 300)]


def test_what_arrives_during_a_call_goes_into_the_next_one_together():
    work = Doubling(open_gate=False)

    async def ask() -> None:
        batcher = Batcher("test", work, BatchConfig(largest=3))
        first = asyncio.create_task(batcher.submit(0))
        await until(lambda: work.calls)
        rest = [asyncio.create_task(batcher.submit(n)) for n in (1, 2, 3, 4)]
        await until(lambda: len(batcher) == 4)
        work.gate.set()
        await asyncio.gather(first, *rest)
        batcher.close()
        assert (batcher.calls, batcher.answered) == (3, 5)

    asyncio.run(ask())
    assert work.calls == [[0], [1, 2, 3], [4]]


def test_one_failure_is_that_question_alone():
    async def ask() -> list[object]:
        batcher = Batcher("test", Doubling())
        found = await asyncio.gather(*map(batcher.submit, (6, 7, 8)), return_exceptions=True)
        batcher.close()
        return found

    six, seven, eight = asyncio.run(ask())
    assert (six, eight) == (12, 16)
    assert isinstance(seven, ValueError)


def test_a_call_that_fails_fails_for_all_in_it_and_the_next_one_works():
    def work(numbers: Sequence[int]) -> list[int]:
        if 13 in numbers:
            raise RuntimeError("broken")
        return list(numbers)

    async def ask() -> None:
        batcher = Batcher("test", work)
        found = await asyncio.gather(*map(batcher.submit, (13, 14)), return_exceptions=True)
        assert [type(one) for one in found] == [RuntimeError, RuntimeError]
        assert await batcher.submit(15) == 15
        batcher.close()

    asyncio.run(ask())


def test_a_full_queue_refuses_at_once_and_says_when_to_come_back():
    work = Doubling(open_gate=False)

    async def ask() -> None:
        batcher = Batcher("test", work, BatchConfig(queue=2))
        waiting = [asyncio.create_task(batcher.submit(0))]
        await until(lambda: work.calls)
        waiting += [asyncio.create_task(batcher.submit(n)) for n in (1, 2)]
        await until(lambda: len(batcher) == 2)
        with pytest.raises(Overloaded, match="Try again in 1 s") as refused:
            await batcher.submit(3)
        assert refused.value.retry_after == 1
        work.gate.set()
        assert await asyncio.gather(*waiting) == [0, 2, 4]
        batcher.close()

    asyncio.run(ask())


def test_nobody_waits_longer_than_the_deadline_and_the_late_are_not_computed():
    work = Doubling(open_gate=False)

    async def ask() -> None:
        batcher = Batcher("test", work, BatchConfig(deadline=0.02))
        first, late = (asyncio.create_task(batcher.submit(n)) for n in (0, 1))
        await until(lambda: work.calls)
        second = asyncio.create_task(batcher.submit(2))
        for task in (first, late, second):
            with pytest.raises(Overloaded, match=r"within 0\.02 s"):
                await task
        work.gate.set()
        assert await batcher.submit(3) == 6
        batcher.close()

    asyncio.run(ask())
    assert work.calls == [[0, 1], [3]]


def test_somebody_who_went_away_is_not_computed_for():
    work = Doubling(open_gate=False)

    async def ask() -> None:
        batcher = Batcher("test", work)
        first = asyncio.create_task(batcher.submit(0))
        await until(lambda: work.calls)
        gone, stays = (asyncio.create_task(batcher.submit(n)) for n in (1, 2))
        await until(lambda: len(batcher) == 2)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        work.gate.set()
        assert await asyncio.gather(first, stays) == [0, 4]
        batcher.close()

    asyncio.run(ask())
    assert work.calls == [[0], [2]]


def test_closing_refuses_what_waits():
    work = Doubling(open_gate=False)

    async def ask() -> None:
        batcher = Batcher("test", work)
        first = asyncio.create_task(batcher.submit(0))
        await until(lambda: work.calls)
        second = asyncio.create_task(batcher.submit(1))
        await until(lambda: len(batcher) == 1)
        threading.Timer(0.01, work.gate.set).start()
        batcher.close()
        assert await first == 0
        with pytest.raises(Overloaded, match="stopping"):
            await second

    asyncio.run(ask())


@pytest.mark.parametrize("wrong", [{"largest": 0}, {"queue": 0}, {"deadline": 0}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError, match="must"):
        BatchConfig(**wrong)


def test_it_is_closed_from_another_thread_while_somebody_waits():
    work = Doubling(open_gate=False)

    async def ask() -> None:
        batcher = Batcher("test", work)
        first = asyncio.create_task(batcher.submit(0))
        await until(lambda: work.calls)
        rest = asyncio.create_task(batcher.submit(1))
        await until(lambda: len(batcher) == 1)
        closing = asyncio.create_task(asyncio.to_thread(batcher.close))
        with pytest.raises(Overloaded, match="stopping"):
            await rest
        work.gate.set()
        assert await first == 0, "what is at work is finished"
        await closing
        with pytest.raises(Overloaded, match="stopping"):
            await batcher.submit(2)

    asyncio.run(ask(), debug=True)  # says so when a future is touched on another thread
    assert work.calls == [[0]]


def broken_once(how: str):
    """Work, and what hears of it, that goes wrong the first time."""
    calls: list[int] = []

    def work(numbers: Sequence[int]) -> list[int | Exception]:
        calls.append(1)
        first = len(calls) == 1
        if first and how == "raises StopIteration":
            raise StopIteration
        if first and how == "answers StopIteration":
            return [StopIteration(), *numbers[1:]]
        return list(numbers)[first and how == "too few" :]

    def called(questions: int, seconds: float) -> None:
        if len(calls) == 1 and how == "nobody may hear":
            raise ValueError("no gauge")

    return work, called


@pytest.mark.parametrize(
    "how", ["raises StopIteration", "answers StopIteration", "too few", "nobody may hear"]
)
def test_whatever_fails_the_next_question_is_answered(how: str):
    async def ask() -> object:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        work, called = broken_once(how)
        batcher = Batcher("test", work, BatchConfig(deadline=5.0), called)
        async with asyncio.timeout(10):
            (first,) = await asyncio.gather(batcher.submit(1), return_exceptions=True)
            assert await batcher.submit(2) == 2
        batcher.close()
        return first

    first = asyncio.run(ask())
    if how == "nobody may hear":
        assert first == 1
    else:
        assert isinstance(first, RuntimeError)
