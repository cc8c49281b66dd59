"""Other ways to say the same: text for training made from text, as functions of it and a generator."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from penchant.core import UsageError

Augmentation = Callable[[str, np.random.Generator], str]
"""A text and a generator give another text."""

Predict = Callable[[Sequence[str]], Sequence[Sequence[str]]]
"""Texts, each with one ``{mask}``, give the likeliest words for it, the likeliest first."""

MASK = "{mask}"

_PIECES = re.compile(r"[぀-ヿ㐀-䶿一-鿿가-힯]|[^\s぀-ヿ㐀-䶿一-鿿가-힯]+")


def words(text: str) -> list[tuple[int, int]]:
    """Where the words of a text begin and end; of Chinese, Japanese and Korean, the characters.

    >>> words("a warm film")
    [(0, 1), (2, 6), (7, 11)]
    """
    return [found.span() for found in _PIECES.finditer(text)]


def delete_words(text: str, rng: np.random.Generator, share: float = 0.1) -> str:
    """Leave out each word with a probability, one word always staying.

    Source: J. Wei and K. Zou, "EDA: Easy Data Augmentation Techniques for Boosting Performance on
    Text Classification Tasks", EMNLP 2019.
    """
    spans = words(text)
    gone = rng.random(len(spans)) < share
    if len(spans) and gone.all():
        gone[rng.integers(len(spans))] = False
    return _replaced(text, spans, dict.fromkeys(np.flatnonzero(gone).tolist(), ""))


def swap_words(text: str, rng: np.random.Generator, times: int = 1) -> str:
    """Let two words at random change places, so many times. Source: Wei and Zou 2019."""
    spans = words(text)
    if len(spans) < 2:
        return text
    found = [text[start:stop] for start, stop in spans]
    for _ in range(times):
        one, other = rng.choice(len(found), 2, replace=False)
        found[one], found[other] = found[other], found[one]
    return _replaced(text, spans, dict(enumerate(found)))


def synonyms(text: str, rng: np.random.Generator, predict: Predict, share: float = 0.15) -> str:
    """Put what a masked language model would say in the place of some words, one at least.

    Source: S. Kobayashi, "Contextual Augmentation: Data Augmentation by Words with Paradigmatic
    Relations", NAACL 2018.

    Args:
        text: what is said.
        rng: chooses the words, and among the predictions that differ from the word.
        predict: such as :func:`masked_predictions` of a language model.
        share: of the words.
    """
    spans = words(text)
    if not spans:
        return text
    chosen = rng.choice(len(spans), max(1, round(share * len(spans))), replace=False)
    asked = [_replaced(text, [spans[place]], {0: MASK}) for place in chosen]
    new = {}
    for place, guesses in zip(chosen, predict(asked), strict=True):
        own = text[slice(*spans[place])]
        others = [guess for guess in guesses if guess.strip() and guess.lower() != own.lower()]
        if others:
            new[int(place)] = others[rng.integers(len(others))]
    return _replaced(text, spans, new)


def back_translation(
    there: Callable[[Sequence[str]], Sequence[str]],
    back: Callable[[Sequence[str]], Sequence[str]],
) -> Augmentation:
    """Translate into another language and back, by any two functions of a list of texts.

    Source: R. Sennrich, B. Haddow and A. Birch, "Improving Neural Machine Translation Models with
    Monolingual Data", ACL 2016; for augmentation Q. Xie et al. 2020 (UDA).
    """

    def translated(text: str, rng: np.random.Generator) -> str:
        (found,) = back(list(there([text])))
        return found if found.strip() else text

    return translated


def one_of(*ways: Augmentation, unchanged: float = 0.5) -> Augmentation:
    """One of several ways at random, or the text as it is with the probability ``unchanged``."""
    if not ways or not 0 <= unchanged <= 1:
        raise UsageError("one_of needs a way of augmentation, and unchanged between 0 and 1.")

    def either(text: str, rng: np.random.Generator) -> str:
        if rng.random() < unchanged:
            return text
        return ways[rng.integers(len(ways))](text, rng)

    return either


def masked_predictions(model: Any, k: int = 8) -> Predict:
    """The likeliest words of a masked language model, as :func:`synonyms` asks for them.

    Args:
        model: with ``model`` and ``tokenizer`` of a masked language model, such as
            ``penchant.language.load_language_model`` gives.
        k: words a place; pieces of words and signs are left out.
    """
    import torch

    tokenizer, network = model.tokenizer, model.model
    if tokenizer.mask_token is None:
        raise UsageError("synonyms need a masked language model; this one has no mask token.")

    @torch.inference_mode()
    def predict(texts: Sequence[str]) -> list[list[str]]:
        asked = [text.replace(MASK, tokenizer.mask_token) for text in texts]
        device = next(network.parameters()).device
        ids = tokenizer(asked, return_tensors="pt", padding=True, truncation=True).to(device)
        training = network.training
        logits = network.eval()(**ids).logits  # (texts, length, vocabulary)
        network.train(training)
        found: list[list[str]] = []
        for row, own in enumerate(ids["input_ids"] == tokenizer.mask_token_id):
            at = own.nonzero()[:1, 0]  # none where truncation cut the mask off
            best = logits[row, at].topk(min(4 * k, logits.shape[-1])).indices.flatten()
            pieces = tokenizer.convert_ids_to_tokens(best.tolist())
            told = [tokenizer.convert_tokens_to_string([piece]).strip() for piece in pieces]
            whole = [
                word
                for piece, word in zip(pieces, told, strict=True)
                if word.isalpha() and not piece.startswith("##")
            ]
            found.append(whole[:k])
        return found

    return predict


def _replaced(text: str, spans: Sequence[tuple[int, int]], new: dict[int, str]) -> str:
    """The text with new words in some places; where a word goes, the space before it goes too."""
    parts, at = [], 0
    for place, (start, stop) in enumerate(spans):
        word = new.get(place, text[start:stop])
        parts.append(text[at:start] if word else text[at:start].rstrip(" "))
        parts.append(word)
        at = stop
    return ("".join(parts) + text[at:]).strip(" ") if spans else text
