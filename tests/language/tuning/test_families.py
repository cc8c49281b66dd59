"""The ways on more architectures, and on models with their heads."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from penchant.core import Unsupported
from penchant.language.tuning import (
    Full,
    LoRA,
    PrefixTuning,
    apply_tuning,
    load_adapter,
    load_tuned_state,
    save_adapter,
    tuned_state,
)

from .conftest import TOKENS, WAYS, backbone, teach, trainable, transformer

ALL = {name: way for name, way in WAYS.items() if "top" not in name[3:]}
MORE = ["roberta", "qwen2", "distilbert", "modernbert", "mpnet", "ernie", "deberta"]
OWN_ATTENTION = {"deberta", "mpnet"}
"""Models whose attention transformers does not compute by its interface."""


@pytest.mark.parametrize("family", MORE)
def test_every_way_learns_on_it(family):
    for way in ALL.values():
        if isinstance(way, PrefixTuning) and family in OWN_ATTENTION:
            continue
        module = backbone(family)
        apply_tuning(module, way)
        first, second = teach(module)
        assert second < first, way


@pytest.mark.parametrize("family", sorted(OWN_ATTENTION))
def test_attention_of_its_own_takes_no_prefix(family):
    with pytest.raises(Unsupported, match="cannot take a prefix"):
        apply_tuning(backbone(family), PrefixTuning())


class WithHead(nn.Module):
    """What the ways need of a language model with its head."""

    def __init__(self, family: str, kind: str) -> None:
        super().__init__()
        self.model, self.digest, self.length = transformer(family, kind), "a base", 40

    def logits(self) -> torch.Tensor:
        ids = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 0]])
        labels = {"labels": ids[:, :3].contiguous()} if self.model.config.is_encoder_decoder else {}
        return self.model(input_ids=ids, attention_mask=(ids > 0).long(), **labels).logits


HEADED = [
    ("bert", "ForMaskedLM"),
    ("gpt2", "LMHeadModel"),
    ("llama", "ForCausalLM"),
    ("t5", "ForConditionalGeneration"),
    ("bart", "ForConditionalGeneration"),
]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("family", "kind"), HEADED)
def test_a_model_with_its_head_is_tuned_saved_and_loaded(family, kind, name, tmp_path):
    module, other = WithHead(family, kind), WithHead(family, kind)
    shape = module.logits().shape
    apply_tuning(module, ALL[name])
    optimiser = torch.optim.Adam([w for w in module.parameters() if w.requires_grad], lr=0.01)

    losses = []
    for _ in range(2):
        logits = module.logits()
        losses.append(-logits.log_softmax(dim=-1)[..., 0].mean())
        optimiser.zero_grad()
        losses[-1].backward()
        optimiser.step()

    assert logits.shape == shape
    assert losses[1] < losses[0]
    if not isinstance(ALL[name], Full):
        assert not any("lm_head" in word or "cls." in word for word in trainable(module))
    save_adapter(tmp_path / "adapter", module)
    load_adapter(tmp_path / "adapter", other)
    assert torch.equal(other.logits(), module.logits())


@pytest.mark.parametrize("name", ["lora", "adapters", "prefix", "prompt"])
@pytest.mark.parametrize("family", ["bert", "llama"])
def test_gradient_checkpointing_gives_the_same_gradients(family, name):
    def gradients(checkpointing: bool) -> list[torch.Tensor]:
        module = backbone(family)
        apply_tuning(module, ALL[name])
        if checkpointing:
            module.model.activation_checkpointing_enable()
            module.model.config.use_cache = False
            module.train()
            for part in module.modules():
                if isinstance(part, nn.Dropout):
                    part.p = 0.0
        module.vectors(TOKENS).square().sum().backward()
        return [weight.grad for weight in module.parameters() if weight.requires_grad]

    for mine, wanted in zip(gradients(True), gradients(False), strict=True):
        torch.testing.assert_close(mine, wanted)


@pytest.mark.parametrize("name", ALL)
def test_it_runs_in_half_precision(name):
    module = backbone("llama")
    apply_tuning(module, ALL[name])
    whole = module.vectors(TOKENS)
    with torch.autocast("cpu", torch.bfloat16):
        half = module.vectors(TOKENS)
    half.sum().backward()
    torch.testing.assert_close(half, whole, atol=0.1, rtol=0.1)


@pytest.mark.parametrize("name", [name for name in ALL if name != "full"])
@pytest.mark.parametrize(("family", "kind"), HEADED[:3])
def test_what_a_language_model_learned_below_its_head_fits_a_backbone(family, kind, name):
    headed = WithHead(family, kind)
    bare = backbone(family)
    bare.model.load_state_dict(headed.model.base_model.state_dict(), strict=False)
    for each in (headed, bare):
        apply_tuning(each, ALL[name])
    for weight in headed.parameters():
        if weight.requires_grad:
            weight.data += 0.1

    load_tuned_state(bare, tuned_state(headed))

    ids, mask = bare.padded(TOKENS)
    with torch.no_grad():
        wanted = headed.model.base_model(input_ids=ids, attention_mask=mask.long())
        torch.testing.assert_close(bare(ids, mask)[mask], wanted.last_hidden_state[mask])


def test_an_architecture_that_cannot_be_told_apart_is_refused():
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            config = SimpleNamespace(model_type="odd", num_hidden_layers=2, num_layers=None)
            self.model = nn.Module()
            self.model.config = config

    with pytest.raises(Unsupported, match="no list of 2 layers"):
        apply_tuning(Odd(), LoRA())


def test_berts_pooler_is_not_tuned():
    module = backbone("bert")
    assert any("pooler" in name for name, _ in module.named_parameters())
    apply_tuning(module, Full())
    assert not any("pooler" in name for name in tuned_state(module))
    assert module.vectors(TOKENS).shape == (4, 32)
