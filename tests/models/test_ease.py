"""EASE against the closed form in dense float64."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.core import TrainingFailed
from penchant.models import Ease, EaseConfig
from penchant.models.ease import item_weights
from penchant.models.matrix import row_matrix


def closed_form(x: np.ndarray, l2: float) -> np.ndarray:
    p = np.linalg.inv(x.T @ x + l2 * np.eye(x.shape[1]))
    b = -p / np.diag(p)[None, :]
    np.fill_diagonal(b, 0.0)
    return b


@pytest.mark.parametrize("l2", [0.5, 100.0])
def test_it_is_the_closed_form(world, l2):
    data = world.random()
    histories = world.histories(data)
    warm = 37
    x = world.dense(histories, 40)[:, :warm]
    scores = Ease.fit(EaseConfig(l2), data).score(world.requests(data, histories))
    assert np.allclose(scores[:, :warm], x @ closed_form(x, l2), atol=1e-4)


def test_the_weights_minimise_the_objective(world):
    """An independent check: no small step with a zero diagonal makes the loss smaller."""
    x = world.dense(world.histories(world.random()), 40)[:, :37]
    b = item_weights(row_matrix(world.random().interactions.events, 40)[:, :37], 5.0)

    def loss(weights):
        return ((x - x @ weights) ** 2).sum() + 5.0 * (weights**2).sum()

    rng = np.random.default_rng(0)
    for _ in range(20):
        step = rng.normal(size=b.shape) * 1e-3
        np.fill_diagonal(step, 0.0)
        assert loss(b + step) > loss(b)


def test_no_item_predicts_itself(world):
    model = Ease.fit(EaseConfig(), world.random())
    assert not np.diag(model.b).any()


def test_only_items_with_events_take_memory(world):
    model = Ease.fit(EaseConfig(), world.random())
    assert model.b.shape == (37, 37)
    assert model.b.flags.c_contiguous
    assert model.b.nbytes == 4 * 37 * 37


def test_symmetry_is_restored_in_blocks(world, monkeypatch):
    data = world.random()
    whole = Ease.fit(EaseConfig(), data).b
    monkeypatch.setattr("penchant.models.ease.BLOCK", 8)
    assert np.array_equal(Ease.fit(EaseConfig(), data).b, whole)


def test_a_penalty_that_float32_cannot_carry_is_told(world):
    data = world.dataset([[0, 1]] * 5, ["a"] * 2)  # two columns alike: singular without a penalty
    with pytest.raises(TrainingFailed, match=r"l2=1e-30.*larger l2"):
        Ease.fit(EaseConfig(l2=1e-30), data)
