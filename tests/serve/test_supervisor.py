"""Workers that die are started anew; all are told when the service is to end."""

from __future__ import annotations

import gc
import shutil
import signal
import socket
import threading
import weakref
from pathlib import Path

import pytest

from penchant.engine import Engine, ItemKNN
from penchant.serve import Place, Supervisor, opening
from penchant.serve import supervisor as module
from penchant.serve.config import ServeConfig
from penchant.serve.opening import open_service
from penchant.store import Registry
from penchant.testing import tiny_dataset


class Process:
    """A worker that is alive or not."""

    exitcode = None
    closed = False

    def __init__(self, alive: bool, pid: int | None = None) -> None:
        self.alive = alive
        self._pid = pid

    @property
    def pid(self) -> int | None:
        if self.closed:
            raise ValueError("process object is closed")
        return self._pid

    def is_alive(self) -> bool:
        return self.alive

    def close(self) -> None:
        self.closed = True

    def join(self, timeout: float | None = None) -> None:
        assert timeout is not None or not self.alive, "waits for ever"


class Ready(threading.Event):
    """A worker's Event, that can be told to be gone."""


class Context:
    """Makes processes that start when they are told to, and notes what they are given."""

    Event = Ready

    def __init__(self, started) -> None:
        self.given: list[tuple] = []
        self._started = started

    def Process(self, target, args, name):  # noqa: N802
        process, held = Process(alive=False), [args]
        del args

        def start() -> None:
            args = held.pop()  # as a real one does, which then has them no more
            self.given.append((weakref.ref(args[2]), *args[3:]))
            process.alive, process._pid = True, 100 + len(self.given)
            self._started(args[2])

        process.start = start
        return process


@pytest.fixture
def killed(supervisor, monkeypatch) -> list[tuple[int, int]]:
    """The signals that were sent, each of which ends its process."""
    sent = []

    def kill(pid: int, number: int) -> None:
        sent.append((pid, number))
        for process in supervisor._workers:
            if process is not None and process.pid == pid:
                process.alive = False

    monkeypatch.setattr(module.os, "kill", kill)
    return sent


@pytest.fixture
def supervisor(tmp_path: Path):
    with socket.socket() as listening:
        place = Place(tmp_path, None, "127.0.0.1", 0, ServeConfig())
        yield Supervisor(place, listening, 3)


def test_workers_that_died_together_are_started_together(supervisor, monkeypatch, capsys):
    begun = []

    def begin(number: int) -> None:
        begun.append(number)
        supervisor._workers[number] = Process(alive=True)  # and not ready for a long time

    monkeypatch.setattr(supervisor, "_begin", begin)
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    dead = [Process(alive=False), Process(alive=True), Process(alive=False)]
    supervisor._workers = list(dead)
    supervisor._mend()
    supervisor._mend()
    assert begun == [0, 2]
    assert [one.closed for one in dead] == [True, False, True]
    supervisor._mend()
    assert begun == [0, 2]
    assert capsys.readouterr().err.count("is started anew") == 2


def test_a_worker_that_died_rests_before_it_is_started(supervisor, monkeypatch):
    begun = []
    monkeypatch.setattr(supervisor, "_begin", begun.append)
    monkeypatch.setattr(module, "_PAUSE", 3600.0)
    supervisor._workers[1] = Process(alive=False)
    supervisor._mend()
    supervisor._mend()
    assert begun == []


def test_nobody_is_started_once_the_service_is_to_end(supervisor, monkeypatch):
    begun = []
    monkeypatch.setattr(supervisor, "_begin", begun.append)
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    supervisor._workers[1] = Process(alive=False)
    supervisor._mend()
    supervisor._signal = 2
    supervisor._mend()
    assert begun == []


def test_what_says_that_a_worker_is_ready_is_kept_while_it_runs(supervisor, monkeypatch):
    supervisor._context = context = Context(lambda ready: None)
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    supervisor._workers[1] = Process(alive=False)
    supervisor._mend()
    supervisor._mend()
    gc.collect()
    ((ready, *_),) = context.given
    assert ready() is not None


def test_the_run_is_taken_in_when_the_service_starts_and_never_again(supervisor, monkeypatch):
    supervisor._context = context = Context(Ready.set)
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    monkeypatch.setattr(module, "forget_worker", lambda pid: None)
    for number in range(3):
        assert supervisor._start(number) == 0
    supervisor._workers[0].alive = False
    supervisor._mend()
    supervisor._mend()
    # whether it tends the folder, and whether it takes the run in
    told = [tuple(given[1:]) for given in context.given]
    assert told == [(True, True), (False, False), (False, False), (True, False)]


def falling(supervisor, status: int, times: int):
    """Workers of which the first so many are dead as soon as they are started."""
    left = [times]

    def begun(ready: Ready) -> None:
        if left[0] > 0:
            left[0] -= 1
            process = started[-1]
            process.alive, process.exitcode = False, status
        else:
            ready.set()

    supervisor._context = context = Context(begun)
    made, started = context.Process, []

    def make(target, args, name):
        started.append(made(target, args, name))
        return started[-1]

    context.Process = make
    return context


def test_one_that_is_killed_while_it_starts_is_told_of_and_started_again(
    supervisor, killed, monkeypatch, capsys
):
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    monkeypatch.setattr(module, "forget_worker", lambda pid: None)
    context = falling(supervisor, -9, 2)
    assert supervisor._serve(lambda: supervisor._leave(signal.SIGTERM, None)) == 0
    said = capsys.readouterr().err
    assert said.count("worker 0 was killed (SIGKILL) while it started; it is started again") == 2
    # the run of the command line is taken in all the same
    assert [given[1:] for given in context.given][:3] == [(True, True)] * 3
    assert len(context.given) == 5


