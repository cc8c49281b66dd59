"""The numbers of a step, against the same step written down on its own."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from penchant.core import UsageError, generator
from penchant.language import load_backbone
from penchant.language.tuning import (
    IA3,
    AdaLoRA,
    Adapters,
    LoRA,
    PrefixTuning,
    PromptTuning,
    apply_tuning,
)
from penchant.testing.tiny_models import write_tiny_model
from penchant.tune import EMA, FGM, PGD, BestK, LastK, Lessons, LoopConfig, train
from penchant.tune.optimisers import optimiser_for, parameter_groups


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 8), nn.LayerNorm(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1)
    )


X = torch.from_numpy(np.random.default_rng(0).normal(size=(24, 4)).astype(np.float32))
Y = X.sum(1, keepdim=True) ** 2


def loss_of(net):
    return lambda rows: (((net(X[rows]) - Y[rows]) ** 2).mean(), len(rows))


def config(**given):
    return LoopConfig(**{"epochs": 3, "patience": 3, "learning_rate": 0.05} | given)


def batches(rng, size=6):
    return lambda: iter(np.split(rng.permutation(24), 24 // size))


def weights(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def run(given, size=6, net=None):
    net = net or network()
    torch.manual_seed(1)
    history = train(net, Lessons(batches(generator(0, "x"), size), 24), loss_of(net), given)
    return net, history


def test_the_plain_loop_is_adamw_with_warm_up_and_clipping_to_the_last_bit():
    net, history = run(config(weight_decay=0.1, warmup_steps=5))

    other = network()
    torch.manual_seed(1)
    order = batches(generator(0, "x"))
    matrices = [p for p in other.parameters() if p.dim() > 1]
    vectors = [p for p in other.parameters() if p.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=0.05, fused=True)
    steps, means = 0, []
    other.train()
    for _ in range(3):
        summed = 0.0
        for rows in order():
            steps += 1
            for group in optimiser.param_groups:
                group["lr"] = 0.05 * min(1.0, steps / 5)
            loss = ((other(X[rows]) - Y[rows]) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(other.parameters(), 1.0)
            optimiser.step()
            summed += float(loss.detach()) * len(rows)
        means.append(summed / 24)

    assert history.losses == means
    assert torch.equal(weights(net), weights(other))


def test_accumulated_batches_make_the_step_of_one_large_batch():
    def unequal():
        yield from np.split(np.arange(24), [3, 8, 17])

    without_dropout = {"epochs": 2, "warmup_steps": 0}
    one, many = network().eval(), network().eval()
    one[3] = many[3] = nn.Identity()
    large = train(
        one, Lessons(lambda: [np.arange(24)], 24), loss_of(one), config(**without_dropout)
    )
    small = train(
        many, Lessons(unequal, 24), loss_of(many), config(accumulate=4, **without_dropout)
    )
    assert len(small.step_losses) == 2
    assert small.losses == pytest.approx(large.losses, rel=1e-6)
    torch.testing.assert_close(weights(many), weights(one), rtol=0, atol=2e-6)


def test_what_is_left_of_an_epoch_makes_a_step_of_its_own():
    _, history = run(config(epochs=1, accumulate=3))  # 4 batches
    assert len(history.step_losses) == 2


@pytest.mark.parametrize(
    ("schedule", "shape"),
    [
        ("constant", lambda done: 1.0),
        ("linear", lambda done: 1 - done),
        ("cosine", lambda done: (1 + math.cos(math.pi * done)) / 2),
    ],
)
def test_the_rate_warms_up_and_falls_to_zero_at_the_end_of_the_last_epoch(schedule, shape):
    _, history = run(config(schedule=schedule, warmup_steps=4))
    expected = [0.05 * min(1, (step + 1) / 4) * shape(step / 12) for step in range(12)]
    assert history.rates == pytest.approx(expected, rel=1e-12)


def test_sgd_is_momentum_by_hand():
    net = nn.Linear(1, 1, bias=False)
    nn.init.ones_(net.weight)
    given = config(epochs=1, optimiser="sgd", learning_rate=0.1, warmup_steps=0, clip=10.0)
    train(net, Lessons(lambda: range(2), 2), lambda _: (net.weight.sum(), 1), given)
    assert net.weight.item() == pytest.approx(1 - 0.1 * 1 - 0.1 * (0.9 * 1 + 1))


@pytest.mark.parametrize("optimiser", ["adamw", "sgd", "adafactor"])
def test_every_optimiser_lowers_the_loss(optimiser):
    _, history = run(config(epochs=10, optimiser=optimiser, learning_rate=0.02, clip=5.0))
    assert history.losses[-1] < 0.8 * history.losses[0]


def test_adafactor_keeps_a_number_a_row_and_a_column():
    net = nn.Linear(50, 40)
    optimiser = optimiser_for(net, config(optimiser="adafactor"))
    net(torch.ones(1, 50)).sum().backward()
    optimiser.step()
    assert optimiser.state[net.weight]["exp_avg_sq_row"].shape == (40,)
    assert optimiser.state[net.weight]["exp_avg_sq_col"].shape == (50,)


@pytest.mark.parametrize(
    ("way", "decays"),
    [
        (IA3(), False),
        (PrefixTuning(tokens=2), False),
        (PromptTuning(tokens=2), False),
        (LoRA(rank=2), True),
        (AdaLoRA(rank=2, start_rank=2), True),
        (Adapters(size=2), True),
    ],
    ids=lambda given: getattr(given, "name", None),
)
def test_decay_alone_moves_no_activation_and_no_factor_of_one(tmp_path, way, decays):
    language = load_backbone(write_tiny_model(tmp_path / "tiny", "bert"), "cpu")
    apply_tuning(language, way)
    learned = [p for p in language.parameters() if p.requires_grad]
    before = [p.detach().clone() for p in learned]
    given = config(weight_decay=0.5)
    optimiser = optimiser_for(nn.ModuleList([language]), given)
    for p in learned:
        p.grad = torch.zeros_like(p)
    optimiser.step()
    moved = [not torch.equal(p, start) for p, start in zip(learned, before, strict=True)]
    # what is zero at the start stays; biases and norms never decay
    expected = [decays and p.dim() > 1 and bool(p.any()) for p in before]
    assert moved == expected
    assert any(moved) == decays


def test_a_part_of_the_network_may_have_a_rate_of_its_own():
    net = network()
    groups = parameter_groups(net, config(groups=(("0.", 0.01), ("0.bias", 0.5)), weight_decay=0.1))
    factor = {id(p): group["factor"] for group in groups for p in group["params"]}
    decay = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    assert [factor[id(p)] for p in net.parameters()] == [0.01, 0.5, 1.0, 1.0, 1.0, 1.0]
    assert [decay[id(p)] for p in net.parameters()] == [0.1, 0.0, 0.0, 0.0, 0.1, 0.0]

    before = [p.detach().clone() for p in net.parameters()]
    run(config(epochs=1, groups=(("0.", 0.0),)), net=net)
    assert [bool((p != was).any()) for p, was in zip(net.parameters(), before, strict=True)] == (
        [False] * 2 + [True] * 4
    )


def test_a_group_of_nothing_is_refused():
    with pytest.raises(UsageError, match=r"'languag'.*begin with 0, 1, 4"):
        run(config(groups=(("languag", 0.1),)))


def test_what_is_frozen_stays_and_is_not_copied():
    from penchant.tune.snapshots import snapshot

    net = network()
    net.register_buffer("seen", torch.zeros(1))
    net[0].requires_grad_(False)
    before = net[0].weight.clone()
    run(config(), net=net)
    assert torch.equal(net[0].weight, before)
    assert set(snapshot(net)) == set(net.state_dict()) - {"0.weight", "0.bias"}


def test_bfloat16_learns_and_keeps_the_weights_in_float32():
    net, history = run(config(epochs=10, precision="bfloat16"))
    _, exact = run(config(epochs=10))
    assert {p.dtype for p in net.parameters()} == {torch.float32}
    assert history.losses[-1] < 0.8 * history.losses[0]
    assert history.losses != exact.losses


def test_auto_takes_bfloat16_only_where_it_is_clearly_faster(monkeypatch):
    from penchant.tune import precision

    cpu = torch.device("cpu")
    seconds = {torch.bfloat16: 1.0, torch.float32: 5.0}
    monkeypatch.setattr(precision, "_seconds", seconds.get)
    assert precision.chosen_precision("auto", cpu) == "bfloat16"
    seconds[torch.float32] = 1.2
    assert precision.chosen_precision("auto", cpu) == "float32"
    monkeypatch.undo()
    assert precision._seconds(torch.float32, 16) > 0


class Remembering(nn.Module):
    """Offers gradient checkpointing as Hugging Face's models do."""

    def __init__(self):
        super().__init__()
        self.inner = network()
        self.again, self.forwards = False, 0
        self.inner[0].register_forward_hook(self._count)

    def _count(self, *_):
        self.forwards += 1

    def gradient_checkpointing_enable(self, kwargs):
        assert kwargs == {"use_reentrant": False}
        self.again = True

    def gradient_checkpointing_disable(self):
        self.again = False

    def forward(self, x):
        if self.again:
            return torch.utils.checkpoint.checkpoint(self.inner, x, use_reentrant=False)
        return self.inner(x)


