"""A pre-trained transformer with its tokenizer and its way of pooling: what is tuned."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from .files import checked_config
from .opening import open_model, open_tokenizer, silent, token_limit
from .pooling import pooled
from .recipe import Recipe, read_recipe

log = logging.getLogger(__name__)

UNKNOWN_SHARE = 0.2
"""Share of unknown tokens above which a model is of the wrong language: English has 0."""


class Backbone(nn.Module):
    """A transformer without a head, from texts to token vectors to text vectors, with gradients.

    Attributes:
        model: the transformer, as transformers made it or as a way of tuning wrapped it.
        tokenizer: its tokenizer.
        recipe: how token vectors become a text's vector.
        length: tokens after which a text is cut.
        digest: SHA-256 (hex) over weights, tokenizer and pooling, before any tuning.
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
        self.digest = digest
        self.dim = int(model.config.get_text_config().hidden_size) * len(recipe.pooling)
        self._warned = False

    @classmethod
    def open(cls, folder: Path, digest: str, device: str | None = None) -> Self:
        """The model in a folder; nothing is downloaded and no code of the folder runs.

        Raises:
            ModelNotFound: files are missing, or weights.
            Unsupported: pickled weights, code of its own, unknown pooling.
        """
        recipe, fields = read_recipe(folder), checked_config(folder)
        with silent():
            model, tokenizer = open_model(folder, fields), open_tokenizer(folder)
        place = device or ("cuda" if torch.cuda.is_available() else "cpu")
        length = recipe.length or token_limit(model.config, tokenizer)
        return cls(model.to(place).eval(), tokenizer, recipe, length, digest)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, cut to ``length``; at least one token a text."""
        ready = [self.recipe.prompt + _sound(text) for text in texts]
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
        lengths = torch.tensor([len(row) for row in tokens])
        longest = int(lengths.max())
        fill = self.tokenizer.pad_token_id or 0
        ids = torch.tensor([list(row) + [fill] * (longest - len(row)) for row in tokens])
        mask = torch.arange(longest)[None, :] < lengths[:, None]
        device = self.model.device
        return ids.to(device), mask.to(device)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Last hidden states (batch, longest, hidden) float32 of padded tokens."""
        states: Tensor = self.model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        return states.float()

    def vectors(self, tokens: Sequence[Sequence[int]]) -> Tensor:
        """Text vectors (batch, dim), all in one forward pass: give texts of like length."""
        ids, mask = self.padded(tokens)
        return pooled(self(ids, mask), mask, self.recipe)

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


def _sound(text: str) -> str:
    # half a surrogate pair is no character and no tokenizer takes it
    return text.encode("utf-8", "replace").decode("utf-8")
