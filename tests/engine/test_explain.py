"""Reasons are true of the model: they say what the score would be without the past item."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

import penchant
from penchant.core import UsageError
from penchant.engine import Reason, Recommender
from penchant.testing import FakeModel


class ByHand(FakeModel):
    """Scores ``cold`` by the past: +2 for s1, +1 for each r2, -1 for r1, and 5 for any words.

    ``s3`` gets the opposite, so that the mean over the catalogue stays 0.
    """

    effects: ClassVar = {"s1": 2.0, "r2": 1.0, "r1": -1.0}

    def score(self, requests):
        out = np.zeros((len(requests), len(requests.items)), np.float32)
        cold = requests.items.code("cold")
        for row in range(len(requests)):
            names = requests.items.names(requests.history.items_of(row))
            out[row, cold] = sum(self.effects.get(name, 0.0) for name in names)
            out[row, cold] += 5.0 * bool(requests.queries and requests.queries[row])
        out[:, requests.items.code("s3")] = -out[:, cold]
        return out


class Drifting(ByHand):
    """The same, every score lowered by 10 for each past event: a constant of the history."""

    def score(self, requests):
        lengths = requests.history.lengths.astype(np.float32)
        return super().score(requests) - 10 * lengths[:, None]


@pytest.fixture(scope="module")
def by_hand(data):
    return Recommender(ByHand.fit(ByHand.Config(), data), data.catalogue, data.interactions)


def test_reasons_are_the_falls_of_the_score_strongest_first(by_hand):
    found = by_hand.explain(history=["r2", "s2", "s1", "r1"], item="cold")
    assert found == (
        Reason("because you liked Star Harbour", "s1", 2.0),
        Reason("because you liked Two Umbrellas", "r2", 1.0),
    )
    assert str(found[0]) == "because you liked Star Harbour"


def test_an_item_of_the_past_is_taken_away_with_all_its_events(by_hand):
    (reason,) = by_hand.explain(history=["r2", "s2", "r2", "r2"], item="cold")
    assert (reason.item, reason.effect) == ("r2", 3.0)


def test_a_constant_of_the_history_is_not_taken_for_an_effect(by_hand, data):
    drifting = Recommender(Drifting.fit(ByHand.Config(), data), data.catalogue, data.interactions)
    asked = {"history": ["r2", "s2", "s1", "r1"], "item": "cold"}
    assert [r.item for r in drifting.explain(**asked)] == [r.item for r in by_hand.explain(**asked)]


def test_having_had_an_item_is_no_reason_to_recommend_it(by_hand):
    assert all(r.item != "s1" for r in by_hand.explain(history=["s1", "r2"], item="s1"))


def test_at_most_as_many_reasons_as_asked(by_hand):
    (only,) = by_hand.explain(history=["r2", "s1"], item="cold", n=1)
    assert only == Reason("because you liked Star Harbour", "s1", 2.0)


def test_words_are_a_reason_when_they_raise_the_score(by_hand):
    first, second = by_hand.explain(history=["s1"], query="anything", item="cold")
    assert first == Reason("its text matches your words", None, 5.0)
    assert second.item == "s1"


def test_words_alone_are_the_reason(recommender):
    (only,) = recommender.explain(query="robots in space", item="cold")
    assert str(only) == "its text matches your words"


def test_what_nothing_explains_is_said_to_be_so(by_hand):
    assert [str(r) for r in by_hand.explain(history=["s1"], item="r5")] == [
        "no single past item explains it"
    ]
    assert [str(r) for r in by_hand.explain(user="nobody", item="r5")] == [
        "nothing is known about you yet"
    ]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (penchant.Popularity, "popular with everybody"),
        (penchant.RecentPopularity, "popular these days"),
        (penchant.Random, "drawn by lot"),
    ],
)
def test_a_model_that_ignores_the_past_claims_nothing_else(data, make, words):
    assert [str(r) for r in make().fit(data).explain(user="u2", item="r1")] == [words]


def test_an_explained_list_gives_one_reason_each(recommender):
    found = recommender.recommend(user="u2", k=4, explain=True)
    assert all(len(r.reasons) == 1 for r in found)
    assert found[0].reasons[0].startswith("because you liked ")


def test_ease_explains_by_its_own_weights(data):
    """EASE is a sum over the history: the fall must be that item's weight, less the mean weight."""
    ease = penchant.EASE(l2=1.0).fit(data)
    items = data.catalogue.items
    history = ["s1", "s2", "s3"]
    target = ease.recommend(history=history, k=1)[0].item
    alone = {}
    for name in history:
        listed = ease.recommend(history=[name], k=99, keep_seen=True)
        mean = np.mean([r.score for r in listed])
        alone[name] = next(r.score for r in listed if r.item == target) - mean
    best = max(alone, key=lambda name: alone[name])
    reason = ease.explain(history=history, item=target, n=1)[0]
    assert reason.item == best
    assert reason.effect == pytest.approx(alone[best], rel=1e-4)
    assert items.code(target) >= 0


@pytest.mark.parametrize("make", [penchant.EASE, penchant.ItemKNN, penchant.TextMean])
def test_one_past_item_is_the_reason_for_what_it_raises(data, make):
    """Without it nothing is known; what a model lists then has a scale of its own."""
    fitted = make().fit(data)
    (first, *_) = fitted.recommend(history=["s1"], k=1, explain=True)
    assert first.reasons == ("because you liked Star Harbour",)
    (reason,) = fitted.explain(history=["s1"], item=first.item)
    listed = [r.score for r in fitted.recommend(history=["s1"], k=99, keep_seen=True)]
    assert reason.item == "s1"
    assert reason.effect == pytest.approx(first.score - np.mean(listed), rel=1e-3)


def test_one_past_item_is_no_reason_for_what_it_does_not_raise(data):
    fitted = penchant.EASE().fit(data)
    worst = fitted.recommend(history=["s1"], k=99)[-1].item
    assert [str(r) for r in fitted.explain(history=["s1"], item=worst)] == [
        "no single past item explains it"
    ]


def test_a_user_vector_does_not_hide_the_missing_event(data):
    """A model that keeps a vector a user must be asked as about somebody new."""

    class Remembers(ByHand):
        def score(self, requests):
            out = super().score(requests)
            out[requests.user >= 0] = 7.0
            return out

    remembers = Recommender(Remembers.fit(ByHand.Config(), data), data.catalogue, data.interactions)
    assert remembers.explain(user="u2", history=["s1"], item="cold")[0].item == "s1"


def test_an_unknown_item_is_named_with_the_near_one(recommender):
    with pytest.raises(UsageError, match="'cald' is not one of the 14 items; near: 'cold'"):
        recommender.explain(user="u2", item="cald")