def test_gradient_checkpointing_computes_twice_and_changes_nothing():
    plain, saving = Remembering(), Remembering()
    run(config(), net=plain)
    run(config(gradient_checkpointing=True), net=saving)
    assert torch.equal(weights(plain), weights(saving))
    assert saving.forwards == 2 * plain.forwards
    assert not saving.again


def test_gradient_checkpointing_is_refused_where_nothing_offers_it():
    with pytest.raises(UsageError, match="no module of this network offers it"):
        run(config(gradient_checkpointing=True))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"schedule": "stair"}, "schedule must be one of constant, linear, cosine"),
        ({"optimiser": "adam"}, "optimiser must be one of"),
        ({"accumulate": 0}, "accumulate must be at least 1"),
        ({"learning_rate": float("nan")}, "learning_rate must be at least 0"),
    ],
)
def test_a_setting_out_of_range_is_named(given, told):
    with pytest.raises(UsageError, match=told):
        config(**given)


def test_settings_are_compared_by_value():
    assert config(adversarial=FGM()) == copy.deepcopy(config(adversarial=FGM(size=1.0)))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: config(clip=0.0), r"LoopConfig\.clip must be above 0"),
        (lambda: FGM(size=0.0), r"FGM\.size must be above 0"),
        (lambda: PGD(steps=0), r"PGD\.steps must be at least 1"),
        (lambda: PGD(step=-1.0), r"PGD\.step must be above 0"),
        (lambda: EMA(decay=1.0), r"EMA\.decay must be at least 0 and below 1"),
        (lambda: LastK(0), r"LastK\.k must be at least 1"),
        (lambda: BestK(0), r"BestK\.k must be at least 1"),
    ],
)
def test_a_setting_with_which_nothing_would_happen_is_refused(make, told):
    with pytest.raises(UsageError, match=told):
        make()
