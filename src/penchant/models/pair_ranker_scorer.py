"""The cross-encoder of PairRanker: history and candidate as one text, a score from its vector."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from penchant.core import State
from penchant.language import PackedReader, TokenLists, batches_by_length, load_backbone
from penchant.language.tuning import apply_tuning, load_tuned_state, tuned_state
from penchant.tune import without_dropout

from .saved_scorer import SavedScorer, check_same
from .state_parts import ADAPTER, behind, inside

if TYPE_CHECKING:
    from penchant.language import Backbone

    from .pair_ranker import PairRankerConfig

TOKENS_AT_ONCE = 4096
"""Tokens of pairs scored in one pass when nothing is learned."""


class PairTokens:
    """Token ids of pairs, each title and text tokenised once.

    ``[CLS] newest title ; title before ; ... [SEP] candidate [SEP]`` with the marks of the model's own
    tokenizer, or line breaks where it has none. The candidate stays whole up to half of the length;
    of the history the oldest titles are left out, whole.
    """

    def __init__(self, backbone: Backbone, length: int) -> None:
        """Args: length: most tokens of a pair."""
        self._backbone = backbone
        self._length = min(length, backbone.length)
        empty = backbone.tokenizer("")["input_ids"]
        ends_only = empty == [backbone.tokenizer.eos_token_id]  # T5
        half = 0 if ends_only else (len(empty) + 1) // 2
        self._start, self._end = empty[:half], empty[half:]  # [CLS] | [SEP]
        self._known: dict[str, list[int]] = {}
        self._between = self._end or self._of("\n")
        self._semicolon = self._of(";")

    def __call__(self, history: Sequence[str], candidate: str) -> list[int]:
        """Token ids of one pair; history oldest first."""
        room = self._length - len(self._start) - len(self._end) - len(self._between)
        last = self._of(candidate)[: max(1, max(room // 2, room - self._needed(history)))]
        room -= len(last)
        before: list[int] = []
        for title in reversed(history):
            more = (self._semicolon if before else []) + self._of(title)
            if len(before) + len(more) > room:
                break
            before += more
        return [*self._start, *before, *self._between, *last, *self._end]

    def _needed(self, history: Sequence[str]) -> int:
        return sum(len(self._of(title)) + len(self._semicolon) for title in history)

    def _of(self, text: str) -> list[int]:
        known = self._known
        if text not in known:
            tokenizer = self._backbone.tokenizer
            sound = text.encode("utf-8", "replace").decode("utf-8")
            if self._backbone.recipe.lower:
                sound = sound.lower()
            known[text] = tokenizer(
                sound, add_special_tokens=False, truncation=True, max_length=self._length
            )["input_ids"]
        return known[text]


class CrossEncoder(nn.Module):
    """A language model with a linear head over pairs of history and candidate."""

    def __init__(self, backbone: Backbone, config: PairRankerConfig, seed: int = 0) -> None:
        """Args: backbone: a fresh one; the way of tuning is put on it."""
        super().__init__()
        apply_tuning(backbone, config.tuning, seed)
        self.backbone = backbone
        self.head = nn.Linear(backbone.dim, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.tokens = PairTokens(backbone, config.length)
        self._reader = PackedReader(backbone, TokenLists([self.tokens(["a", "b c"], "d e f g")]))

    def forward(self, pairs: Sequence[Sequence[int]]) -> Tensor:
        """Scores (pairs,) of token ids, with gradients where they are enabled."""
        reader = self._reader.over(TokenLists(pairs))
        scores: Tensor = self.head(reader.vectors(np.arange(len(pairs))))[:, 0]
        return scores

    def train(self, mode: bool = True) -> CrossEncoder:
        """Training mode, without the language model's own dropout: what is scored is learned."""
        super().train(mode)
        without_dropout(self.backbone)
        return self

    @torch.no_grad()
    def score_pairs(
        self, histories: Sequence[Sequence[str]], candidates: Sequence[str]
    ) -> NDArray[np.float32]:
        """Scores (rows,); see ``PairScorer``."""
        pairs = [self.tokens(h, c) for h, c in zip(histories, candidates, strict=True)]
        found = np.zeros(len(pairs), np.float32)
        lengths = np.array([len(pair) for pair in pairs], np.int64)
        for rows in batches_by_length(lengths, TOKENS_AT_ONCE):
            found[rows] = self([pairs[row] for row in rows.tolist()]).float().cpu().numpy()
        return found

    def state(self) -> State:
        """The head, what was tuned, and the digest of the language model."""
        tuned = {name: part.cpu().numpy() for name, part in tuned_state(self.backbone).items()}
        return {
            "weight": self.head.weight.detach().cpu().numpy(),
            "bias": self.head.bias.detach().cpu().numpy(),
            "encoder": np.frombuffer(self.backbone.digest.encode(), np.uint8),
            **behind(ADAPTER, tuned),
        }


def saved_cross_encoder(config: PairRankerConfig, state: State) -> SavedScorer:
    """A cross-encoder of a saved model, from what ``CrossEncoder.state`` gave."""
    return SavedScorer(state, partial(_open, config))


def _open(config: PairRankerConfig, state: State) -> CrossEncoder:
    backbone = load_backbone(config.language)
    check_same(config.language, backbone.digest, state["encoder"], "pairs cannot be scored")
    opened = CrossEncoder(backbone, config)
    adapter = {name: torch.tensor(part) for name, part in inside(state, ADAPTER).items()}
    load_tuned_state(backbone, adapter)
    with torch.no_grad():
        opened.head.weight.copy_(torch.tensor(state["weight"]))
        opened.head.bias.copy_(torch.tensor(state["bias"]))
    return opened.eval()
