import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.core import UsageError, generator
from penchant.tune import (
    back_translation,
    delete_words,
    masked_predictions,
    one_of,
    swap_words,
    synonyms,
)

TEXT = "a slow, warm film for a rainy evening"


def rng(seed=0):
    return generator(seed, "words")


def test_deletion_leaves_a_part_of_the_words_in_their_order():
    found = delete_words(TEXT, rng(), share=0.5)
    kept = iter(TEXT.split())
    assert all(word in kept for word in found.split())
    assert 0 < len(found.split()) < len(TEXT.split())


def test_deletion_takes_the_share_it_is_told():
    long = " ".join(["word"] * 20_000)
    assert len(delete_words(long, rng(), share=0.3).split()) == pytest.approx(14_000, rel=0.03)


def test_one_word_always_stays():
    assert delete_words(TEXT, rng(), share=1.0) in TEXT.split()


def test_swapping_keeps_the_words_and_changes_their_order():
    found = swap_words(TEXT, rng(), times=2)
    assert sorted(found.split()) == sorted(TEXT.split())
    assert found != TEXT


def test_chinese_is_taken_by_characters():
    found = swap_words("一部温暖的电影", rng())
    assert sorted(found) == sorted("一部温暖的电影")
    assert found != "一部温暖的电影"
    assert len(delete_words("一部温暖的电影 (2019)", rng(1), share=0.5)) < 14


def predict(texts):
    """Says film for the first masked word, warm for others; never sees more than one mask."""
    assert all(text.count("{mask}") == 1 for text in texts)
    return [["Slow,", "quick", "slow,"] if text.startswith("a {mask}") else ["a"] for text in texts]


def test_synonyms_are_what_the_model_says_and_not_the_word_itself():
    found = {synonyms(TEXT, rng(seed), predict, share=0.01) for seed in range(40)}
    assert "a quick warm film for a rainy evening" in found
    assert all(len(text.split()) == len(TEXT.split()) for text in found)
    assert TEXT in found  # where the model says nothing but the word itself


def test_back_translation_is_any_two_functions():
    def there(texts):
        return [text.upper() for text in texts]

    def back(texts):
        return [text.replace("FILM", "MOVIE").lower() for text in texts]

    assert back_translation(there, back)(TEXT, rng()) == TEXT.replace("film", "movie")
    assert back_translation(there, lambda texts: [" "])(TEXT, rng()) == TEXT


def test_one_of_several_ways():
    either = one_of(swap_words, lambda text, _: text.upper(), unchanged=0.4)
    draw = rng()
    found = [either("one two", draw) for _ in range(2000)]
    counts = {text: found.count(text) for text in set(found)}
    assert set(counts) == {"one two", "two one", "ONE TWO"}
    assert counts["one two"] == pytest.approx(800, rel=0.1)
    with pytest.raises(UsageError, match="a way of augmentation"):
        one_of()


@given(st.text(max_size=60), st.integers(0, 5))
def test_any_text_can_be_changed_and_the_same_seed_changes_it_the_same(text, seed):
    ways = [
        delete_words,
        swap_words,
        lambda t, r: synonyms(t, r, lambda asked: [["x"]] * len(asked)),
    ]
    for way in ways:
        assert way(text, rng(seed)) == way(text, rng(seed))


def test_a_masked_language_model_gives_whole_words():
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

    words = ["[PAD]", "[MASK]", "[UNK]", "a", "warm", "slow", "film", "##ly", ",", "rainy"]
    signs = {"unk_token": "[UNK]"}
    core = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, **signs))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, **signs | {"pad_token": "[PAD]", "mask_token": "[MASK]"}
    )
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    network = BertForMaskedLM(BertConfig(vocab_size=len(words), intermediate_size=16, **sizes))
    network.train()
    model = types.SimpleNamespace(model=network, tokenizer=tokenizer)
    found = masked_predictions(model, k=4)(["a {mask} film", "a warm film {mask}"])
    assert [len(guesses) for guesses in found] == [4, 4]
    assert set(found[0]) <= {"a", "warm", "slow", "film", "rainy"}
    ids = torch.tensor([[3, 1, 6]])
    with torch.no_grad():
        best = network.eval()(ids).logits[0, 1].argsort(descending=True)
    expected = [words[n] for n in best.tolist() if words[n].isalpha()]
    assert found[0] == expected[:4]
    assert synonyms("a warm film", np.random.default_rng(0), masked_predictions(model)).split()


def test_a_model_without_a_mask_is_refused():
    model = types.SimpleNamespace(model=None, tokenizer=types.SimpleNamespace(mask_token=None))
    with pytest.raises(UsageError, match="no mask token"):
        masked_predictions(model)
