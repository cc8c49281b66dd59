"""Prompt tuning against PEFT's; the virtual tokens never come out."""

from __future__ import annotations

import pytest
import torch
from peft import PromptTuningConfig, get_peft_model

from penchant.core import Unsupported, UsageError
from penchant.language.tuning import PromptTuning, apply_tuning

from .conftest import TOKENS, answers, backbone, transformer


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama", "modernbert"])
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # PEFT's wrapper
def test_the_states_of_the_text_are_those_by_peft(family):
    module = backbone(family)
    apply_tuning(module, PromptTuning(tokens=5))
    config = PromptTuningConfig(task_type="FEATURE_EXTRACTION", num_virtual_tokens=5)
    theirs = get_peft_model(transformer(family), config)
    theirs.prompt_encoder["default"].embedding.weight.data.copy_(module.model.prompt)
    ids, mask = module.padded(TOKENS)

    with torch.no_grad():
        wanted = theirs(ids, attention_mask=mask.long()).last_hidden_state
        found = module(ids, mask)

    assert found.shape[:2] == ids.shape
    torch.testing.assert_close(found[mask], wanted[:, 5:][mask], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "cls", "lasttoken", "max"])
@pytest.mark.parametrize("family", ["bert", "gpt2", "llama", "t5"])
def test_pooling_leaves_the_virtual_tokens_out(family, pooling):
    module = backbone(family, pooling)
    apply_tuning(module, PromptTuning(tokens=5))
    ids, mask = module.padded(TOKENS)
    lengths = mask.sum(dim=1)

    with torch.no_grad():
        states = module(ids, mask)
        rows = [states[row, :length] for row, length in enumerate(lengths.tolist())]
    wanted = {
        "mean": [row.mean(dim=0) for row in rows],
        "cls": [row[0] for row in rows],
        "lasttoken": [row[-1] for row in rows],
        "max": [row.amax(dim=0) for row in rows],
    }[pooling]
    torch.testing.assert_close(answers(module), torch.stack(wanted), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama", "t5"])
def test_padding_changes_nothing(family):
    module = backbone(family)
    apply_tuning(module, PromptTuning(tokens=5))
    alone = torch.cat([module.vectors([row]) for row in TOKENS])
    torch.testing.assert_close(answers(module), alone, atol=1e-5, rtol=1e-5)


def test_texts_are_cut_where_the_model_has_no_more_places():
    module = backbone("bert")
    module.length = 38
    apply_tuning(module, PromptTuning(tokens=10))
    assert module.length == 30
    assert module.vectors([[5] * 30]).shape == (1, 32)


def test_hidden_states_come_without_the_virtual_tokens():
    module = backbone("bert")
    apply_tuning(module, PromptTuning(tokens=5))
    ids, mask = module.padded(TOKENS)
    out = module.model(ids, attention_mask=mask.long(), output_hidden_states=True)
    assert {states.shape[1] for states in out.hidden_states} == {ids.shape[1]}


def test_a_prompt_longer_than_the_model_is_refused():
    with pytest.raises(UsageError, match=r"PromptTuning.tokens is 40, .* places 40 tokens"):
        apply_tuning(backbone("bert"), PromptTuning(tokens=40))


def test_going_on_from_a_cache_is_refused():
    module = backbone("gpt2")
    apply_tuning(module, PromptTuning(tokens=5))
    ids = torch.tensor([[5, 6, 7]])
    first = module.model(ids, use_cache=True)
    with pytest.raises(Unsupported, match="use_cache=False"):
        module.model(ids[:, :1], past_key_values=first.past_key_values)
