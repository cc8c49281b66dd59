"""Somebody who is erased is gone: from memory, from snapshots, from what is popular."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from penchant.core import IdMap, Interactions, Sequences
from penchant.live import Follower, Live, LiveConfig

CANARY = "canary-3f8a"


def files_with(folder: Path, text: str) -> list[str]:
    return [p.name for p in folder.rglob("*") if p.is_file() and text.encode() in p.read_bytes()]


def test_an_erased_user_has_no_past_and_begins_anew(live, log, did, items):
    did("u1", "i1")
    did("u2", "i2")
    assert items("u1") == ["i1"]
    log.erase("u1")
    assert items("u1") == []
    assert items("u2") == ["i2"]
    assert "u1" not in list(live.follower.state.users)
    did("u1", "i9")
    assert items("u1") == ["i9"]


def test_an_erasure_and_what_came_after_it_in_one_batch(live, log, did, items):
    did("u1", "i1")
    live.catch_up()
    log.erase("u1")
    did("u1", "i2")
    log.erase("u1")
    did("u1", "i3")
    assert items("u1") == ["i3"]


def test_what_a_model_was_trained_on_is_forgotten_too(live, log, did):
    events = Sequences.of_items(np.array([2]), np.array([0, 1]), np.array([1.0, 2.0]))
    live = live.over(Interactions(IdMap(["u1"]), IdMap(["i1", "i2"]), events, timed=True))
    before = live.user("u1")
    log.erase("u1")
    live.catch_up()
    assert live.past("u1") == ()
    assert live.version("u1") == live.user("u1").version != before.version
    assert live.popularity(IdMap(["i1", "i2"])).tolist() == [0.0, 0.0]
    did("u1", "i2")
    live.catch_up()
    assert [one.item_id for one in live.past("u1")] == ["i2"]


def test_nothing_in_memory_names_an_erased_user(live, log, did):
    did(CANARY, "i1")
    live.catch_up()
    live.past(CANARY)
    log.erase(CANARY)
    live.catch_up()
    gc.collect()
    state = live.follower.state
    assert CANARY not in repr(
        vars(state) | {"users": list(state.users), "counts": list(state.popularity)}
    )


def test_the_snapshot_is_gone_when_the_erasure_is_known(log, clock, did, tmp_path):
    path = tmp_path / "live" / "snapshot"
    live = Live(Follower(log, LiveConfig(), path, clock))
    did(CANARY, "i1")
    did("u2", "i2")
    live.catch_up()
    live.follower.save()
    assert files_with(tmp_path, CANARY) == ["snapshot"]
    log.erase(CANARY)
    live.catch_up()
    assert files_with(tmp_path, CANARY) == []
    live.follower.tend()
    assert path.exists(), "written anew, without them"
    assert files_with(tmp_path, CANARY) == []
    assert files_with(tmp_path, "u2") == ["snapshot"]


def test_a_process_killed_between_the_erasure_and_its_snapshot_forgets_at_the_next_start(
    log, clock, did, tmp_path
):
    path = tmp_path / "snapshot"
    live = Live(Follower(log, LiveConfig(), path, clock))
    did(CANARY, "i1")
    live.catch_up()
    live.follower.save()
    (tmp_path / ".snapshot.0123.part").write_bytes(CANARY.encode())  # of a writer that was killed
    log.erase(CANARY)
    again = Live(Follower(log, LiveConfig(), path, clock))
    again.catch_up()
    assert again.past(CANARY) == ()
    assert files_with(tmp_path, CANARY) == []


def test_a_process_that_writes_no_snapshot_removes_the_one_of_its_neighbour(
    log, clock, did, tmp_path
):
    path = tmp_path / "snapshot"
    writer = Follower(log, LiveConfig(), path, clock)
    reader = Follower(log, LiveConfig(), path, clock, writes=False)
    did(CANARY, "i1")
    writer.catch_up()
    reader.catch_up()
    reader.save()
    assert not path.exists()
    writer.save()
    log.erase(CANARY)
    reader.catch_up()
    assert files_with(tmp_path, CANARY) == []
    writer.tend()
    assert path.exists()
    assert files_with(tmp_path, CANARY) == []


def test_an_erasure_known_while_a_snapshot_is_written_waits_for_it(
    log, clock, did, tmp_path, monkeypatch
):
    """Else the finished snapshot would take the place of the removed one."""
    import threading

    from penchant.live import snapshot_keeper as module

    path = tmp_path / "snapshot"
    follower = Follower(log, LiveConfig(), path, clock)
    did(CANARY, "i1")
    follower.catch_up()
    writing, erased = threading.Event(), threading.Event()
    write = module.write_snapshot

    def slowly(*given: object) -> None:
        writing.set()
        erased.wait(5)
        write(*given)

    monkeypatch.setattr(module, "write_snapshot", slowly)
    saver = threading.Thread(target=follower.save)
    saver.start()
    assert writing.wait(5)
    log.erase(CANARY)
    erased.set()
    follower.catch_up()
    assert files_with(tmp_path, CANARY) == []
    saver.join()
    assert files_with(tmp_path, CANARY) == []


@pytest.mark.parametrize("lost", ["pushed out by newer ones", "not in memory"])
def test_what_is_popular_is_counted_again_where_not_all_events_were_here(lost, log, clock, did):
    follower = Follower(log, LiveConfig(keep=2), clock=clock)
    for place in range(3):
        did("u1", f"i{place}", place)
    did("u2", "i1")
    follower.catch_up()
    if lost == "not in memory":
        follower.state.users.pop("u1")
        follower.state.users.complete = False
    log.erase("u1")
    follower.catch_up()
    assert follower.state.recount
    did("u2", "i2")
    follower.tend()
    assert not follower.state.recount
    rebuilt = Follower(log, LiveConfig(keep=2), clock=clock)
    rebuilt.tend()
    assert follower.state.popularity == rebuilt.state.popularity
    assert sorted(follower.popularity()) == ["i1", "i2"]


def test_an_erasure_in_the_middle_of_counting_again_lets_it_be_done_once_more(
    log, clock, did, monkeypatch
):
    follower = Follower(log, LiveConfig(keep=2), clock=clock)
    for place in range(3):
        did("u1", f"i{place}", place)
    did("u2", "i1")
    did("u3", "i2")
    follower.catch_up()
    log.erase("u1")
    follower.catch_up()
    assert follower.state.recount, "not all events of u1 were in memory"
    read = log.changes
    times = iter(range(100))

    def changes(*given: int):
        page = read(*given)
        if next(times) == 0:
            log.erase("u2")  # after its event was read
        return page

    monkeypatch.setattr(log, "changes", changes)
    follower.tend()
    assert follower.state.recount, "not done: the new counters held somebody who was erased"
    follower.tend()
    assert not follower.state.recount
    rebuilt = Follower(log, LiveConfig(keep=2), clock=clock)
    rebuilt.tend()
    assert follower.state.popularity == rebuilt.state.popularity
    assert list(follower.popularity()) == ["i2"]


def test_erasures_of_before_a_start_leave_nothing_to_be_counted_again(log, clock, did, monkeypatch):
    """The log had forgotten them when this state began to read it."""
    monkeypatch.setattr("penchant.live.follower.PAGE", 10)
    for user in range(30):
        did(f"u{user}", "i1")
    log.erase("u3")
    follower = Follower(log, LiveConfig(), clock=clock)
    follower.state.users.most = 3_000
    follower.catch_up()
    assert not follower.state.users.complete
    assert not follower.state.recount


def test_erasures_of_two_salts_are_known_side_by_side(clock, tmp_path):
    """As in a log that was put together: a backup of another log, and erasures of this one."""
    from penchant.store.log import open_log, restore

    training = tiny_training(["gone before", "gone since", "stays"])
    with open_log(tmp_path / "first", clock=clock) as first:
        first.erase("gone before")
        first.backup(tmp_path / "first.db")
    with open_log(tmp_path / "second", clock=clock) as second:
        second.erase("gone since")
    restore(tmp_path / "first.db", tmp_path / "second", replace=True, clock=clock)
    with open_log(tmp_path / "second", clock=clock) as log:
        live = Live(Follower(log, LiveConfig(), tmp_path / "snapshot", clock), training)
        live.catch_up()
        assert [bool(live.past(user)) for user in training.users] == [False, False, True]
        assert live.popularity(training.items).tolist() == pytest.approx([0, 0, 1], rel=1e-2)
        live.follower.save()
        again = Live(Follower(log, LiveConfig(), tmp_path / "snapshot", clock), training)
        assert again.follower.state.cursor == log.last_seq()
        assert [bool(again.past(user)) for user in training.users] == [False, False, True]


def tiny_training(users: list[str]) -> Interactions:
    """One event each, with an item of their own."""
    items = IdMap([f"i{n}" for n in range(len(users))])
    events = Sequences.of_items(np.ones(len(users), int), np.arange(len(users)))
    return Interactions(IdMap(users), items, events, timed=False)
