"""Which tokens a masked language model has to guess."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.core import UsageError
from penchant.tune import IGNORED, Masking
from penchant.tune.masking import Vocabulary, word_numbers

VOCABULARY = Vocabulary(1000, mask=4, special=frozenset(range(5)))


def hidden(masking, length=40, words=None, seed=0):
    rng = np.random.default_rng(seed)
    ids = np.concatenate([[2], rng.integers(5, 1000, length), [3]])
    numbers = np.arange(len(ids)) if words is None else words
    return ids, *masking.hide(ids, numbers, VOCABULARY, rng)


def test_fifteen_in_a_hundred_are_hidden_and_told():
    ids, read, labels = hidden(Masking(), 200)
    told = labels != IGNORED
    assert told.sum() == 30
    assert (labels[told] == ids[told]).all()
    assert (read[~told] == ids[~told]).all()


def test_of_the_hidden_eighty_are_masked_ten_random_ten_left():
    kinds = np.zeros(3)
    for seed in range(60):
        ids, read, labels = hidden(Masking(), 400, seed=seed)
        told = labels != IGNORED
        masked, same = read[told] == 4, read[told] == ids[told]
        kinds += [masked.sum(), (~masked & ~same).sum(), same.sum()]
    # 3,600 tokens: a standard deviation is 0.7 of a hundred
    assert kinds / kinds.sum() == pytest.approx([0.8, 0.1, 0.1], abs=0.02)


def test_special_tokens_are_neither_hidden_nor_put_in():
    for seed in range(20):
        _, read, labels = hidden(Masking(share=1.0, masked=0.0, random=1.0), seed=seed)
        assert labels[0] == labels[-1] == IGNORED
        assert (read[1:-1] >= 5).all()


def test_a_short_text_has_one_token_to_guess_and_one_of_special_tokens_none():
    assert (hidden(Masking(), 1)[2] != IGNORED).sum() == 1
    assert (hidden(Masking(), 0)[2] != IGNORED).sum() == 0


def test_words_are_hidden_whole():
    words = np.array([-1, *np.repeat(np.arange(10), 4), -1])
    for seed in range(20):
        _, _, labels = hidden(Masking(), 40, words, seed)
        told = (labels != IGNORED)[1:-1].reshape(10, 4)
        assert (told.all(axis=1) == told.any(axis=1)).all()
        assert told.all(axis=1).sum() == 2  # 6 of 40 tokens begin a second word


def test_every_word_is_as_likely_as_another():
    words = np.array([-1, *np.repeat(np.arange(5), 2), -1])
    counts = np.zeros(5)
    for seed in range(500):
        labels = hidden(Masking(share=0.2), 10, words, seed)[2]
        counts += (labels != IGNORED)[1:-1].reshape(5, 2).all(axis=1)
    assert counts / 500 == pytest.approx(np.full(5, 0.2), abs=0.06)


def test_a_tokenizer_says_which_pieces_are_one_word(tmp_path):
    from transformers import BertTokenizer

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "slow", "un", "##warm", "dog"]
    (tmp_path / "vocab.txt").write_text("\n".join(pieces), "utf-8")
    tokenizer = BertTokenizer(str(tmp_path / "vocab.txt"))
    assert word_numbers(tokenizer, ["slow unwarm dog"], 30)[0].tolist() == [-1, 0, 1, 1, 2, -1]
    assert word_numbers(tokenizer, ["slow unwarm dog"], 4)[0].tolist() == [-1, 0, 1, -1]


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="share"):
        Masking(share=0)
    with pytest.raises(UsageError, match="together"):
        Masking(masked=0.8, random=0.3)
    with pytest.raises(UsageError, match="cannot tell words"):
        word_numbers(object(), ["a"], 5)
