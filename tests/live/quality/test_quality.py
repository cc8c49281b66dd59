"""What becomes of lists: joined, judged, counted; by hand."""

from __future__ import annotations

import math

import pytest

from penchant.core import Event, Impression
from penchant.live.quality import Feedback, Prequential
from penchant.live.quality.feedback import VERSIONS
from penchant.store.log import EventStored, ImpressionStored, UserErased, hashed

NOW = 1_800_000_000.0


def shown(request: str, user: str | None, items: str, version: str = "m1", at: float = NOW):
    return [
        ImpressionStored(n, at, Impression(request, item, n, version, at, user))
        for n, item in enumerate(items)
    ]


def did(user: str, item: str, after: float = 10.0, kind: str = "click") -> EventStored:
    return EventStored(1, NOW + after, Event(user, item, NOW + after, "", kind))


def test_clicks_and_conversions_by_place_and_model():
    feedback = Feedback()
    feedback.shown(shown("r1", "u1", "abc"))
    feedback.shown(shown("r2", "u2", "ba", "m2"))
    for one in (did("u1", "b"), did("u1", "b"), did("u1", "b", kind="purchase"), did("u2", "a")):
        feedback.heard(one)
    counts = feedback.counts
    assert (counts["2", "m1"].shown, counts["2", "m1"].clicked, counts["2", "m1"].converted) == (
        1,
        1,
        1,
    )
    assert (counts["1", "m1"].clicked, counts["2", "m2"].clicked) == (0, 1)
    assert counts["2", "m2"].converted == 0


@pytest.mark.parametrize("after", [-1.0, 86_401.0])
def test_only_what_comes_after_and_soon_enough_counts(after: float):
    feedback = Feedback()
    feedback.shown(shown("r1", "u1", "a"))
    feedback.heard(did("u1", "a", after))
    assert feedback.counts["1", "m1"].clicked == 0


def test_places_far_down_share_a_figure_and_somebody_unknown_is_only_shown():
    feedback = Feedback()
    feedback.shown(shown("r1", None, "abcdefghijklmn"))
    assert feedback.counts["over 10", "m1"].shown == 4
    feedback.heard(did("u1", "a"))
    assert feedback.counts["1", "m1"].clicked == 0


def test_what_is_held_is_bounded_and_what_was_counts_less():
    feedback = Feedback(half_life=100.0, most=20)
    feedback.age(NOW)
    for n in range(100):
        feedback.shown(shown(f"r{n}", f"u{n}", "ab"))
    assert len(feedback._waiting) == 20
    assert len(feedback._lists) == 2
    feedback.age(NOW + 100)
    assert feedback.counts["1", "m1"].shown == pytest.approx(50)
    feedback.age(NOW + 100_000)
    assert feedback.counts == {}


def test_the_list_before_an_event_is_the_last_one_in_its_order():
    feedback = Feedback()
    feedback.shown(shown("r1", "u1", "abc"))
    feedback.shown(shown("r2", "u1", "dca", at=NOW + 5))
    assert feedback.list_before(did("u1", "x")) == ("d", "c", "a")
    assert feedback.list_before(did("u1", "x", after=1.0)) is None, "it was shown later"
    assert feedback.list_before(did("u2", "x")) is None


def test_of_each_list_it_is_told_whether_it_was_clicked_when_the_next_comes():
    feedback = Feedback()
    feedback.shown(shown("r1", "u1", "abc"))
    feedback.heard(did("u1", "b"))
    feedback.shown(shown("r2", "u1", "def", at=NOW + 20))
    assert list(feedback.ended) == [True]
    feedback.shown(shown("r3", "u1", "abc", at=NOW + 30))
    assert list(feedback.ended) == [True, False]


def test_somebody_erased_is_let_go():
    feedback = Feedback()
    feedback.shown(shown("r1", "u1", "ab") + shown("r2", "u2", "ab"))
    feedback.erased(UserErased(9, NOW, hashed("salt", "u1"), "salt"))
    assert feedback.list_before(did("u1", "x")) is None
    assert feedback.list_before(did("u2", "x")) is not None
    assert {user for user, _ in feedback._waiting} == {"u2"}


def test_lists_are_judged_by_what_is_chosen_next():
    lists = Prequential()
    found = lists.judge("u1", list("abc"), "b", "shown", {"a": 7, "b": 1}, 15)
    assert (found.hit, found.gain) == (1.0, pytest.approx(1 / math.log2(3)))
    assert found.novelty == pytest.approx((math.log2(16 / 8) + math.log2(16 / 2) + 4) / 3)
    assert found.cold == pytest.approx(1 / 3)
    assert found.repeats == 0
    again = lists.judge("u1", list("bcd"), "z", "shown", {"b": 1, "c": 1, "d": 1}, 15)
    assert (again.hit, again.gain, again.cold) == (0, 0, 0)
    assert again.repeats == pytest.approx(2 / 3)
    quality = lists.quality(8)
    assert quality.lists == {"shown": 2}
    assert quality.hits == {"shown": 0.5}
    assert quality.coverage == 0.5
    assert lists.judge("u1", list("bcd"), "b", "asked", {}, 1).repeats == 0, "another kind of list"
    assert quality.empty == 0


def test_only_the_first_ten_places_are_judged_and_empty_lists_are_counted():
    lists = Prequential(window=3)
    assert lists.judge("u1", [*"abcdefghij", "z"], "z", "shown", {}, 1).hit == 0
    assert lists.judge("u1", [], "z", "shown", {}, 1).gain == 0
    assert lists.quality(100).empty == 0.5
    for _ in range(3):
        lists.judge("u2", ["a"], "a", "shown", {}, 1)
    assert lists.quality(100).lists == {"shown": 3}, "the newest"
    assert lists.quality(100).hits == {"shown": 1}


def test_without_lists_all_is_nothing():
    quality = Prequential().quality(10)
    assert (quality.lists, quality.coverage, quality.empty) == ({}, 0, 0)


def test_versions_that_nobody_knows_share_a_figure():
    feedback = Feedback(known=frozenset(["m1"]).__contains__)
    for n in range(20):
        feedback.shown(shown(f"r{n}", f"u{n}", "a", f"made-up-{n}"))
    feedback.shown(shown("r", "u", "a"))
    assert {key: count.shown for key, count in feedback.counts.items()} == {
        ("1", "other"): 20,
        ("1", "m1"): 1,
    }
    feedback.heard(did("u3", "a"))
    assert feedback.counts["1", "other"].clicked == 1


def test_versions_that_have_figures_are_bounded():
    feedback = Feedback()
    for n in range(VERSIONS + 10):
        feedback.shown(shown(f"r{n}", None, "ab", f"m{n}"))
    assert len(feedback.counts) == 2 * (VERSIONS + 1)
    assert feedback.counts["2", "other"].shown == 10
