"""Every way of tuning on every family: what it trains, where it begins, that it learns."""

from __future__ import annotations

import copy

import pytest
import torch

from penchant.core import UsageError
from penchant.language.tuning import (
    IA3,
    AdaLoRA,
    Adapters,
    BitFit,
    Full,
    LoRA,
    PrefixTuning,
    PromptTuning,
    TopLayers,
    apply_tuning,
    frozen_below,
    load_adapter,
    merged,
    save_adapter,
    tuned_state,
    tuning_of,
    without_decay,
)

from .conftest import (
    BLOCKS,
    FAMILIES,
    HEADS,
    MATRIX,
    TOKENS,
    WAYS,
    WIDTH,
    answers,
    backbone,
    teach,
    trainable,
)

every_way = pytest.mark.parametrize(("family", "name"), MATRIX)


def expected(family: str, way) -> int:  # noqa: C901, PLR0911 - a formula a way
    """Trained numbers from the shapes alone."""
    tiny = FAMILIES[family]
    layers = getattr(way, "layers", None) or BLOCKS
    lowest = tiny.first if layers == BLOCKS else 0
    match way:
        case Full():
            return tiny.below[0] + BLOCKS * tiny.block + tiny.final[0] + tiny.first
        case TopLayers():
            return layers * tiny.block + tiny.final[0] + lowest
        case LoRA(targets="query-value"):
            shapes = [tiny.linears[place] for place in tiny.query_value]
            return layers * sum(way.rank * (i + o) for i, o in shapes)
        case LoRA():
            return layers * sum(way.rank * (i + o) for i, o in tiny.linears)
        case AdaLoRA():
            return layers * sum(way.start_rank * (i + o + 1) for i, o in tiny.linears)
        case Adapters():
            one = 2 * WIDTH * way.size + way.size + WIDTH
            return layers * (2 * one + (tiny.norms if way.norms else 0))
        case PrefixTuning():
            return layers * 2 * way.tokens * tiny.heads * (WIDTH // HEADS)
        case PromptTuning():
            return way.tokens * WIDTH
        case BitFit():
            if not tiny.linear_bias:  # zeros are put where there are no biases
                return layers * sum(o for _, o in tiny.linears)
            return layers * tiny.biases + tiny.final[1] + (tiny.below[1] if not way.layers else 0)
        case IA3():
            return layers * tiny.scaled
    raise AssertionError(way)


@every_way
def test_exactly_the_parameters_of_the_way_are_trained(family, name):
    way = WAYS[name]
    module = backbone(family)
    apply_tuning(module, way)

    names = trainable(module)
    assert sum(module.get_parameter(name).numel() for name in names) == expected(family, way)
    assert set(tuned_state(module)) == names
    assert tuning_of(module) == way


@every_way
def test_a_step_lowers_the_loss_and_leaves_every_other_weight_alone(family, name):
    way = WAYS[name]
    module = backbone(family)
    apply_tuning(module, way)
    names = trainable(module)
    before = {name: value.clone() for name, value in module.state_dict().items()}

    first, second = teach(module)

    assert second < first
    after = module.state_dict()
    moved = {name for name in after if not torch.equal(after[name], before[name])}
    assert moved
    assert moved <= {  # with both names of a matrix that has two
        name
        for name, weight in module.named_parameters(remove_duplicate=False)
        if weight.requires_grad
    }
    unused = [name for name in names if module.get_parameter(name).grad is None]
    assert unused == []


VIRTUAL = PrefixTuning | PromptTuning


@every_way
def test_the_start_is_the_base_but_for_virtual_tokens(family, name):
    module = backbone(family)
    base = answers(module)

    apply_tuning(module, WAYS[name])

    away = (answers(module) - base).abs().max()
    if isinstance(WAYS[name], VIRTUAL):
        assert away > 1e-3  # attention shares its weight with the virtual tokens
    else:
        assert away <= (1e-4 if isinstance(WAYS[name], Adapters) else 1e-6)


@every_way
def test_what_enters_a_block_that_counts_as_frozen_never_changes(family, name):
    way = WAYS[name]
    module, base = backbone(family), backbone(family)
    apply_tuning(module, way)
    teach(module, steps=2, rate=0.1)
    below = frozen_below(way, BLOCKS)

    entered = [entering(each, min(below, BLOCKS - 1)) for each in (module, base)]

    assert below == BLOCKS - (getattr(way, "layers", None) or BLOCKS)
    if below:
        assert torch.equal(*entered)
        assert not torch.allclose(answers(module), answers(base), atol=1e-3)


def entering(module, block: int) -> torch.Tensor:
    """The states that enter a block."""
    seen = []
    hook = module.blocks[block].register_forward_pre_hook(
        lambda _, given, named: seen.append(given[0] if given else named["hidden_states"]),
        with_kwargs=True,
    )
    answers(module)
    hook.remove()
    return seen[0]


@every_way
def test_what_was_tuned_is_saved_and_loaded(family, name, tmp_path):
    way = WAYS[name]
    module = backbone(family)
    apply_tuning(module, way, seed=3)
    teach(module, steps=2, rate=0.05)
    save_adapter(tmp_path / "adapter", module)

    other = backbone(family)
    assert load_adapter(tmp_path / "adapter", other) == way

    assert torch.equal(answers(other), answers(module))
    size = sum(path.stat().st_size for path in (tmp_path / "adapter").iterdir())
    assert size < 4 * expected(family, way) + 20_000  # float32, names, the manifest
    assert trainable(other) == trainable(module)


@every_way
def test_a_copy_learns_apart(family, name):
    way = WAYS[name]
    module = backbone(family)
    apply_tuning(module, way)
    before, names = answers(module), list(module.state_dict())

    twin = copy.deepcopy(module)
    teach(twin, steps=2, rate=0.05)

    assert torch.equal(answers(module), before)
    assert not torch.allclose(answers(twin), before, atol=1e-4)
    assert list(twin.state_dict()) == names
    module.load_state_dict(twin.state_dict())
    assert torch.equal(answers(module), answers(twin))


MERGED = [(f, n) for f, n in MATRIX if not isinstance(WAYS[n], VIRTUAL | Adapters)]


@pytest.mark.parametrize(("family", "name"), MERGED)
def test_merged_answers_as_before(family, name):
    module = backbone(family)
    apply_tuning(module, WAYS[name])
    teach(module, steps=3, rate=0.05)

    whole = merged(module)

    torch.testing.assert_close(answers(whole), answers(module), atol=1e-5, rtol=1e-5)
    if not (WAYS[name].name == "bitfit" and not FAMILIES[family].linear_bias):
        assert set(whole.state_dict()) == set(backbone(family).state_dict())
    assert whole.digest != module.digest
    assert tuning_of(whole) is None
    assert trainable(whole) == set(dict(whole.named_parameters()))


@every_way
def test_activations_and_their_factors_are_kept_from_decay_and_weights_are_not(family, name):
    module = backbone(family, "attention")
    apply_tuning(module, WAYS[name])
    kept = {id(weight) for weight in without_decay(torch.nn.Sequential(module))}
    found = {name for name in trainable(module) if id(module.get_parameter(name)) in kept}
    activations = trainable(module) - {"attention.query"}
    assert found == (activations if isinstance(WAYS[name], VIRTUAL | IA3) else set())


@pytest.mark.parametrize("name", WAYS)
def test_the_seed_decides_where_added_weights_begin(name):
    way = WAYS[name]

    def begun(seed: int) -> dict[str, torch.Tensor]:
        module = backbone("bert")
        torch.rand(3)  # the global numbers must not matter
        apply_tuning(module, way, seed)
        return tuned_state(module)

    first, again, other = begun(1), begun(1), begun(2)
    assert all(torch.equal(first[name], again[name]) for name in first)
    added = LoRA | AdaLoRA | Adapters | PrefixTuning | PromptTuning
    same = all(torch.equal(first[name], other[name]) for name in first)
    assert same != isinstance(way, added)


@pytest.mark.parametrize("name", WAYS)
def test_training_mode_stays_and_runs(name):
    module = backbone("bert", "cls").train()
    apply_tuning(module, WAYS[name])
    assert module.model.training
    module.vectors(TOKENS).sum().backward()


def test_a_model_is_tuned_by_one_way():
    module = backbone("bert")
    apply_tuning(module, LoRA())
    with pytest.raises(UsageError, match=r"already tuned by LoRA\(rank=8"):
        apply_tuning(module, IA3())


@pytest.mark.parametrize("way", [LoRA(rank=33), AdaLoRA(rank=2, start_rank=33)])
def test_a_rank_that_no_matrix_can_have_is_refused_before_anything_changes(way):
    module = backbone("bert")
    base, names = answers(module), list(module.state_dict())
    with pytest.raises(UsageError, match=r"rank is 33, and no matrix .* above 32.*Take at most 32"):
        apply_tuning(module, way)
    assert tuning_of(module) is None
    assert (list(module.state_dict()), torch.equal(answers(module), base)) == (names, True)


def test_a_rank_may_be_above_that_of_the_narrowest_matrix():
    apply_tuning(backbone("llama"), LoRA(rank=32))  # its shared keys and values have 16
    with pytest.raises(UsageError, match="above 32"):
        apply_tuning(backbone("llama"), LoRA(rank=33))
    narrow = backbone("llama").model.layers[0].self_attn.k_proj.weight
    assert min(narrow.shape) == WIDTH // 2
