"""Writes that come together are committed together, and none can hurt another."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

import pytest

from penchant.core import Event, Overloaded, Repeated, UsageError
from penchant.store.log import LogConfig, Once, open_log


@contextmanager
def held(log):
    """Keep the thread that writes from writing, until the block ends."""
    begun, go = threading.Event(), threading.Event()
    waiting = log._committer.alone(lambda: (begun.set(), go.wait()))
    begun.wait()
    try:
        yield
    finally:
        go.set()
        waiting.result()


def commits(log) -> int:
    with log._database.session("read") as session:
        return session.rows("SELECT version FROM head")[0][0]


def test_what_waits_shares_one_commit(tmp_path):
    with open_log(tmp_path) as log:
        before = commits(log)
        with held(log):
            futures = [log.submit([Event("u", "i", 1e9, f"e{n}")]) for n in range(50)]
            twice = log.submit([Event("u", "i", 1e9, "e7")])
        assert [future.result()[0].status for future in futures] == ["stored"] * 50
        assert twice.result()[0].status == "duplicate"
        assert commits(log) == before + 1


def test_a_commit_is_bounded(tmp_path):
    with open_log(tmp_path, LogConfig(most_events=10)) as log:
        before = commits(log)
        with held(log):
            futures = [
                log.submit([Event("u", "i", 1e9, f"e{n}-{k}") for k in range(4)]) for n in range(6)
            ]
        assert [future.result()[0].seq for future in futures] == [1, 5, 9, 13, 17, 21]
        assert commits(log) == before + 2


def test_each_gets_its_own_receipts_beside_writes_that_fail(tmp_path):
    with open_log(tmp_path) as log:
        log.remember("used", "f", "done")
        with held(log):
            one = log.submit([Event("u", "i", 1e9, "a")])
            fails = log.submit([Event("u", "i", 1e9, "b")], Once("k", "f", lambda _: str(1 / 0)))
            repeated = log.submit([Event("u", "i", 1e9, "c")], Once("used", "f", str))
            refuses = log.submit([Event("u", "i", 1e9, "d")], Once("k2", "f", refuse))
            two = log.submit([Event("u", "i", 1e9, "e"), Event("u", "i", 1e9, "a")])
        assert [r.event_id for r in one.result()] == ["a"]
        assert [(r.event_id, r.status) for r in two.result()] == [
            ("e", "stored"),
            ("a", "duplicate"),
        ]
        assert isinstance(fails.exception(), ZeroDivisionError)
        assert isinstance(repeated.exception(), Repeated)
        assert isinstance(refuses.exception(), UsageError)
        assert [change.event.event_id for change in log.changes()] == ["a", "e"]


def refuse(receipts: object) -> str:
    raise UsageError("no answer can be made of this")


def test_too_many_waiting_writes_are_refused(tmp_path):
    with open_log(tmp_path, LogConfig(most_waiting=5)) as log:
        with held(log):
            futures = [log.submit([Event("u", "i", 1e9)]) for _ in range(5)]
            with pytest.raises(Overloaded, match="5 writes wait"):
                log.submit([Event("u", "i", 1e9)])
        assert all(future.result() for future in futures)
        assert log.append([Event("u", "i", 1e9)])


def test_who_stops_waiting_does_not_stop_the_writing(tmp_path):
    async def impatient(log) -> None:
        future = asyncio.wrap_future(log.submit([Event("u", "i", 1e9, "a")]))
        await asyncio.sleep(0)
        future.cancel()

    with open_log(tmp_path) as log:
        with held(log):
            asyncio.run(impatient(log))
        assert log.append([Event("u", "i", 1e9, "b")])[0].seq == 2


def test_closing_writes_what_waits(tmp_path):
    log = open_log(tmp_path)
    futures = [log.submit([Event("u", "i", 1e9, f"e{n}")]) for n in range(200)]
    log.close()
    assert all(future.done() for future in futures)
    with open_log(tmp_path) as again:
        assert len(again.changes()) == 200


def test_keys_are_forgotten_after_their_time(tmp_path):
    now = [1e9]
    with open_log(tmp_path, LogConfig(answers_kept=100.0), clock=lambda: now[0]) as log:
        log.remember("k", "f", "x")
        now[0] += 99
        log.remember("other", "f", "x")
        assert log.recall("k") is not None
        now[0] += 2
        log.remember("third", "f", "x")
        assert log.recall("k") is None
        assert log.recall("other") is not None
