"""What an acknowledged event does to the state, and what a wrong clock does not."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from penchant.core import IdMap, Interactions, LogError, Sequences, UsageError
from penchant.engine import Past
from penchant.live import Follower, Live, LiveConfig

DAY = 86_400.0


def test_an_acknowledged_event_is_in_the_next_past(live, did, items):
    did("u1", "i7", 5)
    assert items("u1") == ["i7"]
    did("u1", "i9", 6)
    assert items("u1") == ["i7", "i9"]
    assert live.past("u1")[0].kind == "click"
    assert items("somebody new") == []


def test_an_event_sent_twice_counts_once(live, did, items):
    assert did("u1", "i7", 5, event_id="e").status == "stored"
    assert did("u1", "i7", 5, event_id="e").status == "duplicate"
    assert items("u1") == ["i7"]


def test_a_late_event_takes_its_place(did, items):
    did("u1", "i2", 20)
    assert items("u1") == ["i2"]
    did("u1", "i1", 10)
    assert items("u1") == ["i1", "i2"]


def test_an_event_of_the_far_future_is_overtaken_by_the_present(live, clock, did, items):
    did("u1", "wrong clock", 400 * DAY)
    assert items("u1") == ["wrong clock"]
    assert live.past("u1")[0].time == clock.now
    assert live.follower.state.clamped == 1
    clock.now += 3600
    did("u1", "i1", 1000)
    assert items("u1") == ["wrong clock", "i1"]


def test_the_oldest_give_way(log, clock, did):
    live = Live(Follower(log, LiveConfig(keep=2), clock=clock))
    for place in range(4):
        did("u1", f"i{place}", place)
    live.catch_up()
    assert [one.item_id for one in live.past("u1")] == ["i2", "i3"]


def test_nothing_new_costs_nothing(live, log, did, monkeypatch):
    did("u1", "i7")
    assert live.catch_up() == 1
    monkeypatch.setattr(log, "changes", lambda *_: pytest.fail("the log was read"))
    assert live.catch_up() == 0


def test_numbers_missing_at_the_end_are_not_looked_for_again(live, log, did, monkeypatch):
    did("u1", "i7")
    live.catch_up()
    monkeypatch.setattr(log, "last_seq", lambda: 100)
    live.catch_up()
    monkeypatch.setattr(log, "changes", lambda *_: pytest.fail("the log was read"))
    assert live.catch_up() == 0


def test_changes_told_twice_count_once(live, log, did):
    did("u1", "i7")
    log.put_items([{"item_id": "i1"}])
    live.catch_up()
    before = live.past("u1"), live.follower.popularity()
    live.follower.state.fold(log.changes())
    assert (live.past("u1"), live.follower.popularity()) == before


def test_a_log_that_fails_is_heard_of_and_followed_later(live, log, did, items, monkeypatch):
    did("u1", "i7")

    def fail(*_: object) -> None:
        raise LogError("The disk is away.")

    with monkeypatch.context() as patch:
        patch.setattr(log, "changes", fail)
        with pytest.raises(LogError):
            live.catch_up()
    assert items("u1") == ["i7"]


def test_who_does_not_fit_into_memory_is_read_from_the_log(live, log, did, items):
    for user in range(50):
        for place in range(3):
            did(f"u{user}", f"i{user}-{place}", place)
    live.follower.state.users.most = 3_000  # bytes: about five users
    live.catch_up()
    users = live.follower.state.users
    assert len(users) < 10
    assert users.size <= users.most
    assert items("u0") == ["i0-0", "i0-1", "i0-2"]
    did("u7", "new", 9)
    assert items("u7")[-1] == "new"
    assert len(users) < 10


def test_the_one_heard_of_last_stays_in_memory(live, log, did, items, monkeypatch):
    for user in ("u1", "u2", "u3"):
        did(user, "i1")
    live.catch_up()
    assert items("u1") == ["i1"]
    live.follower.state.users.most = 1_200
    did("u4", "i1")
    live.catch_up()
    monkeypatch.setattr(log, "events_of", lambda *_: pytest.fail("the log was read"))
    assert items("u1") == ["i1"]


def test_reading_back_looks_past_events_of_the_far_future(log, clock, did):
    """The log gives those first; they belong behind what came after them."""
    live = Live(Follower(log, LiveConfig(keep=3), clock=clock))
    for place in range(20):
        did("u1", f"future {place}", 400 * DAY + place)
    clock.now += 3600
    for place in range(2):
        did("u1", f"i{place}", 900 + place)
    did("u2", "i1")
    live.catch_up()
    before = live.user("u1")
    live.follower.state.users.pop("u1")
    live.follower.state.users.complete = False
    assert live.user("u1") == before
    assert [one.item_id for one in before.past] == ["future 9", "i0", "i1"]


def test_many_threads_see_one_state(live, did):
    """Readers and followers at once: what a thread has seen never goes away again."""
    stop = threading.Event()
    wrong: list[str] = []

    def read() -> None:
        known = 0
        while not stop.is_set():
            live.catch_up()
            past = live.past("u1")
            if len(past) < known or [one.item_id for one in past] != [
                str(n) for n in range(len(past))
            ]:
                wrong.append(str(past))
            known = len(past)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for place in range(150):
        did("u1", str(place), place)
    stop.set()
    for thread in threads:
        thread.join()
    live.catch_up()
    assert wrong == []
    assert len(live.past("u1")) == 150


def test_somebody_who_watches_hears_of_everything_but_events_in_order(live, log, did):
    heard: list[object] = []

    def broken(_: object) -> None:
        raise ValueError("broken")

    live.follower.watch(broken)
    live.follower.watch(heard.extend)
    log.put_items([{"item_id": "i1"}])
    did("u1", "i1")
    log.erase("u1")
    live.catch_up()
    assert [type(change).__name__ for change in heard] == ["ItemPut", "UserErased"]


def test_items_that_were_put_and_those_that_were_withdrawn(live, log):
    log.put_items([{"item_id": "i1"}, {"item_id": "i2", "available": False}])
    live.catch_up()
    assert live.items() == {"i1": 1, "i2": 2}
    assert live.withdrawn() == {"i2"}
    log.put_items([{"item_id": "i2", "available": True}])
    live.catch_up()
    assert live.items() == {"i1": 1, "i2": 3}
    assert live.withdrawn() == set()


def test_what_is_popular_survives_a_server_whose_clock_was_ahead(live, clock, did):
    did("u1", "i1", 1000)
    live.follower.tend()
    clock.now += 400 * DAY
    live.follower.tend()
    assert live.follower.popularity() == {}
    clock.now -= 400 * DAY
    live.follower.tend()
    assert live.follower.popularity() == {"i1": pytest.approx(1, rel=1e-3)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"keep": 0},
        {"memory_mb": 0},
        {"half_life_days": 0.0},
        {"half_life_days": float("inf")},
        {"weights": {"click": -1.0}},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError):
        LiveConfig(**wrong)


def trained(timed: bool = True) -> Interactions:
    """u1 had i1, i2, i3; u2 had i2."""
    events = Sequences.of_items(
        np.array([3, 1]), np.array([0, 1, 2, 1]), np.array([100.0, 200.0, 300.0, 150.0])
    )
    return Interactions(
        IdMap(["u1", "u2"]), IdMap(["i1", "i2", "i3", "i4"]), events, ("event",), timed
    )


def past_items(live: Live, user: str) -> list[str]:
    live.catch_up()
    return [one.item_id for one in live.past(user)]


def test_what_a_model_was_trained_on_is_the_oldest_part(live, did):
    live = live.over(trained())
    assert live.past("u1")[0] == Past("i1", 100.0, "event")
    did("u1", "i4")
    assert past_items(live, "u1") == ["i1", "i2", "i3", "i4"]
    assert past_items(live, "u2") == ["i2"]
    assert past_items(live, "u3") == []


def test_training_events_that_the_log_has_too_count_once(live, log, did, clock):
    live = live.over(trained())
    did("u1", "i2", 200 - clock.now + 1000, kind="click")
    did("u1", "i2", 250 - clock.now + 1000)
    assert [(p.item_id, p.time, p.kind) for p in (live.catch_up(), live.past("u1"))[1]] == [
        ("i1", 100.0, "event"),
        ("i2", 200.0, "click"),
        ("i2", 250.0, "click"),
        ("i3", 300.0, "event"),
    ]


def test_training_without_times_comes_first_and_has_no_times(live, did, clock):
    live = live.over(trained(timed=False))
    did("u1", "i4", 1 - clock.now + 1000)
    live.catch_up()
    past = live.past("u1")
    assert [one.item_id for one in past] == ["i1", "i2", "i3", "i4"]
    assert np.isnan([one.time for one in past]).tolist() == [True, True, True, False]


def test_training_events_fall_under_the_bound_too(log, clock, did):
    live = Live(Follower(log, LiveConfig(keep=2), clock=clock), trained())
    assert past_items(live, "u1") == ["i2", "i3"]
    did("u1", "i4")
    assert past_items(live, "u1") == ["i3", "i4"]


def test_popularity_begins_with_training_and_goes_on_with_the_log(live, clock, did):
    live = live.over(trained())
    names = IdMap(["i1", "i2", "i3", "i4", "i5"])
    assert live.popularity(names).tolist() == pytest.approx([1, 2, 1, 0, 0], rel=1e-3)
    did("u1", "i5", 1000)
    live.catch_up()
    assert live.popularity(names).tolist() == pytest.approx([1, 2, 1, 0, 1], rel=1e-3)
    clock.now += 7 * DAY
    did("u1", "i5", 1000)
    live.catch_up()
    assert live.popularity(names).tolist() == pytest.approx([0.5, 1, 0.5, 0, 1.5], rel=1e-3)


def test_popularity_is_told_in_the_codes_asked_for(live):
    live = live.over(trained())
    assert live.popularity(IdMap(["i9", "i2"])).tolist() == pytest.approx([0, 2], rel=1e-3)
