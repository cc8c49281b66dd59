"""A pre-trained transformer with its tokenizer and its way of pooling: what is tuned."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from .families import Family, blocks_of, family_of
from .files import checked_config
from .folder import read_attention, save_backbone
from .opening import open_model, open_tokenizer, silent, token_limit
from .padding import padded
from .pooling import AttentionPooling, pooled
from .recipe import Recipe, chosen, read_recipe, says_pooling

log = logging.getLogger(__name__)

UNKNOWN_SHARE = 0.2
"""Share of unknown tokens above which a model is of the wrong language: English has 0."""

LONGEST = 512
"""Tokens after which a text is cut where neither the model's folder nor the caller says."""


class Backbone(nn.Module):
    """A transformer without a head, from texts to token vectors to text vectors, with gradients.

    Attributes:
        model: the transformer, as transformers made it or as a way of tuning wrapped it; of an
            encoder-decoder its encoder.
        tokenizer: its tokenizer.
        recipe: how token vectors become a text's vector.
        attention: the learned pooling, where the recipe pools by ``"attention"``, else None.
        length: tokens after which a text is cut.
        family: ``"encoder"``, ``"decoder"`` or ``"encoder-decoder"``.
        digest: SHA-256 (hex) over the model's files, before any tuning: names the base of an
            adapter.
        vectors_digest: the same where the files say pooling, prompt and length and nothing else is
            wanted, else another: names the untuned vectors in a cache.
        dim: length of a text's vector.
    """

    def __init__(
        self, model: Any, tokenizer: Any, recipe: Recipe, length: int, digest: str
    ) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        self.recipe = recipe
        self.length = length
        self.digest = self.vectors_digest = digest
        self.family: Family = family_of(model.config)
        hidden = int(model.config.get_text_config().hidden_size)
        self.dim = hidden * len(recipe.pooling)
        self.attention = AttentionPooling(hidden) if "attention" in recipe.pooling else None
        self._warned = False

    @classmethod
    def open(
        cls,
        folder: Path,
        digest: str,
        device: str | None = None,
        pooling: str | Sequence[str] | None = None,
        prompt: str | None = None,
        length: int | None = None,
    ) -> Self:
        """The model in a folder; nothing is downloaded and no code of the folder runs.

        Args: those of ``load_backbone``.

        Raises:
            ModelNotFound: files are missing, or weights.
            Unsupported: pickled weights, code of its own, unknown pooling.
            UsageError: a pooling, prompt or length that cannot be.
        """
        said, fields = read_recipe(folder), checked_config(folder)
        with silent():
            (model, _), tokenizer = open_model(folder, fields), open_tokenizer(folder)
        recipe, limit = said, token_limit(model, tokenizer)
        if family_of(model.config) == "decoder" and not says_pooling(folder):
            recipe = replace(said, pooling=("lasttoken",))
        recipe = chosen(recipe, pooling, prompt, length)
        cut = _cut(recipe.length, said.length, limit, given=length is not None)
        place = device or ("cuda" if torch.cuda.is_available() else "cpu")
        backbone = cls(model, tokenizer, recipe, cut, digest)
        read_attention(folder, backbone.attention)
        if (recipe, cut) != (said, said.length):
            choice = f"{digest} {recipe.pooling} {recipe.prompt!r} {cut}"
            backbone.vectors_digest = hashlib.sha256(choice.encode()).hexdigest()
        return backbone.to(place).eval()

    @property
    def blocks(self) -> list[nn.Module]:
        """The transformer layers, bottom up."""
        return blocks_of(self.model)

    def tokens(self, texts: Sequence[str], prompt: str | None = None) -> list[list[int]]:
        """Token ids of each text, cut to ``length``; at least one token a text.

        Args:
            texts: any texts, "" included; where one is too long its end is lost.
            prompt: words put before these texts, or the name of one of the model's prompts, such as
                ``"passage"``; by default the recipe's.
        """
        words = self.recipe.prompt if prompt is None else self.recipe.words(prompt)
        if not texts:
            return []
        ready = [words + _sound(text) for text in texts]
        if self.recipe.lower:
            ready = [text.lower() for text in ready]
        found = self.tokenizer(
            ready, truncation=True, max_length=self.length, return_attention_mask=False
        )
        self._warn_of_unknown(found["input_ids"])
        nothing = [self.tokenizer.pad_token_id or self.tokenizer.eos_token_id or 0]
        return [row or nothing for row in found["input_ids"]]

    def padded(self, tokens: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Token ids (batch, longest) int64 and which of them are text, the same shape, bool."""
        return padded(self, tokens)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Last hidden states (batch, longest, hidden) float32 of padded tokens."""
        states: Tensor = self.model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        return states.float()

    def pool(self, states: Tensor, mask: Tensor) -> Tensor:
        """Text vectors (batch, dim) of last hidden states (batch, longest, hidden)."""
        return pooled(states, mask, self.recipe, self.attention)

    def vectors(self, tokens: Sequence[Sequence[int]]) -> Tensor:
        """Text vectors (batch, dim), all in one forward pass: give texts of like length."""
        ids, mask = self.padded(tokens)
        return self.pool(self(ids, mask), mask)

    def save(self, folder: str | Path) -> None:
        """Write the model as a folder that ``load_backbone`` opens to equal vectors.

        The folder is one of sentence-transformers'; they read it too, unless it pools by
        ``"attention"``, which they do not know.

        Raises:
            UsageError: a way of tuning still wraps the model; merge it first, or save an adapter.
        """
        save_backbone(self, Path(folder))

    def _warn_of_unknown(self, tokens: list[list[int]]) -> None:
        unknown = self.tokenizer.unk_token_id
        if self._warned or unknown is None:
            return
        met = sum(row.count(unknown) for row in tokens)
        share = met / max(1, sum(map(len, tokens)))
        if share > UNKNOWN_SHARE:
            self._warned = True
            log.warning(
                "%.0f %% of the tokens are unknown to this language model, so it cannot tell these "
                "texts apart well; choose one made for their language",
                100 * share,
            )


def _cut(wanted: int | None, said: int | None, limit: int, given: bool) -> int:
    """Tokens after which a text is cut."""
    if not given:
        return said or min(limit, LONGEST)
    return min(wanted or limit, max(limit, said or 0))


def _sound(text: str) -> str:
    # half a surrogate pair is no character and no tokenizer takes it
    return text.encode("utf-8", "replace").decode("utf-8")