def test_one_that_is_killed_at_every_start_ends_the_service_with_what_to_do(
    supervisor, killed, monkeypatch, capsys
):
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    monkeypatch.setattr(module, "forget_worker", lambda pid: None)
    context = falling(supervisor, -9, 99)
    assert supervisor._serve(lambda: pytest.fail("not all are ready")) == 1
    assert len(context.given) == module._STARTS
    last = capsys.readouterr().err.splitlines()[-1]
    assert "it is given up. Out of memory kills so" in last
    assert "fewer --workers" in last


def test_one_that_says_why_it_cannot_start_is_not_started_again(supervisor, killed, capsys):
    context = falling(supervisor, 2, 99)
    assert supervisor._serve(lambda: pytest.fail("not all are ready")) == 2
    assert len(context.given) == 1
    assert capsys.readouterr().err == ""


def test_a_signal_between_two_starts_ends_the_service(supervisor, killed, monkeypatch):
    monkeypatch.setattr(module, "forget_worker", lambda pid: None)
    monkeypatch.setattr(module, "_PAUSE", 3600.0)
    context = falling(supervisor, -9, 99)
    threading.Timer(0.3, lambda: supervisor._leave(signal.SIGTERM, None)).start()
    assert supervisor._serve(lambda: pytest.fail("not all are ready")) == 0
    assert len(context.given) == 1


def test_one_that_never_gets_ready_is_started_ever_more_rarely(supervisor, monkeypatch, capsys):
    monkeypatch.setattr(module, "forget_worker", lambda pid: None)
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    falling(supervisor, -9, 7)
    supervisor._begin(1)
    for _ in range(4000):
        supervisor._mend()
        now[0] += 0.1
    told = [line.rpartition(" in ")[2] for line in capsys.readouterr().err.splitlines()]
    assert told == ["2 s", "4 s", "8 s", "16 s", "32 s", "32 s", "32 s"]
    supervisor._workers[1].alive = False  # it was ready
    supervisor._mend()
    assert capsys.readouterr().err.endswith(" in 1 s\n")


def test_a_signal_while_a_worker_is_started_ends_it_and_starts_no_other(supervisor, killed):
    supervisor._context = context = Context(lambda _: supervisor._leave(signal.SIGTERM, None))
    assert supervisor._serve(lambda: pytest.fail("not all are ready")) == 0
    assert len(context.given) == 1
    assert killed == [(101, signal.SIGTERM)]


def test_a_worker_that_was_told_is_not_told_again_by_the_end(supervisor, killed):
    supervisor._context = Context(Ready.set)
    assert supervisor._serve(lambda: supervisor._leave(signal.SIGINT, None)) == 0
    assert killed == [(pid, signal.SIGINT) for pid in (101, 102, 103)]


def test_one_that_did_not_hear_while_it_was_loading_is_told_again(supervisor, monkeypatch):
    sent = []

    def kill(pid: int, number: int) -> None:
        sent.append(number)
        supervisor._workers[0].alive = number != signal.SIGTERM

    monkeypatch.setattr(module.os, "kill", kill)
    supervisor._context = Context(lambda _: supervisor._leave(signal.SIGINT, None))
    assert supervisor._serve(lambda: None) == 0
    assert sent == [signal.SIGINT, signal.SIGTERM]


def test_a_signal_while_a_dead_worker_is_exchanged_reaches_the_others(
    supervisor, killed, monkeypatch
):
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    monkeypatch.setattr(module, "forget_worker", lambda pid: None)
    monkeypatch.setattr(
        supervisor, "_begin", lambda number: supervisor._leave(signal.SIGTERM, None)
    )
    supervisor._workers[:] = [Process(alive=False, pid=1), Process(alive=True, pid=2), None]
    supervisor._mend()
    supervisor._mend()
    assert killed == [(2, signal.SIGTERM)]


def test_a_worker_that_ends_while_it_is_told_is_no_error(supervisor, monkeypatch):
    def kill(pid: int, number: int) -> None:
        raise ProcessLookupError

    monkeypatch.setattr(module.os, "kill", kill)
    supervisor._workers[0] = Process(alive=True, pid=1)
    supervisor._leave(signal.SIGTERM, None)


def test_a_worker_leaves_alone_what_was_promoted_while_it_loaded(tmp_path, monkeypatch):
    for name, neighbours in {"one": 50, "two": 2}.items():
        Engine.of(ItemKNN(neighbours=neighbours).fit(tiny_dataset())).save(tmp_path / name)
    service, swaps = open_service(tmp_path / "data", tmp_path / "one")
    swaps.close()
    service.close()
    registry, real = Registry(tmp_path / "data" / opening.MODELS), Engine.load
    second = registry.add(tmp_path / "two").name

    def load(*given, **named):
        registry.promote(second)  # by another worker
        return real(*given, **named)

    monkeypatch.setattr(opening.Engine, "load", load)
    service, swaps = open_service(tmp_path / "data", tmp_path / "one", first=False)
    try:
        assert registry.standing().current == service.version == second
    finally:
        swaps.close()
        service.close()


def test_a_worker_started_anew_takes_nothing_in_but_knows_the_run(tmp_path):
    data, run = tmp_path / "data", tmp_path / "run"
    Engine.of(ItemKNN(neighbours=50).fit(tiny_dataset())).save(run)
    service, swaps = open_service(data, run)
    swaps.close()
    service.close()
    before = service.version
    shutil.rmtree(run)
    Engine.of(ItemKNN(neighbours=2).fit(tiny_dataset())).save(run)
    service, swaps = open_service(data, run, take_in=False)
    try:
        assert service.version == swaps.registry.standing().current == before
        assert swaps.reload().version == service.version != before
    finally:
        swaps.close()
        service.close()
