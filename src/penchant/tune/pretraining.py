"""Domain pre-training: a language model reads a catalogue's texts before it is tuned or frozen.

Source: S. Gururangan et al., "Don't Stop Pretraining: Adapt Language Models to Domains and Tasks",
ACL 2020.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from penchant.core import UsageError, generator
from penchant.language import DEFAULT_MODEL
from penchant.language.tuning import (
    Adapters,
    BitFit,
    Full,
    PrefixTuning,
    PromptTuning,
    Tuning,
    adds_parts,
    apply_tuning,
    merged,
    penalty,
)

from .corpus import Corpus
from .history import Lessons
from .loop import train
from .masking import Masking
from .pretrain_batches import Batch, Batches, loss_of
from .pretrain_head import head_parameters, open_with_head
from .pretrain_save import record, save_pretrained
from .rank_schedule import adapting
from .settings import LoopConfig

if TYPE_CHECKING:
    from penchant.language import LanguageModel


@dataclass(frozen=True, slots=True)
class PretrainConfig:
    """How a language model reads texts of a domain."""

    epochs: int = 3
    """Most passes over the texts."""
    minutes: float | None = None
    """Stop after this long; the epoch it happens in still counts."""
    tuning: Tuning = field(default_factory=Full)
    """Which weights learn: full, top-layers, lora, adalora, bitfit or ia3, the ways that can be
    merged into the weights."""
    learning_rate: float = 5e-5
    """Step size; 5e-4 suits lora, bitfit and ia3."""
    masking: Masking = field(default_factory=Masking)
    """What is hidden from a masked model."""
    whole_words: bool = False
    """Hide words as a whole rather than tokens."""
    length: int = 128
    """Tokens after which a text is cut."""
    batch_tokens: int = 2048
    """Tokens of a batch, padding included."""
    weight_decay: float = 0.01
    """Decay of matrices."""
    patience: int = 0
    """Epochs without a better perplexity before training stops."""
    head_epochs: int = 2
    """Passes in which a new head learns alone, where the model comes without one."""
    head_learning_rate: float = 1e-3
    """Step size of those."""


@dataclass(frozen=True)
class Pretrained:
    """A language model after pre-training.

    Attributes:
        language: the name of the base.
        base: digest of the base's files.
        model: with its head.
        before: perplexity on the texts held out, before anything was learned. Of a model without a
            head it is that of an untrained one, and says nothing.
        with_head: perplexity once a new head was trained over the unchanged model: what to compare
            ``after`` with. None where the model had a head.
        after: perplexity at the end.
        validations: perplexity on the choosing texts, before and after each epoch.
        epoch: the epoch that was kept; 0 where none was better than the base.
        texts: texts learned from.
        seconds: of the whole.
        config: the settings.
        seed: the seed.
    """

    language: str
    base: str
    model: LanguageModel
    before: float
    with_head: float | None
    after: float
    validations: tuple[float, ...]
    epoch: int
    texts: int
    seconds: float
    config: PretrainConfig
    seed: int

    def save(self, folder: str | Path) -> None:
        """Write a folder that ``load_encoder``, ``load_backbone`` and ``TextSequence`` open.

        It holds the weights with the head, tokenizer, the base's way of pooling, and in
        ``pretraining.json`` how it came about. It appears whole or not at all.

        Raises:
            UsageError: there is something of that name already.
        """
        save_pretrained(self, Path(folder))

    def to_json(self) -> dict[str, Any]:
        """What ``pretraining.json`` says: base, perplexities, settings, seed."""
        return record(self)


def pretrain(
    language: str | Path = DEFAULT_MODEL,
    corpus: Corpus | None = None,
    config: PretrainConfig | None = None,
    seed: int = 0,
    device: str | None = None,
) -> Pretrained:
    """Go on training a language model on texts without labels.

    Encoders guess hidden tokens (masked language modelling), decoders the next token. A model of
    sentence-transformers comes without the head for that: a new one begins as the identity before
    the tied embeddings, and learns alone first, so that its noise does not reach the model.

    Args:
        language: a packaged model, a folder, or a Hugging Face id.
        corpus: of ``corpus_of`` or ``corpus_of_texts``.
        config: the settings.
        seed: order, masks and dropout.
        device: such as ``"cuda"``; by default the GPU where there is one.

    Raises:
        UsageError: no corpus, or a way of tuning that cannot be merged into the weights.
        Unsupported: an encoder-decoder, or as ``load_language_model``.
        TrainingFailed: the loss is not a number.
    """
    if corpus is None:
        raise UsageError(
            "corpus: missing. Make one with corpus_of(train) or corpus_of_texts(texts)."
        )
    config = config or PretrainConfig()
    if isinstance(config.tuning, Adapters | PrefixTuning | PromptTuning):
        raise UsageError(
            f"tuning={config.tuning.name}: pre-training ends in weights, and this way adds parts "
            "that no weight can hold. Take full, top-layers, lora, adalora, bitfit or ia3."
        )
    started = time.monotonic()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model, fresh = open_with_head(language, device)
        model.length = min(model.length, config.length)
        run = _Run(model, corpus, config, seed)
        before, with_head = model.perplexity(corpus.judge), None
        if fresh:
            run.learn_head()
            with_head = model.perplexity(corpus.judge)
        validations, epoch = run.learn(fresh)
    after = model.perplexity(corpus.judge) if epoch else (with_head or before)
    return Pretrained(
        language=str(language),
        base=model.digest,
        model=merged(model).eval(),
        before=before,
        with_head=with_head,
        after=after,
        validations=tuple(validations),
        epoch=epoch,
        texts=len(corpus.learn),
        seconds=time.monotonic() - started,
        config=config,
        seed=seed,
    )


class _Run:
    """A model with what it learns from."""

    def __init__(
        self, model: LanguageModel, corpus: Corpus, config: PretrainConfig, seed: int
    ) -> None:
        self._model, self._corpus, self._config, self._seed = model, corpus, config, seed
        self._rng = generator(seed, "pre-training")
        masking = config.masking if model.kind == "masked" else None
        self._batches = Batches(
            model, corpus.learn, masking, config.whole_words, config.batch_tokens, self._rng
        )

    def learn_head(self) -> None:
        """Train the head alone."""
        config = self._config
        self._model.requires_grad_(False)
        for weight in head_parameters(self._model):
            weight.requires_grad_()
        loop = LoopConfig(
            max(config.head_epochs, 1),
            patience=0,
            learning_rate=config.head_learning_rate,
            warmup_steps=10,
        )
        if config.head_epochs:
            lessons = Lessons(self._batches, len(self._corpus.learn), (self._rng,))
            train(self._model, lessons, self._loss, loop, what="a head for masked tokens")

    def learn(self, fresh: bool) -> tuple[list[float], int]:
        """Train as the settings say; perplexities on the choosing texts, and the epoch kept."""
        config, model = self._config, self._model
        apply_tuning(model, config.tuning, self._seed)
        if isinstance(config.tuning, BitFit) and adds_parts(model):
            raise UsageError(
                "tuning=bitfit: this language model has no biases, and its folder could not hold "
                "those that would be learned. Take full, top-layers, lora, adalora or ia3."
            )
        if fresh:  # the head is as young as what is tuned
            for weight in head_parameters(model):
                weight.requires_grad_()
        start = model.perplexity(self._corpus.choose)
        base = [(p, p.detach().clone()) for p in model.parameters() if p.requires_grad]
        deadline = math.inf if config.minutes is None else time.monotonic() + 60 * config.minutes

        def validate() -> float:
            if not self._batches.given:
                return -math.inf  # out of time: nothing was learned since
            self._batches.given = 0
            return -model.perplexity(self._corpus.choose)

        steps = config.epochs * self._batches.count
        loop = LoopConfig(
            config.epochs,
            patience=config.patience,
            learning_rate=config.learning_rate,
            weight_decay=config.weight_decay,
            warmup_steps=max(1, min(50, steps // 10)),
            schedule="linear",
        )
        lessons = Lessons(lambda: self._batches(deadline), len(self._corpus.learn), (self._rng,))
        self._batches.given = 0
        with adapting(model, steps):
            history = train(model, lessons, self._loss, loop, validate, "pre-training")
        figures = [start, *(-figure for figure in history.validations if math.isfinite(figure))]
        if min(figures) < start:
            return figures, history.best_epoch
        with torch.no_grad():  # nothing was better than the base
            for weight, kept in base:
                weight.copy_(kept)
        return figures, 0

    def _loss(self, batch: Batch) -> tuple[Tensor, int]:
        return loss_of(self._model, batch) + penalty(self._model), len(batch.ids)
