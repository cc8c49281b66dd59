"""What every language model with a head must do, whatever its architecture.

Used as ``backbone_checks`` is: a test parametrised by ``LANGUAGE_MODEL_CHECKS``, each called with a
``LanguageModelCase``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from penchant.language import load_backbone, load_language_model

from .case import expect

if TYPE_CHECKING:
    from penchant.language import LanguageModel

STEMS = ("A film about", "Alien, seen on a rainy evening, was", "The 🎬 of a man who is", "Up")
ANSWERS = (" an other", " the sea", " an", " a warm film")


@dataclass(frozen=True)
class LanguageModelCase:
    """A language model under test.

    Attributes:
        name: what ``load_language_model`` opens.
        kind: ``"masked"``, ``"causal"`` or ``"seq2seq"``.
    """

    name: str | Path
    kind: str

    def open(self) -> LanguageModel:
        """A fresh model on the CPU."""
        return load_language_model(self.name, "cpu")

    def prompts(self) -> list[str]:
        """Prompts of its kind."""
        return [stem + " {mask}." if self.kind == "masked" else stem for stem in STEMS]


def says_what_it_is(case: LanguageModelCase) -> None:
    """Kind and digest are said; the digest is that of the backbone of the same files."""
    model = case.open()
    expect(model.kind == case.kind, f"the kind is {model.kind!r}, not {case.kind!r}")
    expect(
        model.digest == load_backbone(case.name, "cpu").digest, "another digest than its backbone"
    )
    expect(not model.training and len(model.blocks) > 0, "training mode, or no blocks")


def likelihood_as_by_hand(case: LanguageModelCase) -> None:
    """The log-likelihood is that of plain transformers, a row at a time, without padding."""
    model = case.open()
    found = model.log_likelihood(case.prompts(), ANSWERS)
    by_hand = [_by_hand(model, stem, answer) for stem, answer in zip(STEMS, ANSWERS, strict=True)]
    expect(bool(np.allclose(found, by_hand, rtol=1e-4, atol=1e-4)), f"{found} are not {by_hand}")
    expect(bool((found < 0).all()), "a probability is not below 1")


def _by_hand(model: LanguageModel, stem: str, answer: str) -> float:
    import torch

    tokens = model.tokenizer
    said = tokens(answer, add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        if model.kind == "seq2seq":
            ids, labels = torch.tensor([tokens(stem)["input_ids"]]), torch.tensor([said])
            return -float(model.model(input_ids=ids, labels=labels).loss) * len(said)
        if model.kind == "masked":
            ids = torch.tensor([tokens(stem + tokens.mask_token * len(said) + ".")["input_ids"]])
            places = (ids[0] == tokens.mask_token_id).nonzero()[:, 0]
        else:
            ids = torch.tensor([tokens(stem)["input_ids"] + said])
            places = torch.arange(ids.shape[1] - len(said) - 1, ids.shape[1] - 1)
        chances = model.model(input_ids=ids).logits[0].log_softmax(dim=-1)
        return float(chances[places, said].sum())


def neighbours_do_not_matter(case: LanguageModelCase) -> None:
    """A row has the same likelihood alone, among others and in any order."""
    model, prompts = case.open(), case.prompts()
    whole = model.log_likelihood(prompts, ANSWERS)
    pairs = list(zip(prompts, ANSWERS, strict=True))
    alone = [float(model.log_likelihood([p], [a])[0]) for p, a in pairs]
    back = model.log_likelihood(prompts[::-1], ANSWERS[::-1])[::-1]
    expect(bool(np.allclose(alone, whole, rtol=1e-4, atol=1e-4)), "a row depends on the others")
    expect(bool(np.allclose(back, whole, rtol=1e-4, atol=1e-4)), "a row depends on the order")


def choices_are_likelihoods(case: LanguageModelCase) -> None:
    """Choices are the likelihoods of each word after each prompt."""
    model, prompts = case.open(), case.prompts()
    found = model.choices(prompts, (" a", " the sea"))
    for column, word in enumerate((" a", " the sea")):
        single = model.log_likelihood(prompts, [word] * len(prompts))
        expect(bool(np.allclose(found[:, column], single, rtol=1e-4, atol=1e-4)), f"of {word!r}")


def long_prompts(case: LanguageModelCase) -> None:
    """A prompt beyond the model's length loses its beginning; no prompt at all is answered too."""
    model = case.open()
    ending = "{mask}" if case.kind == "masked" else "it was"
    prompts = ["word " * n * model.length + ending for n in (0, 1, 3)]
    values = model.log_likelihood(prompts, [" the"] * 3)
    expect(bool(np.isfinite(values).all()), "a long prompt has no likelihood")
    expect(bool(np.isclose(values[1], values[2], atol=1e-4)), "what was cut off matters")
    if case.kind != "masked":
        expect(bool(np.isfinite(model.log_likelihood([""], ["a"])).all()), "no answer to nothing")


def loss_as_transformers_says(case: LanguageModelCase) -> None:
    """The loss is transformers' own, its slopes reach every block, and a step lowers it."""
    import torch

    model = case.open()
    rows = [model.tokenizer(text)["input_ids"] for text in (*STEMS, *ANSWERS)]
    longest = max(map(len, rows))
    mask = torch.tensor([[True] * len(row) + [False] * (longest - len(row)) for row in rows])
    fill = model.tokenizer.pad_token_id or 0
    ids = torch.tensor([row + [fill] * (longest - len(row)) for row in rows])
    labels = ids.masked_fill(~mask, -100)
    labels[:, :2] = -100  # as where a prompt is not learned
    loss = model.loss(ids, labels, mask)
    theirs = model.model(input_ids=ids, attention_mask=mask.long(), labels=labels).loss
    expect(bool(torch.isclose(loss, theirs, rtol=1e-4)), f"the loss is {loss}, not {theirs}")
    torch.autograd.backward(loss)
    for number, block in enumerate(model.blocks):
        slopes = [p.grad.abs().max() for p in block.parameters() if p.grad is not None]
        expect(bool(slopes) and bool(max(slopes) > 0), f"no gradient reaches block {number}")
    with torch.no_grad():
        for part in model.parameters():
            if part.grad is not None:
                part.sub_(0.01 * part.grad)
        after = model.loss(ids, labels, mask)
        nothing = model.loss(ids, torch.full_like(labels, -100), mask)
    expect(bool(after < loss.detach()), "a step does not lower the loss")
    expect(bool(nothing == 0), "without labels the loss is not zero")


LANGUAGE_MODEL_CHECKS: tuple[Callable[[LanguageModelCase], None], ...] = (
    says_what_it_is,
    likelihood_as_by_hand,
    neighbours_do_not_matter,
    choices_are_likelihoods,
    long_prompts,
    loss_as_transformers_says,
)
"""Each takes a ``LanguageModelCase`` and raises ``AssertionError`` where the model breaks the rule."""
