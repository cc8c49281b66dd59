"""Texts of any lengths in one pass without padding: their tokens one after the other.

Most of a transformer treats each token alone, so padding there is work for nothing: a batch of 128
product titles, padded to the longest, was 4.8 times the tokens. Here the tokens of all texts make
one row; only attention has to know where a text ends, and it is computed for texts of similar
length together. The positions of each text count from its own start.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from .batches import batches_by_length
from .layers import SAME, TOKENS_A_BATCH, LayerCache, _standing_aside

if TYPE_CHECKING:
    from .backbone import Backbone

log = logging.getLogger(__name__)

ATTENTION = "penchant_packed"
"""Name of this attention among those of transformers."""

ALIKE = 0.4
"""How much shorter than the longest of its group a text may be in attention, as a share of it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Texts of similar length.

    Attributes:
        place: where each of their tokens stands in the row, (texts, longest) int64; padding points
            at the text's first token.
        mask: which are tokens and not padding, (texts, longest) bool.
        even: whether there is no padding.
    """

    place: Tensor
    mask: Tensor
    even: bool


_groups: ContextVar[tuple[Group, ...]] = ContextVar("groups")

_turn = RLock()
"""A model's attention is switched for all threads, so one of them reads at a time."""


class TokenLists:
    """Token ids that are read once and not kept: what a cache is to a reader, without a cache.

    Attributes:
        tokens: the token ids of each text.
        lengths: how many there are, (texts,) int64.
    """

    _states: None = None  # no layer of these was computed before

    def __init__(self, tokens: Sequence[Sequence[int]]) -> None:
        self.tokens = tokens
        self.lengths = np.array([len(row) for row in tokens], np.int64)

    def __len__(self) -> int:
        return len(self.tokens)

    def vectors(self, backbone: Backbone, rows: NDArray[np.int64]) -> Tensor:
        """Vectors (batch, dim) of some texts in one padded pass."""
        return backbone.vectors([self.tokens[row] for row in rows.tolist()])


class PackedReader:
    """Reads texts of a cache with gradients, all texts of a step in one pass.

    Models whose attention transformers does not compute by its attention interface (T5, DeBERTa),
    and those with learned tokens before the text (prefix and prompt tuning), are read in batches of
    like length instead. Which of the two it is, is measured on some texts when the reader is made.

    Attributes:
        packs: whether texts go through in one row.
    """

    def __init__(self, backbone: Backbone, cache: LayerCache | TokenLists) -> None:
        """Args: backbone: as it will be trained, its way of tuning on it; cache: filled by it."""
        self.backbone = backbone
        self.cache = cache
        self._first = 0  # RoBERTa's positions begin after that of padding
        AttentionInterface.register(ATTENTION, attend)
        self.packs = len(cache) > 0 and self._sound()
        if not self.packs and len(cache):
            log.info("texts of this language model cannot be packed; read by length instead")

    def over(self, tokens: TokenLists) -> PackedReader:
        """The same reader for other texts."""
        other = copy.copy(self)
        other.cache = tokens
        return other

    def vectors(self, rows: NDArray[np.int64]) -> Tensor:
        """Vectors (rows, dim) of texts by their numbers in the cache, in the order given."""
        order = np.argsort(-self.cache.lengths[rows], kind="stable")
        # checkpointing runs the blocks again in the backward pass, where the layout is gone
        again = bool(getattr(self.backbone.model, "is_activation_checkpointing", False))
        if self.packs and not again:
            found = self._packed(rows[order])
        else:
            order, parts = self._by_length(rows)
            found = torch.cat(parts)
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return found[torch.from_numpy(back).to(found.device)]

    def _by_length(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[Tensor]]:
        places, parts = [], []
        for batch in batches_by_length(self.cache.lengths[rows], TOKENS_A_BATCH):
            places.append(batch)
            parts.append(self.cache.vectors(self.backbone, rows[batch]))
        return np.concatenate(places), parts

    def _packed(self, rows: NDArray[np.int64]) -> Tensor:
        """Vectors of texts that are sorted by length, longest first."""
        backbone, cache = self.backbone, self.cache
        lengths = cache.lengths[rows]
        device = backbone.model.device
        groups = tuple(grouped(lengths, device))
        tokens = [cache.tokens[row] for row in rows.tolist()]
        ids = torch.tensor([token for row in tokens for token in row], device=device)[None]
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        position = np.arange(int(lengths.sum())) - np.repeat(starts, lengths)
        with _packing(backbone, groups), _lower(cache, backbone, rows, position):
            states = backbone.model(
                input_ids=ids,
                position_ids=torch.from_numpy(position + self._first).to(device)[None],
            ).last_hidden_state[0]  # (tokens, hidden)
        states = states.float()
        return torch.cat([backbone.pool(states[group.place], group.mask) for group in groups])

    def _sound(self) -> bool:
        """Whether some texts, the longest among them, have the same vectors packed and alone."""
        if getattr(self.backbone.model.config, "_attn_implementation", None) != "sdpa":
            return False
        order = np.argsort(self.cache.lengths, kind="stable")
        rows = np.unique(order[np.linspace(0, len(order) - 1, 4).astype(np.int64)])
        training, padding = self.backbone.training, self.backbone.tokenizer.pad_token_id
        self.backbone.eval()
        try:
            with torch.no_grad():
                alone = torch.cat(
                    [self.cache.vectors(self.backbone, rows[[n]]) for n in range(len(rows))]
                )
                for first in dict.fromkeys((0, 1 + (padding or 0))):
                    self._first = first
                    if self._same(rows, alone):
                        return True
        finally:
            self.backbone.train(training)
        return False

    def _same(self, rows: NDArray[np.int64], alone: Tensor) -> bool:
        order = np.argsort(-self.cache.lengths[rows], kind="stable")
        try:
            packed = self._packed(rows[order])
        except (RuntimeError, TypeError, ValueError, AttributeError, IndexError, LookupError):
            return False
        return bool((packed - alone[order]).abs().max() <= SAME)


