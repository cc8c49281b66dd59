"""Counters with a half-life, to the last bit the same in any order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.live import Popularity

DAY = 86_400.0
NOW = 1_800_000_000.0

COUNTED = st.lists(
    st.tuples(
        st.sampled_from(["i1", "i2", "i3"]),
        st.floats(NOW - 30 * DAY, NOW + DAY),
        st.sampled_from(["click", "purchase", "view"]),
    ),
    max_size=30,
)
WEIGHTS = {"purchase": 5.0, "view": 0.0}


def counted(events) -> Popularity:
    popularity = Popularity(7 * DAY, WEIGHTS)
    for event in events:
        popularity.add(*event)
    return popularity


@given(COUNTED, st.data())
def test_the_order_leaves_no_trace(events, data: st.DataObject):
    assert counted(data.draw(st.permutations(events))) == counted(events)


@given(COUNTED, COUNTED, st.data())
def test_what_is_taken_away_was_never_there(events, others, data: st.DataObject):
    popularity = counted(data.draw(st.permutations(events + others)))
    for event in others:
        popularity.add(*event, sign=-1)
    assert popularity == counted(events)


@given(COUNTED)
def test_scores_are_the_decayed_sums(events):
    by_hand: dict[str, float] = {}
    for item, time, kind in events:
        if time <= NOW and WEIGHTS.get(kind, 1.0):
            weight = WEIGHTS.get(kind, 1.0) * 0.5 ** ((NOW - time) / (7 * DAY))
            by_hand[item] = by_hand.get(item, 0.0) + weight
    scores = counted([event for event in events if event[1] <= NOW]).scores(NOW)
    assert scores == pytest.approx(by_hand, rel=1e-5)


def test_an_event_counts_half_after_a_half_life():
    popularity = Popularity(7 * DAY)
    popularity.add("i1", NOW, "click")
    assert popularity.scores(NOW)["i1"] == pytest.approx(1.0, rel=1e-5)
    assert popularity.scores(NOW + 7 * DAY)["i1"] == pytest.approx(0.5, rel=1e-5)


def test_a_clock_that_was_ahead_for_a_while_spoils_nothing():
    popularity = Popularity(7 * DAY)
    popularity.add("i1", NOW, "click")
    popularity.add("i2", NOW + 400 * DAY, "click")
    assert list(popularity.scores(NOW)) == ["i1"]


def test_what_counts_no_more_takes_no_room_and_comes_back_by_no_way():
    popularity = Popularity(DAY)
    popularity.add("old", NOW - 50 * DAY, "click")
    popularity.add("new", NOW, "click")
    before = popularity.scores(NOW)
    popularity.forget(NOW)
    assert len(popularity) == 1
    assert popularity.scores(NOW) == before
    popularity.add("old", NOW - 50 * DAY, "click", sign=-1)  # erased after it was forgotten
    popularity.add("old", NOW - 50 * DAY, "click")
    assert popularity.scores(NOW) == before


def test_a_clock_that_comes_back_says_so():
    popularity = Popularity(DAY)
    popularity.add("i1", NOW, "click")
    assert not popularity.forget(NOW)
    assert not popularity.forget(NOW - DAY), "the edge of a day, by a moment"
    assert not popularity.forget(NOW + 400 * DAY), "it was ahead for a while"
    assert len(popularity) == 0
    assert popularity.forget(NOW), "to be counted again"
    popularity.add("i1", NOW, "click")
    assert popularity.scores(NOW)["i1"] > 0.5


def test_counters_are_bounded_whatever_items_events_name(caplog):
    popularity = Popularity(DAY, most=100)
    for n in range(30):
        popularity.add(f"old-{n}", NOW - 2 * DAY, "click")
    for _ in range(50):
        popularity.add("loved", NOW, "click")
    for n in range(10_000):
        popularity.add(f"no such item {n}", NOW, "click")
        assert len(popularity) <= 100
    assert "items that do not exist" in caplog.text
    assert popularity.scores(NOW)["loved"] == pytest.approx(50, rel=1e-5)
    popularity.add("old-1", NOW - 2 * DAY, "click", sign=-1)  # erased after it was forgotten
    popularity.add("no such item 0", NOW, "click", sign=-1)
    assert min(popularity.scores(NOW).values()) > 0
    assert not popularity.forget(NOW), "what had to go is not counted again"
    assert len(popularity) == sum(len(counts) for _, counts in popularity)


@given(COUNTED, COUNTED)
def test_a_copy_stays_as_it_is(events, others):
    popularity = counted(events)
    copy = popularity.copy()
    for event in others:
        popularity.add(*event)
    copy.add("i1", NOW, "click")
    popularity.forget(NOW + 400 * DAY)
    assert copy == counted([*events, ("i1", NOW, "click")])
    assert len(popularity) == 0


def test_a_new_half_life_does_not_push_out_more_than_there_is_no_room_for():
    popularity = Popularity(DAY, most=1_000)
    for n in range(1_000):
        for _ in range(1 + n % 2):
            popularity.add(f"i{n}", NOW - DAY, "click")
    copy = popularity.copy()
    popularity.add("i0", NOW, "click")
    scores = popularity.scores(NOW)
    assert len(popularity) == 900
    assert all(f"i{n}" in scores for n in range(1, 1_000, 2)), "the least are let go"
    assert len(copy) == 1_000 == len(copy.scores(NOW))
    assert not popularity.forget(NOW)
