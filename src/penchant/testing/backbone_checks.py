"""What every language model must do as a backbone, whatever its architecture.

Four lines test one of your own::

    import pytest
    from penchant.testing import BACKBONE_CHECKS, BackboneCase

    @pytest.mark.parametrize("check", BACKBONE_CHECKS, ids=lambda check: check.__name__)
    def test_my_model(check, tmp_path):
        check(BackboneCase("models/mine", "encoder", layers=6, scratch=tmp_path))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.language import POOLINGS, load_backbone

from .case import expect

if TYPE_CHECKING:
    from torch import Tensor

    from penchant.language import Backbone

TEXTS = (
    "A slow, warm film for a rainy evening",
    "",
    "Alien",
    "雨夜 with a 🎬 and 𝒎𝒂𝒕𝒉",
    "the second part, longer than the first: " + "a war of robots " * 12,
    "half a pair \ud83c of surrogates",
    " \n\t ",
)


@dataclass(frozen=True)
class BackboneCase:
    """A language model under test.

    Attributes:
        name: what ``load_backbone`` opens.
        family: ``"encoder"``, ``"decoder"`` or ``"encoder-decoder"``.
        layers: how many transformer layers it has (of an encoder-decoder: its encoder).
        scratch: an empty folder.
    """

    name: str | Path
    family: str
    layers: int
    scratch: Path

    def open(self, **settings: Any) -> Backbone:
        """A fresh backbone on the CPU."""
        return load_backbone(self.name, "cpu", **settings)


def _vectors(backbone: Backbone, texts: Sequence[str]) -> Tensor:
    return backbone.vectors(backbone.tokens(texts))


def _close(one: Tensor, other: Tensor) -> bool:
    return bool(np.allclose(one.detach().numpy(), other.detach().numpy(), rtol=1e-4, atol=1e-5))


def family_and_blocks(case: BackboneCase) -> None:
    """It says its family, and its blocks are its layers, in the order in which they run."""
    backbone, ran = case.open(), []
    expect(backbone.family == case.family, f"family is {backbone.family!r}, not {case.family!r}")
    blocks = backbone.blocks
    expect(len(set(map(id, blocks))) == case.layers, f"{len(blocks)} blocks, not {case.layers}")
    for number, block in enumerate(blocks):
        block.register_forward_hook(lambda *_, number=number: ran.append(number))
    _vectors(backbone, TEXTS[:1])
    expect(ran == list(range(case.layers)), f"the blocks run in the order {ran}")


def shapes_and_numbers(case: BackboneCase) -> None:
    """Token states are (batch, longest, hidden), vectors (batch, dim); float32 and finite."""
    backbone = case.open()
    ids, mask = backbone.padded(backbone.tokens(TEXTS))
    states, vectors = backbone(ids, mask), _vectors(backbone, TEXTS)
    expect(states.shape[:2] == ids.shape == mask.shape, f"states are {tuple(states.shape)}")
    expect(vectors.shape == (len(TEXTS), backbone.dim), f"vectors are {tuple(vectors.shape)}")
    expect(vectors.dtype == states.dtype == vectors.float().dtype, "the numbers are not float32")
    expect(bool(vectors.isfinite().all()), "a vector is not finite")
    apart = (vectors[0] - vectors[2]).abs().max()
    expect(bool(apart > 1e-4), "different texts have the same vector")


def neighbours_do_not_matter(case: BackboneCase) -> None:
    """A text has the same vector alone, among others, and in any order."""
    backbone = case.open()
    whole = _vectors(backbone, TEXTS)
    for row, text in enumerate(TEXTS):
        expect(
            _close(_vectors(backbone, [text])[0], whole[row]), f"{text[:20]!r} depends on others"
        )
    expect(_close(_vectors(backbone, TEXTS[::-1]).flip(0), whole), "the order matters")


def padding_does_not_matter(case: BackboneCase) -> None:
    """What stands in the padding, and how much of it, changes no vector."""
    backbone = case.open()
    ids, mask = backbone.padded(backbone.tokens(TEXTS[:3]))
    plain = backbone.pool(backbone(ids, mask), mask)
    filled = ids.masked_fill(~mask, int(ids[0, 1]))
    expect(_close(backbone.pool(backbone(filled, mask), mask), plain), "the padding's ids matter")
    ids, mask = (
        part.new_zeros(3, part.shape[1] + 5).index_copy_(1, *_first(part)) for part in (ids, mask)
    )
    expect(_close(backbone.pool(backbone(ids, mask), mask), plain), "the padding's width matters")


def _first(part: Tensor) -> tuple[Tensor, Tensor]:
    import torch

    return torch.arange(part.shape[1]), part


def every_part_is_trained(case: BackboneCase) -> None:
    """A loss on the vectors reaches the embeddings and every block."""
    import torch

    backbone = case.open()
    vectors = _vectors(backbone, TEXTS)
    weights = vectors.detach().new_tensor(range(1, vectors.shape[1] + 1)).sin()
    torch.autograd.backward((vectors @ weights).square().sum())
    parts = [backbone.model.get_input_embeddings(), *backbone.blocks]
    for number, part in enumerate(parts):
        slopes = [p.grad.abs().max() for p in part.parameters() if p.grad is not None]
        where = f"block {number - 1}" if number else "the embeddings"
        expect(bool(slopes) and bool(max(slopes) > 0), f"no gradient reaches {where}")


def cut_at_the_length(case: BackboneCase) -> None:
    """A text is cut at ``length`` tokens: it keeps its beginning, and its end changes nothing."""
    backbone = case.open(length=9)
    start = "the quick brown fox jumps over the lazy dog "
    tokens = backbone.tokens([start + "one", start + "two", "a"])
    expect(max(map(len, tokens)) == backbone.length == 9, "texts are not cut at the length")
    vectors = backbone.vectors(tokens[:2])
    expect(_close(vectors[0], vectors[1]), "what was cut off changes the vector")
    longer = case.open(length=10**6)
    expect(longer.length < 10**6, "a length that the model cannot place is accepted")
    _vectors(longer, ["word " * longer.length])


def texts_of_every_kind(case: BackboneCase) -> None:
    """Empty and blank texts, characters beyond the basic plane, half a surrogate pair."""
    backbone = case.open()
    tokens = backbone.tokens(TEXTS)
    expect(all(tokens), "a text has no token at all")
    expect(
        backbone.tokens([TEXTS[5]]) == backbone.tokens(["half a pair ? of surrogates"]), "surrogate"
    )
    expect(backbone.tokens([]) == [], "no texts must give no tokens")


def opens_to_the_same(case: BackboneCase) -> None:
    """Opened twice it gives the very same vectors, and dropout is off until it is trained."""
    one, other = case.open(), case.open()
    first = _vectors(one, TEXTS)
    expect(bool((first == _vectors(other, TEXTS)).all()), "two openings give different vectors")
    expect(bool((first == _vectors(one, TEXTS)).all()), "a second pass gives other vectors")
    expect(not one.training and one.digest == other.digest, "training mode, or another digest")


def saved_and_opened_the_same(case: BackboneCase) -> None:
    """A changed model, saved to a folder, opens to equal vectors, pooling and all."""
    import torch

    for settings in ({}, {"pooling": ("attention", "max"), "prompt": "film: ", "length": 20}):
        backbone = case.open(**settings)
        with torch.no_grad():
            for number, part in enumerate(backbone.parameters()):
                part.add_(0.01 * torch.sin(torch.arange(part.numel()) + number).view_as(part))
        folder = case.scratch / f"saved{len(settings)}"
        backbone.save(folder)
        opened = load_backbone(folder, "cpu")
        expect(opened.length == backbone.length, "the saved model cuts elsewhere")
        expect(_close(_vectors(opened, TEXTS), _vectors(backbone, TEXTS)), "saved vectors differ")
        expect(opened.family == case.family, "the saved model is of another family")


def poolings(case: BackboneCase) -> None:
    """Every way of pooling gives finite vectors; an untrained attention pooling is the mean."""
    found = {}
    for way in POOLINGS:
        backbone = case.open(pooling=way)
        found[way] = _vectors(backbone, TEXTS[:3])
        expect(bool(found[way].isfinite().all()), f"pooling by {way} gives no numbers")
    expect(_close(found["attention"], found["mean"]), "untrained attention is not the mean")
    both = case.open(pooling=("cls", "max"))
    expect(both.dim == 2 * found["cls"].shape[1], "two poolings are not put side by side")


def attention_is_trained(case: BackboneCase) -> None:
    """The learned pooling is among the parameters, and a loss on the vectors reaches it."""
    import torch

    backbone = case.open(pooling="attention")
    names = dict(backbone.named_parameters())
    vectors = _vectors(backbone, TEXTS)
    torch.autograd.backward(vectors[:, 0].square().sum())
    query = names["attention.query"]
    expect(query.grad is not None and bool(query.grad.abs().max() > 0), "no gradient reaches it")


def prompts(case: BackboneCase) -> None:
    """A prompt is words before each text, of the model or of one call, cut with the text."""
    plain, asked = case.open(), case.open(prompt="query: ")
    expected = plain.tokens(["query: Alien"])
    expect(asked.tokens(["Alien"]) == expected, "the model's prompt is not put before the text")
    expect(plain.tokens(["Alien"], prompt="query: ") == expected, "the call's prompt is ignored")
    expect(asked.vectors_digest != plain.vectors_digest, "another prompt has the same cache")
    expect(asked.digest == plain.digest, "another prompt is another base")


BACKBONE_CHECKS: tuple[Callable[[BackboneCase], None], ...] = (
    family_and_blocks,
    shapes_and_numbers,
    neighbours_do_not_matter,
    padding_does_not_matter,
    every_part_is_trained,
    cut_at_the_length,
    texts_of_every_kind,
    opens_to_the_same,
    saved_and_opened_the_same,
    poolings,
    attention_is_trained,
    prompts,
)
"""Each takes a ``BackboneCase`` and raises ``AssertionError`` where the model breaks the rule."""
