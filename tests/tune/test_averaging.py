import pytest
import torch
from torch import nn

from penchant.core import UsageError
from penchant.tune import EMA, BestK, LastK, Lessons, LoopConfig, soup, train


def walk(average, epochs=5, validate=None, per_epoch=1):
    """A weight that goes 1, 2, 3, ...: one step of one a batch."""
    net = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(net.weight)
    net.register_buffer("count", torch.zeros((), dtype=torch.int64))
    seen = []

    def loss_of(_):
        net.count += 1
        return -net.weight.sum(), 1

    def judge():
        seen.append(net.weight.item())
        return validate(net.weight.item())

    config = LoopConfig(epochs, epochs, 1.0, 0.0, 0, 10.0, optimiser="sgd", average=average)
    lessons = Lessons(lambda: range(per_epoch), per_epoch)
    # without momentum the weight would go up by one a step; with it, by hand:
    weights, speed, at = [], 0.0, 0.0
    for _ in range(epochs * per_epoch):
        speed = 0.9 * speed + 1.0
        at += speed
        weights.append(at)
    history = train(net, lessons, loss_of, config, judge if validate else None)
    return net, history, weights, seen


def test_the_last_k_epochs_are_averaged():
    net, _, weights, _ = walk(LastK(3))
    assert net.weight.item() == pytest.approx(sum(weights[-3:]) / 3)


def test_the_best_k_epochs_are_averaged_where_that_is_better():
    net, history, weights, _ = walk(BestK(2), validate=lambda w: -abs(w - 4.2))
    # 1.0, 2.9, 5.61, ...: the best two are on both sides of 4.2
    assert net.weight.item() == pytest.approx((weights[1] + weights[2]) / 2)
    assert history.averaged == pytest.approx(-abs(net.weight.item() - 4.2))
    assert history.averaged > max(history.validations)


@pytest.mark.parametrize("average", [LastK(3), BestK(2)])
def test_an_average_that_is_worse_is_not_kept(average):
    net, history, weights, _ = walk(average, validate=lambda w: float(abs(w - 2.9) < 0.01))
    assert net.weight.item() == pytest.approx(weights[1])
    assert history.averaged == 0.0
    assert history.best_epoch == 2


def test_the_moving_average_is_what_is_validated_and_kept():
    net, history, weights, seen = walk(EMA(0.5), epochs=3, per_epoch=2, validate=lambda w: w)
    average, expected = 0.0, []
    for step, weight in enumerate(weights, 1):
        decay = min(0.5, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * weight
        expected.append(average)
    assert seen == pytest.approx(expected[1::2])
    assert net.weight.item() == pytest.approx(expected[-1])
    assert history.validations == pytest.approx(seen)


def test_the_moving_average_is_kept_without_validation_too():
    net, _, weights, _ = walk(EMA(0.5), epochs=1)
    assert net.weight.item() == pytest.approx(9 / 11 * weights[0])


def test_whole_numbers_are_not_averaged():
    assert walk(EMA(0.5))[0].count.item() == 5


def test_a_soup_of_seeds_is_the_weighted_mean():
    torch.manual_seed(0)
    start = nn.Linear(8, 8).state_dict()
    states = [{k: v + 0.1 * torch.randn(v.shape) for k, v in start.items()} for _ in range(3)]
    mixed = soup(states, [2, 1, 1])
    for name, value in mixed.items():
        expected = (2 * states[0][name] + states[1][name] + states[2][name]) / 4
        torch.testing.assert_close(value, expected)


def test_networks_that_began_apart_are_no_soup():
    torch.manual_seed(0)
    states = [nn.Linear(30, 30).state_dict() for _ in range(2)]
    with pytest.raises(UsageError, match=r"cosine of .* did not begin at the same weights"):
        soup(states)
    assert set(soup(states, kindred=False)) == {"weight", "bias"}


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (
            nn.Linear(2, 3),
            r"'weight' is \(2, 2\) torch.float32 .* \(3, 2\) torch.float32 in state 2",
        ),
        (nn.Linear(2, 2, bias=False), "'bias' is .* missing in state 2"),
        (nn.Linear(2, 2).double(), "torch.float64 in state 2"),
    ],
)
def test_states_that_do_not_fit_are_named(other, told):
    with pytest.raises(UsageError, match=told):
        soup([nn.Linear(2, 2).state_dict(), other.state_dict()])


def test_a_soup_needs_a_share_for_each():
    with pytest.raises(UsageError, match="a share for each"):
        soup([nn.Linear(2, 2).state_dict()], [1, 2])
