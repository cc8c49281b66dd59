"""Texts packed into one row have the vectors, and give the gradients, of texts read alone."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from penchant.language import load_backbone
from penchant.language.layers import LayerCache
from penchant.language.packed import PackedReader, TokenLists, grouped
from penchant.language.tuning import LoRA, PrefixTuning, PromptTuning, apply_tuning
from penchant.testing.tiny_models import TINY_KINDS, write_tiny_model

TEXTS = ["a", "war and peace", "a much longer title of a book", "the sea", "", "rain, again"]
PACKED = {"bert", "minilm", "roberta", "xlm-roberta", "ernie", "distilbert", "electra", "gpt2", "llama", "qwen2", "qwen3"}  # fmt: skip


@pytest.fixture
def opened(tmp_path):
    return lambda kind: load_backbone(write_tiny_model(tmp_path / kind, kind), device="cpu")


def alone(backbone, cache, rows):
    with torch.no_grad():
        return torch.cat([cache.vectors(backbone, np.array([row])) for row in rows])


@pytest.mark.parametrize("kind", TINY_KINDS)
def test_a_text_has_the_same_vector_packed_and_alone(opened, kind):
    backbone = opened(kind)
    cache = LayerCache(backbone, TEXTS, 0)
    reader = PackedReader(backbone, cache)
    assert reader.packs == (kind in PACKED)
    rows = np.array([4, 2, 0, 5, 2])
    found = reader.vectors(rows).detach()
    torch.testing.assert_close(found, alone(backbone, cache, rows), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_gradients_are_those_of_texts_read_alone(opened, kind):
    gradients = []
    for packs in (True, False):
        backbone = opened(kind)
        cache = LayerCache(backbone, TEXTS, 1)
        apply_tuning(backbone, LoRA(rank=2, layers=1))
        reader = PackedReader(backbone, cache)
        assert reader.packs
        reader.packs = packs
        weights = torch.linspace(-1, 1, backbone.dim)
        (reader.vectors(np.arange(len(TEXTS))) @ weights).square().sum().backward()
        learned = [p.grad for p in backbone.parameters() if p.requires_grad]
        assert any(bool(g.abs().max() > 0) for g in learned)
        gradients.append(learned)
    for packed, plain in zip(*gradients, strict=True):
        torch.testing.assert_close(packed, plain, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize(
    "way", [PrefixTuning(tokens=2), PromptTuning(tokens=2)], ids=["prefix", "prompt"]
)
def test_learned_tokens_before_the_text_are_read_by_length_instead(opened, way):
    backbone = opened("bert")
    cache = LayerCache(backbone, TEXTS, 0)
    apply_tuning(backbone, way)
    reader = PackedReader(backbone, cache)
    assert not reader.packs
    rows = np.arange(len(TEXTS))
    found = reader.vectors(rows).detach()
    torch.testing.assert_close(found, alone(backbone, cache, rows), atol=1e-5, rtol=1e-4)


def test_token_lists_are_read_by_the_reader_of_other_texts(opened):
    backbone = opened("bert")
    tokens = backbone.tokens(TEXTS)
    reader = PackedReader(backbone, TokenLists(tokens[:1])).over(TokenLists(tokens))
    assert reader.packs
    rows = np.arange(len(TEXTS))
    expected = alone(backbone, LayerCache(backbone, TEXTS, 0), rows)
    torch.testing.assert_close(reader.vectors(rows).detach(), expected, atol=1e-5, rtol=1e-4)


def test_the_attention_of_the_model_is_put_back(opened):
    backbone = opened("bert")
    PackedReader(backbone, LayerCache(backbone, TEXTS, 0)).vectors(np.arange(3))
    assert backbone.model.config._attn_implementation == "sdpa"


def test_checkpointed_gradients_are_right_too(opened):
    gradients = []
    for checkpointed in (False, True):
        backbone = opened("bert")
        reader = PackedReader(backbone, LayerCache(backbone, TEXTS, 0))
        if checkpointed:
            backbone.model.activation_checkpointing_enable()
            backbone.train()
        for part in backbone.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        reader.vectors(np.arange(len(TEXTS))).square().sum(dim=1)[:2].diff().backward()
        gradients.append(backbone.model.embeddings.word_embeddings.weight.grad)
    torch.testing.assert_close(*gradients, atol=1e-6, rtol=1e-4)


def test_threads_read_one_after_the_other(opened):
    backbone = opened("bert")
    cache = LayerCache(backbone, TEXTS * 20, 0)
    reader = PackedReader(backbone, cache)
    rows = np.arange(len(cache))
    expected = reader.vectors(rows).detach()
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: reader.vectors(rows).detach(), range(8)):
            torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


def test_texts_of_similar_length_share_a_group():
    groups = list(grouped(np.array([10, 9, 6, 5, 5])))
    assert [len(group.mask) for group in groups] == [3, 2]
    assert groups[0].place.tolist()[1] == [*range(10, 19), 10]  # padding points at the first token
    assert groups[0].mask.sum(dim=1).tolist() == [10, 9, 6]
    assert [group.even for group in groups] == [False, True]
