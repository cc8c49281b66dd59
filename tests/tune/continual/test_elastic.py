"""The elastic penalty: worked by hand, and what it holds."""

import numpy as np
import pytest
import torch
from torch import nn

from penchant.core import UsageError, quiet
from penchant.tune import Lessons, LoopConfig, train
from penchant.tune.continual import ElasticPenalty, diagonal_fisher, with_terms


class Line(nn.Module):
    """y = a x + b c, where nobody asks about c."""

    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.tensor([1.0]))
        self.b = nn.Parameter(torch.tensor([2.0]))

    def loss(self, rows):
        x, y = torch.tensor(rows, dtype=torch.float32).T
        return ((self.a * x - y) ** 2).mean(), len(rows)


def test_the_fisher_information_is_the_mean_square_of_each_examples_gradient():
    line, rows = Line(), [(1.0, 0.0), (2.0, 1.0), (3.0, 5.0)]
    fisher = diagonal_fisher(line, ([row] for row in rows), line.loss)
    # d/da (a x - y)^2 = 2 x (a x - y): 2, 4, -12
    assert fisher["a"].tolist() == pytest.approx([(4 + 16 + 144) / 3])
    assert fisher["b"].tolist() == [0.0]


def test_a_batch_counts_as_its_examples_times_the_square_of_its_mean():
    line = Line()
    fisher = diagonal_fisher(line, [[(1.0, 0.0), (2.0, 1.0)], [(3.0, 5.0)]], line.loss)
    # means 3 and -12; two examples and one
    assert fisher["a"].tolist() == pytest.approx([(2 * 2 * 9 + 144) / 3])


def test_estimating_leaves_the_network_as_it_was():
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.9), nn.Linear(2, 1)).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    x = torch.ones(1, 2)
    one, other = (
        diagonal_fisher(network, [x], lambda x: (network(x).sum(), len(x))) for _ in range(2)
    )
    assert network.training
    assert all(torch.equal(network.state_dict()[name], before[name]) for name in before)
    assert all(p.grad is None for p in network.parameters())
    assert all(torch.equal(one[name], other[name]) for name in one)  # no dropout in it


def test_the_penalty_by_hand():
    line = Line()
    penalty = ElasticPenalty(line, {"a": torch.tensor([3.0]), "b": torch.tensor([0.5])}, 4.0)
    assert float(penalty().detach()) == 0.0
    with torch.no_grad():
        line.a += 2.0
        line.b -= 1.0
    assert float(penalty().detach()) == pytest.approx(4 / 2 * (3 * 4 + 0.5 * 1))
    penalty().backward()
    assert line.a.grad.tolist() == pytest.approx([4 * 3 * 2.0])
    assert line.b.grad.tolist() == pytest.approx([4 * 0.5 * -1.0])


def test_it_lets_learn_what_old_examples_do_not_need():
    """Two tasks: the first needs a, the second would like another a or another b."""

    def learned(strength):
        line = Line()
        with torch.no_grad():
            line.a.fill_(2.0)  # has learned y = 2 x
        fisher = diagonal_fisher(line, [[(1.0, 2.5)], [(1.0, 1.5)]], line.loss)
        penalty = ElasticPenalty(line, fisher, strength)
        lessons = Lessons(lambda: iter([0] * 300), 300)
        config = LoopConfig(1, 0, 0.05, warmup_steps=0)
        wanted = with_terms(lambda _: ((line.a + line.b - 10.0).square().sum(), 1), penalty)
        with quiet():
            train(line, lessons, wanted, config)
        return float(line.a.detach()), float(line.b.detach())

    free, held = learned(0.0), learned(1000.0)
    assert sum(free) == pytest.approx(10, abs=0.1)
    assert sum(held) == pytest.approx(10, abs=0.1)  # it learned the new task as well
    assert abs(free[0] - 2) > 1
    assert abs(held[0] - 2) < 0.1


def test_no_terms_leave_a_loss_as_it_is():
    line = Line()
    assert with_terms(line.loss) == line.loss


@pytest.mark.parametrize(("fisher", "strength", "message"), [
    ({"c": torch.ones(1)}, 1.0, "'c' .* fits no learned parameter"),
    ({"a": torch.ones(2)}, 1.0, r"'a' \(2,\) fits no"),
    ({}, -1.0, "strength must be at least 0, got -1.0"),
    ({}, float("nan"), "strength must be at least 0, got nan"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(fisher, strength, message):
    with pytest.raises(UsageError, match=message):
        ElasticPenalty(Line(), fisher, strength)


def test_an_empty_penalty_is_nothing():
    assert float(ElasticPenalty(Line(), {}, 1.0)()) == 0.0
    assert np.isfinite(float(ElasticPenalty(Line(), {}, 1.0)()))
