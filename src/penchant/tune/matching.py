"""Tuning a language model on pairs of texts, so that a text lies near what belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from penchant.core import TrainingFailed, generator
from penchant.language import LayerCache, PackedReader
from penchant.language.tuning import apply_tuning, frozen_below, penalty

from .history import History, Lessons
from .loop import train
from .matching_pairs import TextPairs
from .objectives import InBatchSoftmax
from .rank_schedule import adapting
from .settings import LoopConfig

if TYPE_CHECKING:
    from penchant.language import Backbone
    from penchant.language.tuning import Tuning


@dataclass(frozen=True, slots=True)
class MatchingConfig:
    """How a language model is tuned on pairs."""

    batch: int = 64
    """Pairs in a batch: the positives of the others are a pair's negatives."""
    epochs: int = 1
    """Most passes over the pairs."""
    patience: int = 2
    """Validations without a better figure before training stops."""
    learning_rate: float = 2e-3
    """Step size of AdamW: about 2e-3 for LoRA and the like, 1e-4 where weights are trained."""
    weight_decay: float = 0.01
    """Decay of matrices."""
    warmup: float = 0.1
    """Share of the steps over which the learning rate rises; afterwards it falls to zero."""
    temperature: float = 0.05
    """What cosines are divided by."""
    log_q: bool = True
    """Correct for how often each text is a positive, and so a negative of others: without it
    popularity is unlearned (Yi et al. 2019, sampling-bias-corrected neural modeling)."""
    symmetric: bool = False
    """Whether a positive must find its anchor as well."""
    run: int = 1
    """Neighbouring pairs of a user that stay together in a batch and share their texts."""
    dropout: bool = False
    """Keep the model's own dropout where it runs."""
    precision: Literal["float32", "bfloat16", "auto"] = "float32"
    """Arithmetic of the forward pass; auto takes bfloat16 where the machine is faster with it."""


def tune_on_pairs(  # noqa: PLR0913 - the last two are named
    backbone: Backbone,
    pairs: TextPairs,
    way: Tuning,
    config: MatchingConfig | None = None,
    seed: int = 0,
    validate: Callable[[], float] | None = None,
    *,
    cached: bool = True,
    what: str = "tuning on pairs",
) -> History:
    """Tune a language model in place.

    Every distinct text of a batch is read once, without padding, and the blocks that the way of
    tuning leaves alone are computed once for all texts before the first step.

    Args:
        backbone: a fresh one.
        pairs: what belongs together.
        way: which parameters are trained.
        config: batches, rates and the loss.
        seed: of the order of the pairs and of added parameters.
        validate: a figure to maximise after each epoch.
        cached: whether the untouched lower blocks are computed once; the numbers are the same
            either way, but for the dropout of those blocks where ``config.dropout`` is on.
        what: the words beside the progress bar.

    Raises:
        TrainingFailed: there are no two pairs, or the loss is not a number.
    """
    config = config or MatchingConfig()
    if len(pairs) < 2:
        raise TrainingFailed(
            f"{what}: {len(pairs)} pairs of different texts. In-batch negatives need two or more; "
            "are there users with two events whose items have a text?"
        )
    steps = -(-len(pairs) // config.batch)
    below = frozen_below(way, len(backbone.blocks)) if cached else 0
    cache = LayerCache(backbone, pairs.texts, below)
    apply_tuning(backbone, way, seed)
    network = Matching(backbone, cache, config, pairs.log_q() if config.log_q else None)
    rng = generator(seed, "pairs")
    with torch.random.fork_rng(devices=[]), adapting(backbone, config.epochs * steps):
        torch.manual_seed(seed)
        return train(
            network,
            Lessons(lambda: pairs.batches(config.batch, rng, config.run), len(pairs), (rng,)),
            lambda batch: (network(batch), len(batch)),
            LoopConfig(
                config.epochs,
                config.patience,
                config.learning_rate,
                config.weight_decay,
                warmup_steps=int(config.warmup * steps * config.epochs),
                schedule="linear",
                precision=config.precision,
            ),
            validate,
            what,
        )


class Matching(nn.Module):
    """A language model between pairs of texts and the loss."""

    def __init__(
        self,
        backbone: Backbone,
        cache: LayerCache,
        config: MatchingConfig,
        log_q: NDArray[np.float32] | None = None,
    ) -> None:
        """Join the parts.

        Args:
            backbone: with its way of tuning on it.
            cache: the texts of the pairs, filled by this backbone.
            config: what the loss is.
            log_q: of each text as a positive, (texts,); None for no correction.
        """
        super().__init__()
        self.backbone = backbone
        self._dropout = config.dropout
        self._reader = PackedReader(backbone, cache)
        self._loss = InBatchSoftmax(config.temperature, symmetric=config.symmetric)
        self._log_q = None if log_q is None else torch.from_numpy(log_q).to(backbone.model.device)

    def forward(self, pairs: TextPairs) -> Tensor:
        """The mean loss of a batch, in nats."""
        distinct, place = np.unique(np.stack([pairs.anchor, pairs.positive]), return_inverse=True)
        vectors = self._reader.vectors(distinct)  # (distinct, dim)
        where, item, user = (
            torch.from_numpy(part).to(vectors.device)
            for part in (place.reshape(2, -1), pairs.positive, pairs.group)
        )
        anchors, positives = vectors[where[0]], vectors[where[1]]
        log_q = None if self._log_q is None else self._log_q[item]
        loss = self._loss(anchors, positives, item=item, user=user, log_q=log_q)
        rule = penalty(self.backbone)
        return loss + rule if rule.requires_grad else loss

    def train(self, mode: bool = True) -> Matching:
        """Training mode; the language model's own dropout stays off unless it was asked for."""
        super().train(mode)
        if not self._dropout:
            without_dropout(self.backbone)
        return self


def without_dropout(backbone: nn.Module) -> None:
    """Switch a language model's own dropout off, that of a way of tuning left as it is."""
    for name, part in backbone.named_modules():
        if not name.endswith("lora_dropout.default"):
            part.training = False
