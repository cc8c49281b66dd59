"""Adapters on disk: over their own base, whole, or not at all."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from penchant.core import BundleError, DamagedBundle, Unsupported, UsageError
from penchant.language.tuning import (
    IA3,
    Adapters,
    AdapterSet,
    BitFit,
    LoRA,
    PrefixTuning,
    PromptTuning,
    TopLayers,
    adds_parts,
    apply_tuning,
    load_adapter,
    load_tuned_state,
    merged,
    read_adapter,
    save_adapter,
    tuned_state,
)
from penchant.store import write_bundle

from .conftest import answers, backbone, teach


@pytest.fixture
def saved(tmp_path):
    """The folder of an adapter over BERT."""
    module = backbone("bert")
    apply_tuning(module, LoRA(rank=2, layers=1))
    teach(module)
    save_adapter(tmp_path / "adapter", module, base="tiny-bert")
    return tmp_path / "adapter"


def test_the_manifest_names_base_and_way(saved):
    about = json.loads((saved / "manifest.json").read_text())
    assert about["kind"] == "adapter"
    assert (about["base"], about["base_digest"]) == ("tiny-bert", "a base")
    assert about["way"] == "lora"
    assert about["settings"]["rank"] == 2
    assert all("lora_" in name for name in load_file(saved / "adapter.safetensors"))


def test_an_adapter_is_read_without_a_model(saved):
    adapter = read_adapter(saved)
    assert (adapter.way, adapter.base) == (LoRA(rank=2, layers=1), "tiny-bert")
    assert len(adapter.state) == 6 * 2


def test_another_base_is_refused(saved):
    with pytest.raises(BundleError, match=r"tuned on tiny-bert \(digest a base\), and this is"):
        load_adapter(saved, backbone("bert", digest="another"))


def test_another_pooling_or_prompt_is_refused_and_named(saved):
    with pytest.raises(BundleError, match=r"pooling=\('mean',\), .* has \('cls',\).*load_backbone"):
        load_adapter(saved, backbone("bert", "cls"))
    with pytest.raises(BundleError, match=r"tuned with prompt='', .* has 'query: '"):
        load_adapter(saved, backbone("bert", prompt="query: "))
    plain = backbone("bert")
    before = answers(plain)
    with pytest.raises(BundleError, match="pooling"):
        AdapterSet(plain).add("a", replace(read_adapter(saved), pooling=("max",)))
    assert torch.equal(answers(plain), before)


def test_another_length_is_said_and_not_refused(saved, caplog):
    shorter, same = backbone("bert"), backbone("bert")
    shorter.length = 16
    load_adapter(saved, shorter)
    assert "cut after 32 tokens, and this language model cuts after 16" in caplog.text
    load_adapter(saved, same)
    assert torch.equal(answers(shorter), answers(same))
    assert len(caplog.records) == 1


def test_the_length_is_that_without_the_virtual_tokens(tmp_path, caplog):
    module = backbone("bert")
    apply_tuning(module, PromptTuning(tokens=20))
    save_adapter(tmp_path / "prompt", module)
    assert (module.length, read_adapter(tmp_path / "prompt").length) == (20, 32)
    load_adapter(tmp_path / "prompt", backbone("bert"))
    assert caplog.records == []


def test_an_adapter_from_before_these_were_written_still_loads(saved, tmp_path):
    about = json.loads((saved / "manifest.json").read_text())
    old = {name: about[name] for name in ("base", "base_digest", "way", "settings")}
    weights = (saved / "adapter.safetensors").read_bytes()
    write_bundle(tmp_path / "old", "adapter", {"adapter.safetensors": weights}, old)

    adapter, other = read_adapter(tmp_path / "old"), backbone("bert", "cls")
    assert (adapter.pooling, adapter.prompt, adapter.length) == (None, None, None)
    assert load_adapter(tmp_path / "old", other) == LoRA(rank=2, layers=1)


def test_a_damaged_file_is_refused(saved):
    content = bytearray((saved / "adapter.safetensors").read_bytes())
    content[-1] ^= 1
    (saved / "adapter.safetensors").write_bytes(content)
    module = backbone("bert")
    before = answers(module)

    with pytest.raises(DamagedBundle, match="safetensors is not what was written"):
        load_adapter(saved, module)
    assert torch.equal(answers(module), before)


def test_no_adapter_is_said(tmp_path):
    with pytest.raises(BundleError, match="does not exist"):
        load_adapter(tmp_path / "nothing", backbone("bert"))


def test_weights_of_another_shape_are_refused():
    small, large = backbone("bert"), backbone("bert")
    apply_tuning(small, LoRA(rank=2))
    apply_tuning(large, LoRA(rank=3))
    with pytest.raises(BundleError, match=r"has the shape \(2, 32\) where \(3, 32\) is wanted"):
        load_tuned_state(large, tuned_state(small))
    other = backbone("bert")
    apply_tuning(other, IA3())
    with pytest.raises(BundleError, match="names stand on one side only"):
        load_tuned_state(other, tuned_state(small))


def test_an_untuned_model_has_nothing_to_save(tmp_path):
    with pytest.raises(UsageError, match="no way of tuning"):
        save_adapter(tmp_path / "adapter", backbone("bert"))
    module = backbone("bert")
    apply_tuning(module, LoRA())
    with pytest.raises(UsageError, match="not by IA3"):
        save_adapter(tmp_path / "adapter", module, IA3())


def test_learned_pooling_is_part_of_every_adapter(tmp_path):
    module, other = backbone("bert", "attention"), backbone("bert", "attention")
    apply_tuning(module, LoRA(rank=2))
    assert "attention.query" in tuned_state(module)
    teach(module, steps=2, rate=0.1)
    save_adapter(tmp_path / "adapter", module)

    load_adapter(tmp_path / "adapter", other)

    assert float(other.attention.query.detach().abs().max()) > 0
    assert torch.equal(answers(other), answers(module))


def test_a_merged_model_is_another_base(saved, tmp_path):
    module = backbone("bert")
    load_adapter(saved, module)
    whole = merged(module)
    apply_tuning(whole, IA3())  # and may be tuned again
    save_adapter(tmp_path / "second", whole)
    with pytest.raises(BundleError, match="this is"):
        load_adapter(tmp_path / "second", backbone("bert"))
    load_adapter(tmp_path / "second", merged(module))


@pytest.mark.parametrize("way", [Adapters(), PrefixTuning(), PromptTuning()])
def test_what_adds_computation_is_not_merged(way):
    module = backbone("bert")
    apply_tuning(module, way)
    with pytest.raises(Unsupported, match=f"{type(way).__name__} cannot be merged"):
        merged(module)


def test_nothing_is_said_on_the_way(saved, caplog):
    with caplog.at_level(logging.INFO):
        load_adapter(saved, backbone("bert"))
    assert caplog.records == []


def test_only_added_parts_keep_a_model_from_a_plain_folder():
    module, plain = backbone("bert"), backbone("bert")
    assert not adds_parts(module)
    apply_tuning(module, LoRA(rank=2))
    apply_tuning(plain, TopLayers())
    assert adds_parts(module)
    assert not adds_parts(plain)
    assert not adds_parts(merged(module))


def test_the_same_factors_with_another_alpha_merge_into_another_base():
    one, other = backbone("bert"), backbone("bert")
    apply_tuning(one, LoRA(rank=2, alpha=16))
    teach(one, steps=2, rate=0.05)
    apply_tuning(other, LoRA(rank=2, alpha=32))
    load_tuned_state(other, tuned_state(one))
    assert not torch.equal(answers(merged(one)), answers(merged(other)))
    assert merged(one).digest != merged(other).digest
    assert merged(one).vectors_digest != merged(other).vectors_digest


def test_other_vectors_of_one_base_are_other_vectors_after_merging():
    one, other = backbone("bert"), backbone("bert", "cls")
    other.vectors_digest = "of another pooling"
    for each in (one, other):
        apply_tuning(each, LoRA(rank=2))
    assert merged(one).digest == merged(other).digest  # the weights are the same
    assert merged(one).vectors_digest != merged(other).vectors_digest


@pytest.mark.parametrize("family", ["llama", "t5"])
def test_merged_biases_that_a_folder_would_lose_are_refused_by_it(family, tmp_path):
    module = backbone(family)
    apply_tuning(module, BitFit())
    whole = merged(module)
    assert adds_parts(whole)
    with pytest.raises(UsageError, match="bitfit cannot be on a model without biases"):
        whole.save(tmp_path / "folder")
    assert not (tmp_path / "folder").exists()
    plain = backbone("bert")
    apply_tuning(plain, BitFit())
    assert not adds_parts(merged(plain))


def test_an_encoder_of_a_tuned_model_is_another_one_for_the_cache():
    from penchant.language import TransformerEncoder

    module = backbone("bert")
    base = TransformerEncoder(module).digest
    apply_tuning(module, LoRA(rank=2))
    before = TransformerEncoder(module).digest
    teach(module, steps=1)
    assert len({base, before, TransformerEncoder(module).digest}) == 3
    assert base == module.vectors_digest
