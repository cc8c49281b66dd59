"""Vectors are those of plain transformers, whatever the batch."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from penchant.language import find_model, load_encoder

TEXTS = (
    "A slow, warm film for a rainy evening.",
    "Toy Story (1995). Animation, Children's, Comedy",
    "一部适合雨夜的温暖电影",
    "",
    "word " * 2000,
    "Alien",
)


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("all-MiniLM-L6-v2", device="cpu")


@pytest.fixture(scope="module")
def golden():
    """The recipe of the model's README, a text at a time, with nothing of penchant in it."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = find_model("all-MiniLM-L6-v2")
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    vectors = []
    for text in TEXTS:
        tokens = tokenizer([text], return_tensors="pt", truncation=True, max_length=256)
        with torch.no_grad():
            states = model(**tokens).last_hidden_state[0]
        vectors.append(torch.nn.functional.normalize(states.mean(dim=0), dim=0).numpy())
    return np.array(vectors)


def test_vectors_agree_with_an_independent_computation(encoder, golden):
    assert np.abs(encoder.encode(TEXTS) - golden).max() < 1e-5


def test_the_texts_beside_a_text_do_not_change_its_vector(encoder):
    many = TEXTS + tuple(f"{'very ' * (n % 40)}good film {n}" for n in range(60))
    alone = np.concatenate([encoder.encode((text,)) for text in many])
    assert np.abs(encoder.encode(many) - alone).max() < 1e-5
    assert np.abs(encoder.encode(many[::-1])[::-1] - alone).max() < 1e-5


def test_vectors_have_length_one_as_the_model_asks(encoder):
    assert np.allclose(np.linalg.norm(encoder.encode(TEXTS), axis=1), 1, atol=1e-5)


def test_a_long_text_is_cut_where_the_model_says(encoder):
    assert encoder.length == 256
    short, long = encoder.encode(("word " * 254, "word " * 2000))
    assert np.abs(short - long).max() < 1e-6  # 254 words and two marks


def test_likeness_of_meaning_is_likeness_of_vectors(encoder):
    film, movie, tax = encoder.encode(("a sad film", "a tragic movie", "income tax return"))
    assert film @ movie > film @ tax + 0.3


def test_no_texts_give_no_vectors(encoder):
    assert encoder.encode(()).shape == (0, 384)


def test_half_a_surrogate_pair_is_read_as_a_question_mark(encoder):
    assert np.allclose(*encoder.encode(("a \ud800 b", "a ? b")), atol=1e-6)


def test_one_encoder_serves_all_who_ask_for_the_same(encoder):
    other_name = load_encoder("sentence-transformers/all-MiniLM-L6-v2", device="cpu")
    assert other_name is encoder


def test_loading_and_encoding_say_nothing(capfd):
    from penchant.language.load import _opened

    _opened.cache_clear()
    load_encoder().encode(("quiet",))
    assert capfd.readouterr() == ("", "")


def test_texts_of_a_language_that_it_cannot_read_are_said_once(caplog):
    from penchant.language.load import _opened

    _opened.cache_clear()
    encoder = load_encoder()
    encoder.encode(("A slow, warm film", "雨"))
    assert not caplog.records
    encoder.encode(("讲述小女孩和她的狗", "适合雨夜"))
    encoder.encode(("讲述小女孩和她的狗", "适合雨夜"))
    (record,) = caplog.records
    assert "% of the tokens are unknown to this language model" in record.getMessage()


def test_importing_the_room_brings_no_torch():
    import subprocess

    code = "import sys, penchant.language as l; print({'torch', 'transformers'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
