"""BPR: what it learns, and that one seed is one model."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.models import Bpr, BprConfig


@pytest.fixture
def two_tastes(world):
    """20 users of items 0-4 and 20 of items 5-9, each missing one; item 10 has no events."""
    groups = [range(5), range(5, 10)]
    return world.dataset(
        [[i for i in groups[u % 2] if i % 5 != u % 5] for u in range(40)], ["a"] * 11
    )


def test_it_puts_the_missing_item_of_ones_own_taste_above_the_others(world, two_tastes):
    model = Bpr.fit(BprConfig(factors=8, iterations=200), two_tastes)
    scores = model.score(world.requests(two_tastes, [[]] * 40, users=range(40)))
    for user in range(40):
        own, other = (user % 2) * 5, (1 - user % 2) * 5
        missing = own + user % 5
        assert scores[user, missing] > scores[user, other : other + 5].max()


def test_scores_are_the_products_of_the_learned_vectors(world, two_tastes):
    model = Bpr.fit(BprConfig(factors=8, iterations=5), two_tastes)
    scores = model.score(world.requests(two_tastes, [[0], [7]], users=[4, 31]))
    assert np.allclose(scores[:, :10], model.x[[4, 31]] @ model.y.T, atol=1e-5)


def test_users_without_training_events_have_no_vector(world):
    data = world.dataset([[0, 1], [], [1]], ["a"] * 2)
    model = Bpr.fit(BprConfig(factors=4, iterations=2), data)
    assert model.known.tolist() == [0, 2]
    assert model.x.shape == (2, 5)  # a constant for the bias stands beside the four factors


def test_another_seed_gives_other_vectors(two_tastes):
    config = BprConfig(factors=4, iterations=2)
    first, second = (Bpr.fit(config, two_tastes, seed).y for seed in (0, 1))
    assert not np.allclose(first, second)
