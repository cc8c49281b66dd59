"""The cache of lower layers: the same numbers and gradients as without it, for fewer layers run."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    DebertaV2Config,
    DebertaV2Model,
    GPT2Config,
    GPT2Model,
    LlamaConfig,
    LlamaModel,
    T5Config,
    T5EncoderModel,
)

from penchant.language import layers
from penchant.language.backbone import Backbone
from penchant.language.layers import LayerCache
from penchant.language.recipe import Recipe

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghij"]
TEXTS = ["a b c", "d", "e f g h i j", "b a c", "a", "j i h g f e d c b a"]
SIZES = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}
DEPTH = {"num_hidden_layers": 4, "vocab_size": len(WORDS), "max_position_embeddings": 32}


def bert():
    return BertModel(BertConfig(**SIZES, **DEPTH), add_pooling_layer=False)


def deberta():
    relative = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 8}
    return DebertaV2Model(DebertaV2Config(**SIZES, **DEPTH, **relative))


def gpt2():
    return GPT2Model(GPT2Config(vocab_size=len(WORDS), n_embd=32, n_layer=4, n_head=2))


def llama():
    return LlamaModel(LlamaConfig(**SIZES, **DEPTH))


def t5():
    size = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 4, "num_heads": 2}
    return T5EncoderModel(T5Config(vocab_size=len(WORDS), **size))


@pytest.fixture
def tokenizer(tmp_path):
    from transformers import BertTokenizerFast

    (tmp_path / "vocab.txt").write_text("\n".join(WORDS), "utf-8")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    return BertTokenizerFast.from_pretrained(tmp_path)


@pytest.fixture(params=[bert, deberta, gpt2, llama, t5], ids=lambda make: make.__name__)
def backbone(request, tokenizer):
    torch.manual_seed(0)
    return Backbone(request.param().eval(), tokenizer, Recipe(("mean",)), 16, "digest")


def read(cache: LayerCache, backbone: Backbone) -> torch.Tensor:
    out = torch.zeros(len(cache), backbone.dim)
    for rows in cache.batches(np.arange(len(cache))):
        out = out.index_put((torch.from_numpy(rows),), cache.vectors(backbone, rows))
    return out


def ran(backbone: Backbone) -> list[int]:
    """Numbers of the blocks that compute, as they do so."""
    found: list[int] = []
    for number, block in enumerate(backbone.blocks):
        inner = next(
            part for part in block.modules() if isinstance(part, torch.nn.Linear | layers_of_gpt2())
        )
        inner.register_forward_hook(lambda *_, number=number: found.append(number))
    return found


def layers_of_gpt2():
    from transformers.pytorch_utils import Conv1D

    return Conv1D


def test_the_numbers_and_the_gradients_are_those_without_a_cache(backbone):
    plain, cached = (read(LayerCache(backbone, TEXTS, below), backbone) for below in (0, 2))
    torch.testing.assert_close(cached, plain, atol=1e-6, rtol=0)
    weight = torch.rand_like(plain)
    top = list(backbone.blocks[-1].parameters())
    for one, other in zip(
        torch.autograd.grad((cached * weight).sum(), top, allow_unused=True),
        torch.autograd.grad((plain * weight).sum(), top, allow_unused=True),
        strict=True,
    ):
        if other is not None:
            torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_only_the_blocks_above_run(backbone):
    cache = LayerCache(backbone, TEXTS, 2)
    found = ran(backbone)
    read(cache, backbone)
    lowest = 0 if isinstance(backbone.model, T5EncoderModel) else 2  # T5 hands a bias upwards
    assert cache.below == lowest
    assert set(found) == set(range(lowest, 4))


def test_tuning_the_upper_blocks_is_seen_at_once_and_the_lower_ones_come_from_the_cache(tokenizer):
    torch.manual_seed(0)
    backbone = Backbone(bert().eval(), tokenizer, Recipe(("cls",), normalised=True), 16, "digest")
    cache = LayerCache(backbone, TEXTS, 2)
    before = read(cache, backbone)
    with torch.no_grad():
        for part in backbone.blocks[0].parameters():
            part.zero_()
    torch.testing.assert_close(read(cache, backbone), before)
    with torch.no_grad():
        for part in backbone.blocks[3].parameters():
            part.mul_(1.5)
    assert not torch.allclose(read(cache, backbone), before)


def test_above_a_limit_the_states_lie_in_a_file_that_nobody_has_to_remove(tokenizer):
    backbone = Backbone(bert().eval(), tokenizer, Recipe(("mean",)), 16, "digest")
    in_memory, on_disk = (LayerCache(backbone, TEXTS, 2, limit) for limit in (1 << 20, 0))
    assert isinstance(on_disk._states, np.memmap)
    assert not isinstance(in_memory._states, np.memmap)
    assert torch.equal(read(in_memory, backbone), read(on_disk, backbone))
    assert list((layers.cache_folder() / "layers").iterdir()) == []


def test_batches_hold_each_text_once_and_nearly_no_padding(tokenizer):
    backbone = Backbone(bert().eval(), tokenizer, Recipe(("mean",)), 16, "digest")
    cache = LayerCache(backbone, TEXTS, 2)
    batches = list(cache.batches(np.arange(len(TEXTS))))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(TEXTS)))
    assert all(len(set(cache.lengths[rows])) == 1 for rows in batches)


def test_no_texts_are_no_obstacle(tokenizer):
    backbone = Backbone(bert().eval(), tokenizer, Recipe(("mean",)), 16, "digest")
    assert len(LayerCache(backbone, [], 2)) == 0


def test_what_is_computed_once_has_no_dropout_and_the_mode_stays(tokenizer):
    torch.manual_seed(0)
    backbone = Backbone(bert().eval(), tokenizer, Recipe(("mean",)), 16, "digest")
    wanted = read(LayerCache(backbone, TEXTS, 2), backbone)
    cache = LayerCache(backbone.train(), TEXTS, 2)
    assert backbone.model.training
    assert cache.below == 2
    torch.testing.assert_close(read(cache, backbone.eval()), wanted)
