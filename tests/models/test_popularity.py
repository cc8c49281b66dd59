"""Popularity of all time, and of late, worked out by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from penchant.models import (
    Popularity,
    PopularityConfig,
    RecentPopularity,
    RecentPopularityConfig,
)

DAY = 86_400.0


def weighted(data, weight):
    events = dataclasses.replace(data.interactions.events, weight=np.array(weight, np.float32))
    return dataclasses.replace(data, interactions=data.interactions.with_events(events))


def test_heavier_events_count_more(world):
    data = weighted(world.dataset([[0, 1], [1]], ["a"] * 3), [3.0, 1.0, 1.0])
    scores = Popularity.fit(PopularityConfig(), data).score(world.requests(data, [[2]]))
    assert scores[0].tolist() == pytest.approx([1.0, 2 / 3, 0.0])


def test_everybody_gets_the_same_order(world):
    data = world.random()
    asked = world.requests(data, [[1], [2, 3], []])
    scores = Popularity.fit(PopularityConfig(), data).score(asked)
    assert (scores == scores[0]).all()


def test_an_event_counts_half_after_one_half_life(world):
    # newest event: day 10. item 0 at days 10 and 0, item 1 at day 5, item 2 at day 0
    times = np.array([0, 10, 5, 0]) * DAY
    data = world.dataset([[0, 0], [1], [2]], ["a"] * 3, times)
    model = RecentPopularity.fit(RecentPopularityConfig(half_life_days=5.0), data)
    raw = np.array([1 + 0.25, 0.5, 0.25])
    assert model.score(world.requests(data, [[]]))[0] == pytest.approx(raw / raw.max())


def test_without_times_age_is_the_number_of_later_events_of_the_same_user(world):
    data = world.dataset([[0, 1, 2], [2, 1]], ["a"] * 4)
    model = RecentPopularity.fit(RecentPopularityConfig(half_life_events=1.0), data)
    raw = np.array([0.25, 0.5 + 1, 1 + 0.5, 0])
    assert model.score(world.requests(data, [[]]))[0] == pytest.approx(raw / raw.max())


def test_a_very_long_half_life_is_popularity(world):
    data = world.random()
    config = RecentPopularityConfig(half_life_days=1e9)
    assert np.allclose(
        RecentPopularity.fit(config, data).popularity,
        Popularity.fit(PopularityConfig(), data).popularity,
        atol=1e-5,
    )
