"""AdaLoRA's ranks and penalty against PEFT's own."""

from __future__ import annotations

import pytest
import torch
from peft import AdaLoraConfig, get_peft_model
from torch import nn

from penchant.core import UsageError
from penchant.language.tuning import (
    AdaLoRA,
    LoRA,
    after_step,
    apply_tuning,
    before_training,
    load_tuned_state,
    penalty,
    tuned_state,
)

from .conftest import BLOCKS, TOKENS, answers, backbone

WAY = AdaLoRA(rank=2, start_rank=4, targets="attention", warmup=0.2, cooldown=0.3, interval=3)
STEPS = 20


def taught(module, steps=range(1, STEPS + 1), optimiser=None):
    """Steps as a loop takes them."""
    target = torch.randn(len(TOKENS), module.dim, generator=torch.Generator().manual_seed(1))
    learned = [weight for weight in module.parameters() if weight.requires_grad]
    optimiser = optimiser or torch.optim.Adam(learned, lr=0.01)
    for step in steps:
        optimiser.zero_grad()
        ((module.vectors(TOKENS) - target).square().mean() + penalty(module)).backward()
        optimiser.step()
        after_step(module, step)
    return optimiser


def ranks(module) -> list[int]:
    return [
        int((value != 0).sum())
        for name, value in module.named_parameters()
        if name.endswith("lora_E.default")
    ]


def test_ranks_fall_to_the_budget_and_differ_between_matrices():
    module = backbone("bert")
    apply_tuning(module, WAY)
    before_training(module, STEPS)
    assert ranks(module) == [0] * 4 * BLOCKS  # singular values of zero: the start is the base

    taught(module)

    assert sum(ranks(module)) == 2 * 4 * BLOCKS
    assert len(set(ranks(module))) > 1


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # PEFT's wrapper
def test_the_same_singular_values_stay_as_by_peft():
    module = backbone("bert")
    apply_tuning(module, WAY)
    before_training(module, STEPS)
    config = AdaLoraConfig(
        init_r=4, target_r=2, lora_alpha=16, total_step=STEPS, tinit=4, tfinal=6, deltaT=3,
        target_modules=["query", "key", "value", "attention.output.dense"], orth_reg_weight=0.1,
    )  # fmt: skip
    theirs = backbone("bert")
    theirs.model = get_peft_model(theirs.model, config)
    inner = dict(theirs.model.base_model.model.named_parameters())
    with torch.no_grad():
        for name, value in module.named_parameters():
            if "lora_" in name:
                inner[name.removeprefix("model.")].copy_(value)
    target = torch.randn(len(TOKENS), module.dim, generator=torch.Generator().manual_seed(1))
    learned = [weight for weight in theirs.parameters() if weight.requires_grad]
    optimiser = torch.optim.Adam(learned, lr=0.01)

    for step in range(1, STEPS + 1):
        optimiser.zero_grad()
        loss = (theirs.vectors(TOKENS) - target).square().mean()
        (loss + 0.1 * distance(theirs)).backward()
        optimiser.step()
        theirs.model.base_model.update_and_allocate(step)
        if step == 13:  # PEFT masks at its last change only: hold its pattern up to here
            break
    taught(module, range(1, 14))

    for name, value in module.named_parameters():
        if "lora_" in name:
            torch.testing.assert_close(value, inner[name.removeprefix("model.")])


def distance(module) -> torch.Tensor:
    """How far the singular vectors are from orthogonal, written out."""
    far = []
    for name, weight in module.named_parameters():
        if "lora_A" in name:
            far.append((weight @ weight.T - torch.eye(4)).square().sum().sqrt())
        if "lora_B" in name:
            far.append((weight.T @ weight - torch.eye(4)).square().sum().sqrt())
    return sum(far) / len(far)


def test_the_penalty_is_the_distance_from_orthogonal():
    module = backbone("bert")
    apply_tuning(module, WAY)
    torch.testing.assert_close(penalty(module), 0.1 * distance(module))


def test_training_that_stopped_goes_on_with_the_same_ranks():
    def fresh():
        module = backbone("bert")
        apply_tuning(module, WAY)
        before_training(module, STEPS)
        return module

    whole = fresh()
    taught(whole)
    first, second = fresh(), fresh()
    optimiser = taught(first, range(1, 9))

    second.load_state_dict(first.state_dict())
    learned = [weight for weight in second.parameters() if weight.requires_grad]
    again = torch.optim.Adam(learned, lr=0.01)
    again.load_state_dict(optimiser.state_dict())
    taught(second, range(9, STEPS + 1), again)

    assert torch.equal(answers(second), answers(whole))


def test_the_loop_may_hold_the_model_anywhere():
    module = backbone("bert")
    apply_tuning(module, WAY)
    network = nn.ModuleDict({"text": module, "head": nn.Linear(2, 2)})
    before_training(network, STEPS)
    assert float(penalty(network).detach()) > 0
    module.vectors(TOKENS).sum().backward()
    after_step(network, 1)


def test_other_ways_need_no_hooks():
    module = backbone("bert")
    apply_tuning(module, LoRA())
    names = list(module.state_dict())
    before_training(module, STEPS)
    after_step(module, 1)
    assert float(penalty(module)) == 0.0
    assert list(module.state_dict()) == names


def test_a_plan_is_no_part_of_what_was_tuned():
    module, other = backbone("bert"), backbone("bert")
    for each in (module, other):
        apply_tuning(each, WAY)
    before_training(module, STEPS)
    taught(module)
    load_tuned_state(other, tuned_state(module))
    assert torch.equal(answers(other), answers(module))


def test_ranks_without_a_plan_are_refused():
    module = backbone("bert")
    apply_tuning(module, WAY)
    with pytest.raises(UsageError, match="call before_training"):
        after_step(module, 1)
    with pytest.raises(UsageError, match="0 steps"):
        before_training(module, 0)


def test_the_plan_counts_its_steps_and_its_state_holds_the_count():
    one, other = backbone("bert"), backbone("bert")
    for each in (one, other):
        apply_tuning(each, WAY)
        before_training(each, STEPS)
    taught(one)
    taught(other, [None] * 8)
    state = {name: value.clone() for name, value in other.state_dict().items()}
    other.rank_budget.taken.zero_()
    other.load_state_dict(state)
    assert int(other.rank_budget.taken) == 8
    assert int(one.rank_budget.taken) == STEPS
