"""FGM and PGD, against the same perturbation written down on its own."""

import pytest
import torch
from torch import nn

from penchant.core import UsageError
from penchant.tune import FGM, PGD, Lessons, LoopConfig, train
from penchant.tune.adversarial import Adversary

IDS = torch.tensor([[0, 1], [2, 3], [1, 4]])
LABELS = torch.tensor([0, 1, 1])


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(5, 3)
        self.position = nn.Embedding(2, 3)
        self.head = nn.Linear(3, 2)

    def forward(self, ids):
        return self.head(torch.tanh(self.embed(ids) + self.position.weight).mean(1))


def loss(net):
    return nn.functional.cross_entropy(net(IDS), LABELS)


def gradients(net):
    found = torch.autograd.grad(loss(net), list(net.parameters()))
    return dict(zip((name for name, _ in net.named_parameters()), found, strict=True))


def attacked(net, attack):
    adversary = Adversary(net, attack)
    loss(net).backward()
    with adversary.ready():
        for _ in adversary.attacks():
            loss(net).backward()
    return {name: p.grad for name, p in net.named_parameters()}


def test_fgm_adds_the_gradient_one_step_up_from_each_embedding():
    net, other = Reader(), Reader()
    clean = gradients(other)
    with torch.no_grad():
        for table, name in ((other.embed, "embed.weight"), (other.position, "position.weight")):
            table.weight += 0.5 * clean[name] / clean[name].norm()
    pushed = gradients(other)
    found = attacked(net, FGM(size=0.5))
    for name, grad in found.items():
        torch.testing.assert_close(grad, clean[name] + pushed[name], rtol=1e-5, atol=1e-7)


def test_pgd_adds_the_gradient_after_several_steps_within_the_ball():
    net, other = Reader(), Reader()
    clean = gradients(other)
    start = other.embed.weight.detach().clone()
    for _ in range(4):
        grad = gradients(other)["embed.weight"]
        with torch.no_grad():
            other.embed.weight += 0.3 * grad / grad.norm()
            away = other.embed.weight - start
            if away.norm() > 0.7:
                other.embed.weight.copy_(start + away * 0.7 / away.norm())
    assert (other.embed.weight - start).norm().item() == pytest.approx(0.7)
    pushed = gradients(other)
    found = attacked(net, PGD(size=0.7, step=0.3, steps=4, where="embed"))
    for name, grad in found.items():
        torch.testing.assert_close(grad, clean[name] + pushed[name], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("attack", [FGM(size=0.37), PGD(size=0.37, step=0.2)])
def test_the_embedding_is_put_back_to_the_last_bit(attack):
    net = Reader()
    before = net.embed.weight.detach().clone()
    during = []
    adversary = Adversary(net, attack)
    loss(net).backward()
    for _ in adversary.attacks():
        during.append(bool((net.embed.weight != before).any()))
        loss(net).backward()
    assert all(during)
    assert torch.equal(net.embed.weight, before)


def test_the_embedding_is_put_back_when_the_loss_fails():
    net = Reader()
    before = net.embed.weight.detach().clone()
    losses = iter([lambda: loss(net)])

    def loss_of(_):
        return next(losses)(), 3  # there is none for the second pass, at the pushed place

    with pytest.raises(StopIteration):
        train(net, Lessons(lambda: [0], 3), loss_of, LoopConfig(1, 1, 0.1, adversarial=FGM()))
    assert torch.equal(net.embed.weight, before)


@pytest.mark.parametrize("attack", [FGM(), PGD()])
def test_a_frozen_embedding_is_pushed_and_stays_frozen(attack):
    net = Reader()
    net.embed.requires_grad_(False)
    before = net.embed.weight.clone()
    tried = []

    def loss_of(_):
        tried.append(bool((net.embed.weight != before).any()))
        return loss(net), 3

    train(net, Lessons(lambda: range(3), 9), loss_of, LoopConfig(1, 1, 0.1, adversarial=attack))
    assert any(tried)
    assert torch.equal(net.embed.weight, before)
    assert not net.embed.weight.requires_grad
    assert net.embed.weight.grad is None


def test_accumulated_batches_are_attacked_as_one():
    whole, parts = Reader(), Reader()

    def part(net):
        return lambda rows: (nn.functional.cross_entropy(net(IDS[rows]), LABELS[rows]), len(rows))

    given = {"epochs": 1, "patience": 1, "learning_rate": 0.1, "adversarial": FGM()}
    train(whole, Lessons(lambda: [[0, 1, 2]], 3), part(whole), LoopConfig(**given))
    train(parts, Lessons(lambda: [[0, 1], [2]], 3), part(parts), LoopConfig(**given, accumulate=2))
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_a_language_models_word_embedding_is_found_by_itself():
    class Words(Reader):
        def get_input_embeddings(self):
            return self.embed

    net = nn.ModuleDict({"language": Words()})
    (weight,) = Adversary(net, FGM())._weights
    assert weight is net["language"].embed.weight


def test_a_network_without_embeddings_is_refused():
    with pytest.raises(UsageError, match=r"no nn.Embedding with 'word' in its name"):
        Adversary(Reader(), FGM(where="word"))


def test_an_embedding_that_no_gradient_reaches_is_refused_and_not_passed_over():
    net = Reader()

    def loss_of(_):
        return net.head(torch.ones(1, 3)).sum(), 1

    with pytest.raises(UsageError, match="none reaches these"):
        train(net, Lessons(lambda: [0], 1), loss_of, LoopConfig(1, 1, 0.1, adversarial=FGM()))
