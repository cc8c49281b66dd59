import numpy as np
import pytest
import torch
from torch import nn

from penchant.core import UsageError, generator
from penchant.tune import Lessons, LoopConfig, find_rate, train

X = torch.linspace(-1, 1, 40)[:, None]


@pytest.fixture
def line():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(1, 16), nn.Dropout(0.1), nn.ReLU(), nn.BatchNorm1d(16), nn.Linear(16, 1)
    )


def lessons(rng):
    return Lessons(lambda: iter(np.split(rng.permutation(40), 4)), 40, rngs=(rng,))


def loss_of(net):
    return lambda rows: (((net(X[rows]) - 3 * X[rows]) ** 2).mean(), len(rows))


CONFIG = LoopConfig(epochs=3, patience=3, learning_rate=1.0)


def test_the_suggestion_lies_where_the_loss_falls(line):
    found = find_rate(line, lessons(generator(0, "x")), loss_of(line), CONFIG, high=100.0)
    assert len(found.rates) == len(found.losses) <= 100
    assert all(np.diff(found.rates) > 0)
    assert found.rates[0] == pytest.approx(1e-6)
    assert found.suggestion in found.rates
    assert found.suggestion < found.rates[int(np.argmin(found.losses))]


def test_a_suggested_rate_trains_and_one_far_off_does_not(line):
    found = find_rate(line, lessons(generator(0, "x")), loss_of(line), CONFIG, high=100.0)

    def last_loss(rate):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(1, 16), nn.ReLU(), nn.Linear(16, 1))
        given = LoopConfig(5, 5, rate, warmup_steps=0)
        return train(net, lessons(generator(0, "x")), loss_of(net), given).losses[-1]

    assert last_loss(found.suggestion) < last_loss(found.suggestion / 1000)


def test_everything_is_left_as_it_was(line):
    rng = generator(0, "x")
    line.eval()
    before = {name: value.clone() for name, value in line.state_dict().items()}
    expected = [generator(0, "x").random(), torch.random.get_rng_state()]
    find_rate(line, lessons(rng), loss_of(line), CONFIG)
    assert all(torch.equal(value, before[name]) for name, value in line.state_dict().items())
    assert not line.training
    assert rng.random() == expected[0]
    assert torch.equal(torch.random.get_rng_state(), expected[1])
    assert all(p.grad is None for p in line.parameters())


def test_a_range_that_explodes_at_once_is_told(line):
    def broken(rows):
        return line(X[rows]).sum() * float("nan"), len(rows)

    with pytest.raises(UsageError, match="explodes at a learning rate of 1e-06"):
        find_rate(line, lessons(generator(0, "x")), broken, CONFIG)


@pytest.mark.parametrize("given", [{"low": 1.0, "high": 0.1}, {"low": 0.0}, {"steps": 3}])
def test_a_range_that_is_none_is_refused(line, given):
    with pytest.raises(UsageError, match="0 < low < high and at least 10 steps"):
        find_rate(line, lessons(generator(0, "x")), loss_of(line), CONFIG, **given)


def test_nothing_to_learn_from_is_told(line):
    with pytest.raises(UsageError, match="no batches"):
        find_rate(line, Lessons(list, 0), loss_of(line), CONFIG)
