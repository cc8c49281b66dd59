"""Writes that come together are committed together, and none can hurt another."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

import apsw
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


def test_too_many_waiting_events_are_refused_in_however_few_posts(tmp_path):
    many = [Event("u", f"i{n}", 1e9, f"e{n}") for n in range(50)]
    with open_log(tmp_path, LogConfig(most_waiting=50)) as log:
        with held(log):
            first = log.submit(many)  # whatever its size, as nothing waits
            with pytest.raises(Overloaded, match="50 events wait"):
                log.submit(many[:1])
        assert len(first.result()) == 50
        assert len(log.append(many)) == 50, "there is room again"


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


def test_the_work_of_a_write_does_not_grow_with_the_answers_that_are_kept(tmp_path):
    steps = []

    def traced(told):
        steps.append(told["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])

    with open_log(tmp_path) as log:
        for n in range(2000):
            log.submit([Event("u", "i", 1e9, f"e{n}")], Once(f"k{n}", "f", str))
        log.append([])
        writer = log._database._writer
        writer.trace_v2(apsw.SQLITE_TRACE_PROFILE, traced)
        log.append([Event("u", "i", 1e9, "last")], Once("last", "f", str))
        writer.trace_v2(0, None)
    assert 0 < max(steps) < 2000


def test_answers_that_nobody_asks_for_any_more_run_out(tmp_path):
    now = [1e9]
    with open_log(tmp_path, LogConfig(answers_kept=60.0), clock=lambda: now[0]) as log:
        for n in range(50):
            log.append([Event("u", "i", 1e9, f"e{n}")], Once(f"k{n}", "f", str))
        now[0] += 61
        assert log.recall("k49") is not None
        for n in range(5):
            log.append([], Once(f"later {n}", "f", str))
        assert log.recall("k0") is log.recall("k49") is None
        assert log.recall("later 0") is not None
