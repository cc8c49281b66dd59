"""Token buckets, of one process and of several."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from penchant.core import UsageError
from penchant.serve.edge import OwnBuckets, Rates
from penchant.serve.edge.shared_buckets import SETS, WAYS, SharedBuckets


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["own", "shared"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., object]]:
    """``make(Rates(1.0, 2), clock=clock)``, each kind in turn."""
    with ExitStack() as used:

        def made(rates: Rates, clock: Clock) -> object:
            if request.param == "own":
                return OwnBuckets(rates, clock=clock)
            buckets = SharedBuckets(tmp_path / "rates", rates, clock=clock)
            used.callback(buckets.close)
            return buckets

        yield made


def test_a_bucket_fills_again(make):
    clock = Clock()
    buckets = make(Rates(2.0, 3), clock=clock)
    assert [buckets.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert buckets.take("b") == 0.0
    clock.now += 0.5
    assert buckets.take("a") == 0.0
    assert buckets.take("a") == pytest.approx(0.5)
    clock.now += 1_000
    assert [buckets.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_a_clock_that_goes_back_gives_nothing(make):
    clock = Clock()
    buckets = make(Rates(1.0, 1), clock=clock)
    clock.now = 100.0
    buckets.take("a")
    clock.now = 0.0
    assert buckets.take("a") > 0


def test_a_caller_can_have_a_rate_of_its_own(make):
    clock = Clock()
    buckets = make(Rates(10.0, 20), clock=clock)
    assert [buckets.take("slow", rate=1.0) for _ in range(3)] == [0.0, 0.0, 1.0]


def test_buckets_take_bounded_memory():
    buckets = OwnBuckets(Rates(1.0, 1), most=100, clock=Clock())
    for caller in range(10_000):
        buckets.take(str(caller))
    assert len(buckets._buckets) == 100


@pytest.mark.parametrize(
    "wrong", [(0, 1), (1, 0), (float("nan"), 1), (float("inf"), 1), (1, float("inf"))]
)
def test_a_bucket_that_lets_nothing_through_is_an_error(wrong):
    with pytest.raises(UsageError):
        Rates(*wrong)


def take(path: Path, times: int, taken: object) -> None:
    buckets = SharedBuckets(path, Rates(1e-9, 1_000))
    taken.put(sum(buckets.take("a") == 0 for _ in range(times)))


def test_processes_share_what_a_caller_may_do(tmp_path: Path):
    """Four times as many processes let through as many, to the last one."""
    context = multiprocessing.get_context("spawn")
    taken = context.Queue()
    given = (tmp_path / "rates", 500, taken)
    processes = [context.Process(target=take, args=given) for _ in range(4)]
    for process in processes:
        process.start()
    assert sum(taken.get(timeout=60) for _ in processes) == 1_000
    for process in processes:
        process.join()


def hold(path: Path, held: object) -> None:
    buckets = SharedBuckets(path, Rates(1.0, 2))
    with buckets._locked():
        held.set()
        signal.pause()


def test_a_process_that_is_killed_with_the_lock_stops_nobody(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=hold, args=(tmp_path / "rates", held))
    process.start()
    assert held.wait(60)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    buckets = SharedBuckets(tmp_path / "rates", Rates(1.0, 2))
    assert buckets.take("a") == 0
    buckets.close()


def test_shared_buckets_take_bounded_space(tmp_path: Path):
    clock = Clock()
    buckets = SharedBuckets(tmp_path / "rates", Rates(1e-9, 1), clock=clock)
    for caller in range(2 * SETS * WAYS):
        clock.now += 1
        buckets.take(str(caller))
    assert buckets.take(str(caller)) > 0, "the last one is remembered"
    assert (tmp_path / "rates").stat().st_size == 24 * SETS * WAYS
    buckets.close()


def test_callers_are_spread_over_all_the_space(tmp_path: Path):
    buckets = SharedBuckets(tmp_path / "rates", Rates(1.0, 1), clock=Clock())
    for caller in range(SETS * WAYS):
        buckets.take(str(caller))
    buckets.close()
    slots = (tmp_path / "rates").read_bytes()
    size = 24 * WAYS
    used = sum(any(slots[at : at + size]) for at in range(0, len(slots), size))
    assert used > 0.9 * SETS
