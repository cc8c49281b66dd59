"""One user's events on one item count within a bound, in any order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.live import Popularity
from penchant.live.bound import Bound

DAY = 86_400.0
NOW = 1_800_000_000.0

DONE = st.lists(
    st.tuples(
        st.sampled_from(["u1", "u2"]),
        st.sampled_from(["i1", "i2"]),
        st.floats(NOW - 20 * DAY, NOW),
        st.sampled_from(["click", "purchase"]),
    ),
    max_size=30,
)


def counted(events) -> Popularity:
    popularity = Popularity(7 * DAY, {"purchase": 5.0}, repeats=1)
    for user, item, time, kind in events:
        popularity.add(item, time, kind, user_id=user)
    return popularity


@given(DONE, st.data())
def test_the_order_leaves_no_trace(events, data: st.DataObject):
    assert counted(data.draw(st.permutations(events))) == counted(events)


@given(DONE, DONE, st.data())
def test_what_is_taken_away_was_never_there(events, others, data: st.DataObject):
    popularity = counted(data.draw(st.permutations(events + others)))
    for user, item, time, kind in others:
        popularity.add(item, time, kind, -1, user)
    assert popularity == counted(events)


def test_a_flood_of_one_user_counts_as_a_few_events():
    popularity = Popularity(7 * DAY, repeats=3)
    start = NOW - NOW % (7 * DAY)  # the beginning of a half-life
    for n in range(10_000):
        popularity.add("pushed", start + n / 100, "click", user_id="u1")
    for n in range(4):
        popularity.add("liked", start, "click", user_id=f"u{n}")
    scores = popularity.scores(start + 100)
    assert scores["pushed"] == pytest.approx(3, rel=1e-3)
    assert scores["liked"] == pytest.approx(4, rel=1e-3)


def test_the_live_popularity_is_bounded_and_rebuilt_the_same(live, did, log, clock):
    for n in range(200):
        did("flood", "pushed", n)
    for n in range(30):
        did(f"u{n}", "liked", n)
    live.catch_up()
    scores = live.follower.popularity()
    assert scores["liked"] > scores["pushed"] > 0
    log.erase("flood")
    live.catch_up()
    live.follower.tend()
    assert "pushed" not in live.follower.popularity()


def test_room_is_bounded(caplog):
    bound = Bound(10, room=100)
    for n in range(1000):
        bound.counted((f"u{n}", "i"), 5, 1)
        assert len(bound) <= 100
    assert "memory_mb" in caplog.text
    assert bound.counted(("u0", "i"), 5, 1, -1) is None, "forgotten: nobody knows what it counted"


def test_a_flooder_who_was_forgotten_takes_nobodys_popularity_away(live, did, log, clock):
    follower = live.follower
    for n in range(100):
        did("flood", "liked", n)
    for n in range(30):
        did(f"u{n}", "liked", n)
    live.catch_up()
    before = follower.popularity()["liked"]
    follower.state.popularity.bound.forget(1 << 62)  # for want of room
    log.erase("flood")
    live.catch_up()
    assert follower.popularity()["liked"] == pytest.approx(before), "until it is counted again"
    assert follower.state.recount
    follower.tend()
    assert follower.popularity()["liked"] == pytest.approx(30, rel=0.01)


def test_what_was_saved_comes_back():
    bound, other = Bound(10, 100), Bound(10, 100)
    for n in range(20):
        bound.counted((f"u{n % 7}", "i"), n % 3, 4)
    for period, pairs in bound:
        other.restore(period, {str(key): units for key, units in pairs.items()})
    assert other == bound
    assert len(other) == len(bound)
