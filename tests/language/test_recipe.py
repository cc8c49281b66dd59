"""How a model pools is read from its own files."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from penchant.core import ModelNotFound, Unsupported
from penchant.language import load_encoder
from penchant.language.pooling import pooled
from penchant.language.recipe import Recipe, read_recipe

STEPS = ["Transformer", "Pooling", "Normalize"]


@pytest.mark.parametrize(
    ("pooling", "ways"),
    [
        ({"pooling_mode_mean_tokens": True}, ("mean",)),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, ("cls",)),
        ({"pooling_mode_max_tokens": True}, ("max",)),
        ({"pooling_mode_lasttoken": True}, ("lasttoken",)),
        ({"pooling_mode_mean_sqrt_len_tokens": True}, ("mean_sqrt_len",)),
        ({"pooling_mode_cls_token": True, "pooling_mode_max_tokens": True}, ("cls", "max")),
        ({"pooling_mode_weightedmean_tokens": True}, ("weightedmean",)),
        ({"pooling_mode": "lasttoken"}, ("lasttoken",)),
        ({"pooling_mode": ["cls", "mean"]}, ("cls", "mean")),
        ({}, ("mean",)),
    ],
)
def test_pooling_as_sentence_transformers_writes_it(tiny_model, pooling, ways):
    assert read_recipe(tiny_model(pooling, STEPS)) == Recipe(ways, normalised=True)


def test_a_folder_without_instructions_is_pooled_by_the_mean(tiny_model):
    assert read_recipe(tiny_model()) == Recipe(("mean",), normalised=False)


def test_length_and_case_come_from_the_model(tiny_model):
    recipe = read_recipe(tiny_model(max_seq_length=7, do_lower_case=True))
    assert (recipe.length, recipe.lower) == (7, True)


def test_the_default_prompt_is_put_before_each_text(tiny_model):
    folder = tiny_model()
    prompts = {"prompts": {"query": "a b "}, "default_prompt_name": "query"}
    plain = load_encoder(folder).encode(("a b c",))
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    assert np.array_equal(load_encoder(folder).encode(("c",)), plain)


@pytest.mark.parametrize(
    ("pooling", "modules", "word"),
    [
        ({"pooling_mode": ["mean", "smart"]}, STEPS, "smart"),
        ({"pooling_mode": "clever"}, STEPS, "clever"),
        ({}, ["Transformer", "Pooling", "Dense"], "Dense"),
    ],
)
def test_an_unknown_step_is_refused_by_name(tiny_model, pooling, modules, word):
    with pytest.raises(Unsupported, match=word):
        load_encoder(tiny_model(pooling, modules))


def test_a_broken_instruction_file_is_named(tiny_model):
    folder = tiny_model({}, STEPS)
    (folder / "modules.json").write_text("[{")
    with pytest.raises(ModelNotFound, match=r"modules\.json is not valid JSON"):
        load_encoder(folder)


STATES = torch.tensor([[[1.0, -4.0], [3.0, 2.0], [9.0, 9.0]]])  # (1, 3, 2); the last is padding
MASK = torch.tensor([[True, True, False]])


@pytest.mark.parametrize(
    ("way", "vector"),
    [
        ("mean", [2.0, -1.0]),
        ("cls", [1.0, -4.0]),
        ("max", [3.0, 2.0]),
        ("lasttoken", [3.0, 2.0]),
        ("mean_sqrt_len", [4 / 2**0.5, -2 / 2**0.5]),
        ("weightedmean", [(1 + 2 * 3) / 3, (-4 + 2 * 2) / 3]),
    ],
)
def test_pooling_by_hand_leaves_padding_out(way, vector):
    assert np.allclose(pooled(STATES, MASK, Recipe((way,)))[0], vector)


def test_several_ways_are_put_side_by_side():
    assert pooled(STATES, MASK, Recipe(("cls", "max"))).tolist() == [[1.0, -4.0, 3.0, 2.0]]


def test_concatenated_pooling_widens_the_encoder(tiny_model):
    encoder = load_encoder(tiny_model({"pooling_mode": ["cls", "mean"]}, STEPS))
    assert encoder.dim == 16
    assert encoder.encode(("a b", "c")).shape == (2, 16)
