"""What a language model with its head says beyond the checks that every family passes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from penchant.core import Unsupported, UsageError
from penchant.language import load_language_model

TEXTS = ("the other man", "Alien, a film of 1979 on a ship far from the earth", "🎬")


def test_the_perplexity_of_a_decoder_is_that_of_plain_transformers(tiny_models):
    model = load_language_model(tiny_models["llama"], "cpu")
    total, count = 0.0, 0
    for text in TEXTS:
        ids = torch.tensor([model.tokenizer(text)["input_ids"]])  # begins with a mark
        with torch.no_grad():
            mean = model.model(input_ids=ids, labels=ids).loss
        total, count = total + float(mean) * (ids.shape[1] - 1), count + ids.shape[1] - 1
    assert np.isclose(model.perplexity(TEXTS), np.exp(total / count), rtol=1e-4)


def test_the_perplexity_of_an_encoder_masks_each_token_once(tiny_models):
    model = load_language_model(tiny_models["bert"], "cpu")
    tokens, total, count = model.tokenizer, 0.0, 0
    for text in TEXTS:
        ids = torch.tensor(tokens(text)["input_ids"])
        inner = range(1, len(ids) - 1)
        for first in range(1, 8):
            hidden = [at for at in inner if (at - first) % 7 == 0]
            masked = ids.clone()
            masked[hidden] = tokens.mask_token_id
            with torch.no_grad():
                chances = model.model(input_ids=masked[None]).logits[0].log_softmax(-1)
            total, count = total - float(chances[hidden, ids[hidden]].sum()), count + len(hidden)
    assert count == sum(len(tokens(text)["input_ids"]) - 2 for text in TEXTS)
    assert np.isclose(model.perplexity(TEXTS), np.exp(total / count), rtol=1e-4)


def test_no_texts_have_no_perplexity(tiny_models):
    for name in ("gpt2", "bert"):
        model = load_language_model(tiny_models[name], "cpu")
        assert np.isnan(model.perplexity([]))
        assert np.isfinite(model.perplexity(["", "the other man"]))


def test_an_encoder_decoder_has_no_perplexity(tiny_models):
    with pytest.raises(Unsupported, match="no perplexity"):
        load_language_model(tiny_models["t5"], "cpu").perplexity(TEXTS)


def test_the_chances_of_all_tokens_sum_to_one(tiny_models):
    model = load_language_model(tiny_models["gpt2"], "cpu")
    letters = [chr(code) for code in range(33, 127)]
    among = np.exp(model.choices(["the other"], letters)).sum()
    ids = torch.tensor([model.tokenizer("the other")["input_ids"]])
    with torch.no_grad():
        chances = model.model(input_ids=ids).logits[0, -1].softmax(-1)
    single = [model.tokenizer(letter)["input_ids"][0] for letter in letters]
    assert np.isclose(among, float(chances[single].sum()), rtol=1e-4)
    assert among < 1


def test_choices_of_one_token_share_a_pass(tiny_models):
    model = load_language_model(tiny_models["llama"], "cpu")
    seen = []
    model.model.register_forward_hook(lambda *_: seen.append(1))
    model.choices(["is it good:"], ("a", "b", "c"))
    assert len(seen) == 1


def test_dropout_is_off_while_asked_and_training_goes_on_after(tiny_models):
    model = load_language_model(tiny_models["gpt2"], "cpu").train()
    first = model.log_likelihood(["the other"], [" man"])
    assert model.log_likelihood(["the other"], [" man"]) == first
    assert model.training
    assert model.model.training


def test_a_prompt_without_its_mask_is_refused(tiny_models):
    model = load_language_model(tiny_models["bert"], "cpu")
    with pytest.raises(UsageError, match="holds it 0 times"):
        model.choices(["it was"], (" good",))


def test_one_space_stands_between_a_prompt_and_its_answer(tiny_models):
    model = load_language_model(tiny_models["gpt2"], "cpu")
    pairs = (("it was", " the"), ("it was ", "the"), ("it was ", " the"))
    values = [model.log_likelihood([prompt], [answer])[0] for prompt, answer in pairs]
    assert values[0] == values[1] == values[2]
    assert model.log_likelihood(["it was"], ["the"])[0] != values[0]


def test_an_empty_answer_is_refused(tiny_models):
    with pytest.raises(UsageError, match="has no tokens"):
        load_language_model(tiny_models["gpt2"], "cpu").log_likelihood(["it was"], [""])


def test_a_folder_without_a_head_is_refused_or_given_a_fresh_one(tiny_models):
    with pytest.raises(Unsupported, match=r"no language-model head.*SmolLM2-135M-Instruct \(pip"):
        load_language_model(tiny_models["minilm"])
    fresh = load_language_model(tiny_models["minilm"], "cpu", new_head=True)
    assert fresh.kind == "masked"
    assert np.isfinite(fresh.perplexity(TEXTS))


def test_a_word_that_shares_a_token_with_its_prompt_is_asked_as_everywhere_else(tiny_models):
    from penchant.language import shared_choices
    from penchant.language.likelihood import rows_of

    model = load_language_model(tiny_models["gpt2"], "cpu")
    vocabulary = sorted(model.tokenizer.get_vocab(), key=len)
    start = "one two three four five six seven eight nine ten "
    found = [
        (start + piece[:-1], piece[-1])
        for piece in vocabulary
        if piece.isalpha()
        and piece.isascii()
        and len(piece) > 1
        and len(rows_of(model, start + piece[:-1], piece[-1]).answer) == 1
        and rows_of(model, start + piece[:-1], piece[-1]).ids
        != rows_of(model, start + piece[:-1], "?").ids
    ]
    prompt, letter = found[0]
    asked = [prompt, prompt.replace("ten", "nine")]
    np.testing.assert_allclose(
        shared_choices(model, [asked], ("?", letter)),
        model.choices(asked, ("?", letter)),
        atol=1e-4,
    )
