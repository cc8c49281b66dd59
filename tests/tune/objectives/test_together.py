import math

import pytest
import torch

from penchant.core import UsageError
from penchant.tune import UncertaintyWeights, WeightedSum


def test_a_weighted_sum():
    losses = {"click": torch.tensor(2.0), "rating": torch.tensor(3.0)}
    total = WeightedSum({"click": 1.0, "rating": 0.5})
    assert total(losses).item() == 3.5
    assert total({"rating": torch.tensor(3.0)}).item() == 1.5


def test_uncertainty_weights_by_hand():
    weights = UncertaintyWeights({"click": "classification", "rating": "regression"})
    with torch.no_grad():
        weights.log_variance["click"].fill_(0.4)
        weights.log_variance["rating"].fill_(-1.0)
    found = weights({"click": torch.tensor(2.0), "rating": torch.tensor(3.0)}).item()
    expected = 2 * math.exp(-0.4) + 0.2 + 3 * math.exp(1) / 2 - 0.5
    assert found == pytest.approx(expected, abs=1e-6)


def test_the_variance_of_a_regression_becomes_its_squared_error():
    # the minimum over s of exp(-s) L / 2 + s / 2 is at exp(s) = L
    weights = UncertaintyWeights({"rating": "regression"})
    optimiser = torch.optim.LBFGS(weights.parameters(), max_iter=100)

    def closure():
        optimiser.zero_grad()
        value = weights({"rating": torch.tensor(0.3)})
        value.backward()
        return value

    optimiser.step(closure)
    assert math.exp(weights.log_variance["rating"].item()) == pytest.approx(0.3, rel=1e-3)


def test_a_noisy_task_gets_the_smaller_weight():
    weights = UncertaintyWeights({"calm": "regression", "noisy": "regression"})
    optimiser = torch.optim.SGD(weights.parameters(), lr=0.1)
    for _ in range(50):
        optimiser.zero_grad()
        weights({"calm": torch.tensor(0.1), "noisy": torch.tensor(10.0)}).backward()
        optimiser.step()
    assert weights.log_variance["noisy"] > weights.log_variance["calm"] + 1


def test_gradients_reach_every_task():
    one, two = torch.tensor(1.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    WeightedSum({"a": 2.0, "b": 0.0})({"a": one, "b": two}).backward()
    assert (one.grad, two.grad) == (2, 0)


def test_tasks_that_are_not_there_are_refused():
    with pytest.raises(UsageError, match="no task 'c'"):
        WeightedSum({"a": 1.0})({"c": torch.tensor(1.0)})
    with pytest.raises(UsageError, match="no loss in this batch"):
        UncertaintyWeights({"a": "regression"})({})
    with pytest.raises(UsageError, match="at least 0"):
        WeightedSum({"a": -1.0})
    with pytest.raises(UsageError, match="regression"):
        UncertaintyWeights({"a": "ranking"})
