"""Prefix tuning against PEFT's on decoders, and against attention written out on encoders."""

from __future__ import annotations

import pytest
import torch
from peft import PrefixTuningConfig, get_peft_model
from torch import nn

from penchant.core import Unsupported
from penchant.language.tuning import PrefixTuning, apply_tuning

from .conftest import BLOCKS, HEADS, TOKENS, WIDTH, answers, backbone, transformer


@pytest.mark.parametrize("family", ["gpt2", "llama", "qwen2"])
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # PEFT's wrapper
def test_a_decoder_reads_the_prefix_as_by_peft(family):
    module = backbone(family)
    apply_tuning(module, PrefixTuning(tokens=5))
    prefixes = [value for name, value in module.named_parameters() if name.endswith("prefix")]
    config = PrefixTuningConfig(
        task_type="FEATURE_EXTRACTION", num_virtual_tokens=5, inference_mode=True
    )
    theirs = get_peft_model(transformer(family), config)
    heads = prefixes[0].shape[1]
    flat = torch.stack(prefixes).detach()  # (blocks, 2, heads, 5, width)
    flat = flat.permute(3, 0, 1, 2, 4).reshape(5, 2 * BLOCKS * heads * (WIDTH // HEADS))
    embedding = theirs.prompt_encoder["default"].embedding
    assert embedding.weight.shape == flat.shape
    embedding.weight.data.copy_(flat)
    ids, mask = module.padded(TOKENS)

    # called without PEFT's wrapper, which moves the text to the places behind the prefix
    places = torch.arange(ids.shape[1]).expand_as(ids)
    seen = torch.cat([torch.ones(len(ids), 5), mask], dim=1).long()
    with torch.no_grad():
        wanted = theirs.base_model(
            ids,
            attention_mask=seen,
            position_ids=places,
            past_key_values=theirs.get_prompt(len(ids)),
        ).last_hidden_state
        found = module(ids, mask)

    torch.testing.assert_close(found[mask], wanted[mask], atol=1e-5, rtol=1e-5)


def test_an_encoder_attends_to_prefix_and_text():
    module = backbone("bert")
    apply_tuning(module, PrefixTuning(tokens=5))
    layer = module.blocks[0].attention.self
    states = torch.randn(2, 4, WIDTH, generator=torch.Generator().manual_seed(2))
    mask = torch.tensor([[True, True, True, True], [True, True, False, False]])

    found, _ = layer(states, attention_mask=mask[:, None, None, :].expand(2, 1, 4, 4))

    def heads(part: nn.Module) -> torch.Tensor:
        return part(states).view(2, 4, HEADS, -1).transpose(1, 2)

    keys = torch.cat([layer.prefix[0].expand(2, -1, -1, -1), heads(layer.key)], dim=2)
    values = torch.cat([layer.prefix[1].expand(2, -1, -1, -1), heads(layer.value)], dim=2)
    scores = heads(layer.query) @ keys.transpose(2, 3) / (WIDTH // HEADS) ** 0.5
    seen = torch.cat([torch.ones(2, 5, dtype=torch.bool), mask], dim=1)
    weights = scores.masked_fill(~seen[:, None, None], -torch.inf).softmax(dim=-1)
    wanted = (weights @ values).transpose(1, 2).reshape(2, 4, WIDTH)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_with_a_prefix_a_decoder_still_reads_left_to_right(family):
    module = backbone(family)
    apply_tuning(module, PrefixTuning(tokens=5))
    with torch.no_grad():
        long = module(*module.padded([[5, 6, 7, 8]]))
        short = module(*module.padded([[5, 6]]))
    torch.testing.assert_close(long[:, :2], short, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama", "t5"])
def test_padding_changes_nothing(family):
    module = backbone(family)
    apply_tuning(module, PrefixTuning(tokens=5))
    alone = torch.cat([module.vectors([row]) for row in TOKENS])
    torch.testing.assert_close(answers(module), alone, atol=1e-5, rtol=1e-5)


def test_a_prefix_begins_as_keys_and_values_of_words():
    module = backbone("bert")
    apply_tuning(module, PrefixTuning(tokens=5), seed=4)
    first = module.model.encoder.layer[0].attention.self
    words = module.model.embeddings(torch.arange(60)[:, None])[:, 0]
    # a word at the first place: the first of the prefix is one of these
    keys = first.key(words).view(60, HEADS, -1)
    near = (keys - first.prefix[0][:, 0]).abs().flatten(1).amax(dim=1)
    assert near.min() < 1e-5


def test_attention_of_its_own_is_refused():
    with pytest.raises(Unsupported, match="DebertaV2Model cannot take a prefix"):
        apply_tuning(backbone("deberta"), PrefixTuning())