def grouped(lengths: NDArray[np.int64], device: torch.device | str = "cpu") -> Iterator[Group]:
    """Texts that stand one after the other, longest first, in groups of similar length."""
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    begin = 0
    while begin < len(lengths):
        longest = int(lengths[begin])
        end = int(np.searchsorted(-lengths, -longest * (1 - ALIKE), side="right"))
        end = max(end, begin + 1)
        column = np.arange(longest)
        mask = column < lengths[begin:end, None]  # (texts, longest)
        place = starts[begin:end, None] + np.where(mask, column, 0)
        yield Group(
            torch.from_numpy(place).to(device),
            torch.from_numpy(mask).to(device),
            bool(mask.all()),
        )
        begin = end


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    is_causal: bool | None = None,
    **named: Any,
) -> tuple[Tensor, None]:
    """Attention of each text to itself.

    Args:
        module: an attention layer.
        query: (1, heads, tokens, width), the tokens of all texts.
        key: (1, key heads, tokens, width).
        value: the same shape.
        attention_mask: None; where texts end is known from the layout.
        is_causal: whether a token sees those before it only; by default what the module says.
        named: what else transformers hands over.
    """
    causal = bool(getattr(module, "is_causal", False) if is_causal is None else is_causal)
    parts = []
    for group in _groups.get():
        # padding is at the end, so a causal token never sees it
        mask = None if group.even or causal else group.mask[:, None, None, :]
        q, k, v = (
            part[0].transpose(0, 1)[group.place].transpose(1, 2) for part in (query, key, value)
        )
        found, _ = sdpa_attention_forward(module, q, k, v, mask, is_causal=causal, **named)
        parts.append(
            found.flatten(0, 1) if group.even else found[group.mask]
        )  # (tokens, heads, width)
    return torch.cat(parts)[None], None


@contextmanager
def _lower(
    cache: LayerCache | TokenLists,
    backbone: Backbone,
    rows: NDArray[np.int64],
    position: NDArray[np.int64],
) -> Iterator[None]:
    """The lower blocks give the states that the cache holds of these texts, where it holds any."""
    if cache._states is None:
        yield
        return
    place = np.repeat(cache._starts[rows], cache.lengths[rows]) + position
    states = torch.from_numpy(np.asarray(cache._states[place]))[None].to(backbone.model.device)
    with _standing_aside(backbone.blocks[: cache.below], states, cache._returned):
        yield


@contextmanager
def _packing(backbone: Backbone, groups: Sequence[Group]) -> Iterator[None]:
    config: Any = backbone.model.config
    _turn.acquire()
    before, token = config._attn_implementation, _groups.set(tuple(groups))
    config._attn_implementation = ATTENTION
    try:
        yield
    finally:
        config._attn_implementation = before
        _groups.reset(token)
        _turn.release()
