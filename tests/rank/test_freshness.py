"""Newer items first, by places."""

from __future__ import annotations

import numpy as np

from penchant.rank.config import Freshness
from penchant.rank.moments import DAY
from penchant.rank.places import freshness_factors, moved, scaled


def test_a_half_life_doubles_the_place():
    created = np.array([100.0, 93.0, 86.0, -1000.0, 101.0, np.nan]) * DAY
    factors = freshness_factors(Freshness(7.0, least=0.1), created, 100 * DAY)
    assert np.allclose(factors, [1, 0.5, 0.25, 0.1, 1, 0.1])


def test_old_items_move_down(shop):
    made = shop.policy(freshness={"half_life_days": 30, "least": 0.25}, availability="")
    # days 1 400 3 30 90 10 60 5: places count as 1.0 8 3.2 8 20 7.6 28 9.0
    assert shop.listed(made) == [0, 2, 5, 3, 1, 7, 4, 6]


def test_freshness_and_boosts_are_multiplied(shop):
    made = shop.policy(
        freshness={"half_life_days": 30, "least": 0.25},
        rules=[{"do": "boost", "when": {"item_id": "i4"}, "by": 5}],
        availability="",
    )
    assert shop.listed(made)[:3] == [0, 2, 4]  # place 5 counts as 4


def test_relevance_lies_between_the_scores_around():
    scores = np.array([8.0, 4.0, 2.0, 1.0], np.float32)
    order, relevance = moved(scores, np.array([1.0, 0.8, 2.0, 16.0]))
    # places count as 1, 2.5, 1.5 and .25
    assert order.tolist() == [3, 0, 2, 1]
    assert relevance.tolist() == [8.0, 8.0, 6.0, 3.0]
    assert np.allclose(scaled(relevance), [1, 1, 0.6, 0])
    assert scaled(np.array([2.0, 2.0], np.float32)).tolist() == [1, 1]
    assert len(scaled(np.zeros(0, np.float32))) == 0
