"""Towers over pooled histories, trained with the language model below them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from penchant.core import Holdout, Sequences, generator
from penchant.language import LayerCache, PackedReader, load_backbone
from penchant.language.tuning import apply_tuning, frozen_below, penalty
from penchant.tune import (
    History,
    Lessons,
    LoopConfig,
    adapting,
    sampled_softmax,
    train,
    windows,
    without_dropout,
)

from .texts import Reader, empty
from .two_tower import TwoTowerConfig
from .two_tower_fitted import WEIGHT_DECAY, FittedTowers, arrays_of, ndcg_of, read_catalogue
from .two_tower_towers import Towers, right_aligned

if TYPE_CHECKING:
    from penchant.data import Dataset
    from penchant.language import Backbone

log = logging.getLogger(__name__)

WINDOW = 2
"""Windows are this many histories long: then most targets have a full history before them."""


class Pool(nn.Module):
    """Towers over pooled histories, with the language model below."""

    def __init__(
        self,
        config: TwoTowerConfig,
        data: Dataset,
        holdout: Holdout | None,
        seed: int,
        what: str,
    ) -> None:
        """Args: what: the words beside the progress bar; the others are those of ``fit_towers``."""
        super().__init__()
        self._config, self._holdout, self._what = config, holdout, what
        texts = data.catalogue.texts
        self._blank = np.array([not text.strip() for text in texts], bool)
        number = {t: n for n, t in enumerate(dict.fromkeys(t for t in texts if t.strip()))}
        self._place = np.array([number.get(text, -1) for text in texts], np.int64)
        self.backbone: Backbone | None = None
        self._frozen: Tensor | None = None
        if config.tuning is None or not number:
            self._frozen = torch.from_numpy(Reader(config.language).vectors(texts))
            dim = self._frozen.shape[1]
        else:
            self.backbone = load_backbone(config.language)
            below = frozen_below(config.tuning, len(self.backbone.blocks))
            self._cache = LayerCache(self.backbone, list(number), below)
            apply_tuning(self.backbone, config.tuning, seed)
            self._reader = PackedReader(self.backbone, self._cache)
            dim = self.backbone.dim
        self.towers = Towers(dim, config.history)
        events = data.interactions.events
        written = events.where(~self._blank[events.item])
        self._rows = windows(written, WINDOW * config.history + 1)
        self._rng = generator(seed, "batches")
        count = np.bincount(written.item, minlength=len(texts)).astype(np.float64)
        self._share = count / max(count.sum(), 1.0)
        self._even = np.flatnonzero(~self._blank)

    def fitted(self) -> FittedTowers:
        """Train, and read the catalogue with what came out."""
        config, history = self._config, History()
        if len(self._rows):
            batches = -(-len(self._rows) // config.batch)
            steps = config.epochs * batches
            validate = None if self._holdout is None else self._figure
            with adapting(self.backbone or self.towers, steps):
                history = train(
                    self,
                    Lessons(self._batches, len(self._rows.item) - len(self._rows), (self._rng,)),
                    self._loss,
                    LoopConfig(
                        config.epochs,
                        config.patience,
                        config.learning_rate,
                        WEIGHT_DECAY,
                        warmup_steps=min(50, 1 + batches // 4),
                        groups=(("towers.", config.tower_rate / config.learning_rate),),
                    ),
                    validate,
                    self._what,
                )
        else:
            log.warning("two-tower: no user has two events with a text; nothing was learned")
        self.eval()
        adapter = None if self.backbone is None else arrays_of(self.backbone)
        return FittedTowers(
            self._catalogue(),
            self.towers,
            adapter,
            tuple(history.validations),
            history.best_epoch,
        )

    def train(self, mode: bool = True) -> Pool:
        """Training mode, without the language model's own dropout: what is scored is learned."""
        super().train(mode)
        if self.backbone is not None:
            without_dropout(self.backbone)
        return self

    def _batches(self) -> Iterator[Sequences]:
        order = self._rng.permutation(len(self._rows))
        for start in range(0, len(order), self._config.batch):
            yield self._rows[order[start : start + self._config.batch]]

    def _vectors(self, items: NDArray[np.int64]) -> Tensor:
        """Unit text vectors (items, dim) of distinct items, each text read once."""
        if self._frozen is not None:
            return self._frozen[torch.from_numpy(items)]
        distinct, back = np.unique(self._place[items], return_inverse=True)
        read = functional.normalize(self._reader.vectors(distinct), dim=-1)
        return read[torch.from_numpy(back).to(read.device)].cpu()

    def _loss(self, batch: Sequences) -> tuple[Tensor, int]:
        config = self._config
        drawn = self._rng.choice(self._even, config.negatives)
        asked = np.concatenate([batch.item.astype(np.int64), drawn])
        distinct, place = np.unique(asked, return_inverse=True)
        vectors = self._vectors(distinct)  # (distinct, dim)
        codes, there = right_aligned(batch)
        box = np.zeros(codes.shape, np.int64)
        box[there] = place[: len(batch.item)]
        target = there.copy()
        target[np.arange(len(batch)), there.argmax(axis=1)] = False  # nothing came before the first
        mask = torch.from_numpy(there)
        users = self.towers.before(vectors[torch.from_numpy(box)], mask)[torch.from_numpy(target)]
        items = self.towers.items(vectors)
        positives = torch.from_numpy(box[target])
        # an item of the same window is no negative: it was liked before or will be
        own = np.zeros((len(batch), len(distinct)), bool)
        own[np.nonzero(there)[0], box[there]] = True
        clashes = torch.from_numpy(own[np.nonzero(target)[0]])
        expected = self._share[distinct] * int(target.sum()) + config.negatives / len(self._even)
        log_q = np.log(np.maximum(expected, 1e-12)) if config.log_q else np.zeros(len(distinct))
        loss = sampled_softmax(
            users / config.temperature,
            items[positives],
            items,
            torch.from_numpy(log_q.astype(np.float32)),
            clashes,
        )
        if self.backbone is not None:
            rule = penalty(self.backbone)
            loss = loss + rule.to(loss) if rule.requires_grad else loss
        return loss, len(positives)

    @torch.no_grad()
    def _catalogue(self) -> NDArray[np.float32]:
        """Unit text vectors of all items (items, dim); zeros where there is no text."""
        if self._frozen is not None:
            frozen: NDArray[np.float32] = self._frozen.numpy()
            return frozen
        assert self.backbone is not None  # noqa: S101 - without it the vectors are frozen
        return read_catalogue(self.backbone, self._cache, self._place)

    def _figure(self) -> float:
        vectors = self._catalogue()
        assert self._holdout is not None  # noqa: S101 - there is no validation without
        history = self._holdout.requests.history
        known = history.where(~empty(vectors)[history.item]).last(self._config.history)
        users = self.towers.users_of(vectors, known)
        return ndcg_of(users, self.towers.items_of(vectors), self._holdout)
