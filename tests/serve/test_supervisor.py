"""Workers that die are started anew."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from penchant.serve import Place, Supervisor
from penchant.serve import supervisor as module
from penchant.serve.config import ServeConfig


class Process:
    """A worker that is alive or not."""

    pid = exitcode = None
    closed = False

    def __init__(self, alive: bool) -> None:
        self.alive = alive

    def is_alive(self) -> bool:
        return self.alive

    def close(self) -> None:
        self.closed = True


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
