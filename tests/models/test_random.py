"""Random order: the floor."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.models import Random, RandomConfig


@pytest.fixture
def data(world):
    return world.random()


def test_what_is_asked_decides_the_order(world, data):
    model = Random.fit(RandomConfig(), data)
    asked = world.requests(
        data,
        [[1, 2], [2, 1], [1, 2], [1, 2]],
        users=[0, 0, 1, 0],
        queries=(None, None, None, "sea"),
    )
    scores = model.score(asked)
    assert len(np.unique(scores[:, 0])) == 4


def test_it_prefers_nothing(world, data):
    asked = world.requests(data, [[i] for i in range(40)] * 25, users=np.arange(1000) % 60)
    scores = Random.fit(RandomConfig(), data).score(asked)
    best = np.bincount(scores.argmax(axis=1), minlength=40)
    # 25 expected each; the chi-square statistic of 39 degrees of freedom stays under its 99.9 % point
    distinct = len({(u % 60, u % 40) for u in range(1000)})
    expected = 1000 / 40
    assert ((best - expected) ** 2 / expected).sum() < 72.1 * 1000 / distinct


def test_another_seed_gives_another_order(world, data):
    asked = world.requests(data, [[1]])
    first, second = (Random.fit(RandomConfig(), data, seed).score(asked) for seed in (0, 1))
    assert not np.array_equal(first, second)
