import pytest
import torch
from torch import nn

from penchant.core import TrainingFailed
from penchant.tune import Lessons, LoopConfig, train


def learn(losses, **given):
    """Train one number while the loss is what is told."""
    net = nn.Linear(1, 1)
    left = iter(losses)

    def loss_of(_):
        value = next(left)
        return net.weight.sum() * 0 + (value if isinstance(value, float) else value(net)), 1

    config = LoopConfig(**{"epochs": 1, "patience": 1, "learning_rate": 0.1} | given)
    return train(net, Lessons(lambda: range(len(losses)), len(losses)), loss_of, config), net


def test_a_loss_that_explodes_is_stopped_with_advice():
    with pytest.raises(TrainingFailed, match=r"rose from 1 to .* at learning rate 0.1.*find_rate"):
        learn([1.0] * 20 + [100.0] * 40)


def test_one_bad_batch_is_no_divergence():
    history, _ = learn([1.0] * 30 + [100.0] + [1.0] * 30)
    assert len(history.losses) == 1


def test_a_small_loss_may_grow_a_little():
    history, _ = learn([0.001] * 20 + [0.3] * 60)
    assert len(history.losses) == 1


def test_the_guard_can_be_turned_off():
    history, _ = learn([1.0] * 20 + [100.0] * 40, explosion=0.0)
    assert len(history.losses) == 1


def test_a_gradient_that_is_not_finite_stops_before_the_weights_are_lost():
    # the root has a finite value at 0, and no slope there
    def root(net):
        return torch.sqrt(net.weight.sum() - net.weight.sum())

    with pytest.raises(TrainingFailed, match=r"gradient became nan in epoch 1, step 3.*logarithm"):
        learn([1.0, 1.0, root])


def test_the_weights_survive_a_gradient_that_is_not_finite():
    net = nn.Linear(1, 1)
    before = net.weight.item()
    config = LoopConfig(1, 1, 0.1)
    with pytest.raises(TrainingFailed):
        train(net, Lessons(lambda: [0], 1), lambda _: (torch.sqrt(net.weight * 0).sum(), 1), config)
    assert net.weight.item() == before
