"""Batches of texts for pre-training, and their loss."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from penchant.language import batches_by_length

from .masking import Masking, Vocabulary, word_numbers
from .objectives import IGNORED

if TYPE_CHECKING:
    from penchant.language import LanguageModel


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of like length.

    Attributes:
        ids: tokens read, (batch, length) int64, padded at the end.
        labels: tokens to learn, (batch, length) int64, ``IGNORED`` elsewhere.
        mask: which are text, (batch, length) bool.
    """

    ids: Tensor
    labels: Tensor
    mask: Tensor


class Batches:
    """An epoch of batches at each call, with new masks.

    Attributes:
        count: batches in an epoch.
        given: batches handed out; whoever reads it may set it back.
    """

    def __init__(
        self,
        model: LanguageModel,
        texts: Sequence[str],
        masking: Masking | None,
        whole_words: bool,
        tokens: int,
        rng: np.random.Generator,
    ) -> None:
        """Tokenize; ``masking`` None is for a causal model, which learns every token."""
        self._device = model.model.device
        self._rows = tokens_of(model, texts)
        self._masking, self._rng, self._tokens = masking, rng, tokens
        self._lengths = np.array([len(row) for row in self._rows], np.int64)
        self._words = [np.arange(len(row)) for row in self._rows]
        tokenizer: Any = model.tokenizer
        if masking is not None:
            vocabulary = int(model.model.config.get_text_config().vocab_size)
            special = frozenset(int(token) for token in tokenizer.all_special_ids)
            self._vocabulary = Vocabulary(vocabulary, int(tokenizer.mask_token_id), special)
            if whole_words:
                self._words = word_numbers(tokenizer, texts, model.length)
        self.count = sum(1 for _ in batches_by_length(self._lengths, tokens, slack=1))
        self.given = 0

    def __call__(self, deadline: float = math.inf) -> Iterator[Batch]:
        """The batches of one epoch; none after the deadline (of ``time.monotonic``)."""
        for rows in batches_by_length(self._lengths, self._tokens, 1, self._rng):
            if time.monotonic() > deadline:
                return
            self.given += 1
            yield self._batch(rows)

    def _batch(self, rows: NDArray[np.int64]) -> Batch:
        longest = int(self._lengths[rows].max())
        ids = np.zeros((len(rows), longest), np.int64)
        labels = np.full((len(rows), longest), IGNORED, np.int64)
        for place, row in enumerate(rows.tolist()):
            own = self._rows[row]
            read, told = own, own
            if self._masking is not None:
                read, told = self._masking.hide(own, self._words[row], self._vocabulary, self._rng)
            ids[place, : len(own)], labels[place, : len(own)] = read, told
        mask = np.arange(longest) < self._lengths[rows][:, None]
        parts = (torch.from_numpy(part).to(self._device) for part in (ids, labels, mask))
        return Batch(*parts)


def tokens_of(model: LanguageModel, texts: Sequence[str]) -> list[NDArray[np.int64]]:
    """The tokens of each text, cut to the model's length; a decoder's begin and end as texts do."""
    tokenizer: Any = model.tokenizer
    found = tokenizer(list(texts), truncation=True, max_length=model.length)["input_ids"]
    if model.kind == "causal":
        begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
        found = [
            [*([begin] if begin is not None and row[:1] != [begin] else []), *row] for row in found
        ]
        found = [
            [*row[: model.length - 1], *([end] if end is not None and row[-1:] != [end] else [])]
            for row in found
        ]
    return [np.array(row, np.int64) for row in found]


def loss_of(model: LanguageModel, batch: Batch) -> Tensor:
    """The mean negative log-likelihood of the labelled tokens, in nats.

    That of ``LanguageModel.loss``; of a masked model the head sees the hidden tokens alone, which
    are one in seven, where the vocabulary is half of the work in a small model.
    """
    if model.kind != "masked":
        return model.loss(batch.ids, batch.labels, batch.mask)
    wanted = batch.labels != IGNORED
    with _only(model.model.base_model, wanted):
        given = {"input_ids": batch.ids, "attention_mask": batch.mask.long()}
        logits: Tensor = model.model(**given).logits  # (1, wanted, vocabulary)
    return functional.cross_entropy(
        logits[0].float(), batch.labels[wanted], reduction="sum"
    ) / wanted.sum().clamp(min=1)


@contextmanager
def _only(body: Any, wanted: Tensor) -> Iterator[None]:
    """Let the head see some tokens of the body's states, as one row, (1, wanted, hidden)."""

    def chosen(_module: object, _given: object, output: Any) -> Any:
        output.last_hidden_state = output.last_hidden_state[wanted][None]
        return output

    handle = body.register_forward_hook(chosen)
    try:
        yield
    finally:
        handle.remove()
