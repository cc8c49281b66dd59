"""What a backbone reads from a model's folder, and what its caller may change."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from penchant.core import Unsupported, UsageError
from penchant.language import load_backbone, load_encoder, load_language_model
from penchant.language.pooling import AttentionPooling


def test_a_decoder_is_pooled_by_its_last_token_where_its_folder_says_nothing(tiny_models):
    backbone = load_backbone(tiny_models["qwen3"], "cpu")
    ids, mask = backbone.padded(backbone.tokens(["the other man"]))
    with torch.no_grad():
        assert torch.allclose(
            backbone.vectors(backbone.tokens(["the other man"])), backbone(ids, mask)[:, -1]
        )
    assert load_backbone(tiny_models["bert"], "cpu").recipe.pooling == ("mean",)
    assert load_backbone(tiny_models["t5"], "cpu").recipe.pooling == ("mean",)


def test_a_decoder_s_folder_that_says_how_to_pool_is_believed(tiny_models, tmp_path):
    folder = shutil.copytree(tiny_models["gpt2"], tmp_path / "gpt2")
    shutil.copytree(tiny_models["minilm"] / "1_Pooling", folder / "1_Pooling")
    shutil.copy(tiny_models["minilm"] / "modules.json", folder)
    assert load_backbone(folder, "cpu").recipe.pooling == ("mean",)
    assert load_backbone(folder, "cpu", pooling="max").recipe.pooling == ("max",)


def test_the_encoder_of_an_encoder_decoder_reads_the_text(tiny_models):
    from transformers import AutoTokenizer, T5ForConditionalGeneration

    whole = T5ForConditionalGeneration.from_pretrained(tiny_models["t5"]).eval()
    ids = AutoTokenizer.from_pretrained(tiny_models["t5"])("the other man", return_tensors="pt")
    with torch.no_grad():
        states = whole.get_encoder()(**ids).last_hidden_state
    backbone = load_backbone(tiny_models["t5"], "cpu")
    found = backbone.vectors(backbone.tokens(["the other man"]))
    assert torch.allclose(found, states.mean(dim=1), atol=1e-5)


def test_a_frozen_encoder_of_any_family_agrees_with_its_backbone(tiny_models):
    for name in ("gpt2", "t5", "deberta-v2"):
        backbone = load_backbone(tiny_models[name], "cpu")
        found = load_encoder(tiny_models[name], "cpu").encode(("the other man", "Alien"))
        with torch.no_grad():
            vectors = backbone.vectors(backbone.tokens(("the other man", "Alien")))
        assert np.allclose(found, vectors.numpy(), atol=1e-5)


def test_prompts_have_names_in_a_folder(tiny_models, tmp_path):
    folder = shutil.copytree(tiny_models["minilm"], tmp_path / "e5")
    prompts = {"query": "query: ", "passage": "passage: "}
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    backbone = load_backbone(folder, "cpu", prompt="passage")
    plain = load_backbone(tiny_models["minilm"], "cpu")
    assert backbone.tokens(["Alien"]) == plain.tokens(["passage: Alien"])
    assert backbone.tokens(["Alien"], prompt="query") == plain.tokens(["query: Alien"])
    assert backbone.tokens(["Alien"], prompt="") == plain.tokens(["Alien"])


def test_a_prompt_that_would_run_into_the_text_is_refused(tiny_models):
    with pytest.raises(UsageError, match="would run into the text"):
        load_backbone(tiny_models["minilm"], prompt="query")


def test_a_folder_that_leaves_its_prompt_out_of_the_mean_is_refused_with_one(tiny_models, tmp_path):
    folder = shutil.copytree(tiny_models["minilm"], tmp_path / "instructor")
    config = {"pooling_mode_mean_tokens": True, "include_prompt": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))
    assert load_backbone(folder, "cpu").recipe.pooling == ("mean",)
    load_backbone(folder, "cpu").save(tmp_path / "saved")
    for each in (folder, tmp_path / "saved"):
        with pytest.raises(Unsupported, match="include_prompt"):
            load_backbone(each, prompt="query: ")


@pytest.mark.parametrize("pooling", ["smart", (), ("mean", "smart")])
def test_an_unknown_pooling_is_refused(tiny_models, pooling):
    with pytest.raises(UsageError, match="Choose one or more of cls, mean"):
        load_backbone(tiny_models["bert"], pooling=pooling)


def test_no_text_is_cut_to_nothing(tiny_models):
    with pytest.raises(UsageError, match="at least 1"):
        load_backbone(tiny_models["bert"], length=0)


def test_the_vectors_of_another_pooling_have_a_cache_of_their_own(tiny_models):
    plain = load_backbone(tiny_models["minilm"], "cpu")
    assert plain.vectors_digest == plain.digest
    for settings in ({"pooling": "max"}, {"length": 7}, {"prompt": "film: "}):
        other = load_backbone(tiny_models["minilm"], "cpu", **settings)
        assert other.vectors_digest != plain.vectors_digest
        assert other.digest == plain.digest


def test_where_the_folder_names_no_length_the_cache_is_that_of_the_length_taken(
    tiny_models, monkeypatch
):
    found = load_backbone(tiny_models["bert"], "cpu").vectors_digest
    assert found == load_backbone(tiny_models["bert"], "cpu", length=64).vectors_digest
    monkeypatch.setattr("penchant.language.backbone.LONGEST", 62)  # as another version may have it
    assert found != load_backbone(tiny_models["bert"], "cpu").vectors_digest


@pytest.mark.parametrize(
    ("name", "places"), [("bert", 64), ("deberta", 64), ("gpt2", 64), ("roberta", 62)]
)
def test_every_place_of_a_model_is_read(tiny_models, name, places):
    backbone = load_backbone(tiny_models[name], "cpu")
    tokens = backbone.tokens(["word " * 99])
    assert (backbone.length, len(tokens[0])) == (places, places)  # its own marks counted, once
    assert backbone.vectors(tokens).isfinite().all()
    assert load_language_model(tiny_models[name], "cpu").length == places


def test_attention_pooling_weighs_tokens_as_its_query_says():
    pooling = AttentionPooling(2)
    states = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [9.0, 9.0]]])
    mask = torch.tensor([[True, True, False]])
    with torch.no_grad():
        pooling.query[0] = 2**0.5  # scores 1 and 0: weights e and 1
    expected = [np.e / (np.e + 1), 1 / (np.e + 1)]
    assert np.allclose(pooling(states, mask).detach()[0], expected)


def test_a_wrapped_model_is_not_saved_as_if_it_were_whole(tiny_models, tmp_path):
    backbone = load_backbone(tiny_models["bert"], "cpu")
    backbone.model = torch.nn.Sequential(backbone.model)
    with pytest.raises(UsageError, match="Merge that into the weights"):
        backbone.save(tmp_path / "saved")


def test_layers_that_share_their_weights_cannot_be_told_apart():
    from transformers import AlbertConfig, AlbertModel

    from penchant.language.families import blocks_of

    config = AlbertConfig(
        vocab_size=20,
        embedding_size=8,
        hidden_size=8,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=8,
    )
    with pytest.raises(Unsupported, match="'albert' has no list of 3 layers"):
        blocks_of(AlbertModel(config))
