"""Fitting a network to the next item: batches, validation, early stopping, one last full run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from penchant.core import Holdout, Interactions, Sequences, TrainingFailed, generator, top_k
from penchant.data import validation_split
from penchant.metrics import ndcg
from penchant.tune import (
    History,
    Lessons,
    LoopConfig,
    NegativeSampler,
    by_length,
    sampled_softmax,
    softmax,
    train,
    windows,
)

from .next_item import NextItem, rectangle
from .sequence_config import SequenceConfig

if TYPE_CHECKING:
    from penchant.data import Dataset

FULL_SOFTMAX_ITEMS = 3_000
"""Catalogues up to this size are trained against every item unless the config says otherwise."""

UNVALIDATED_EPOCHS = 20
"""Most epochs where no user has enough events to hold one out."""

REFIT_SHARE = 0.2
"""Where more of the users than this were held out, their last events are worth a second run."""


Build = Callable[[Interactions], NextItem]
"""Makes an untrained network for some training events."""


def fit_network(
    build: Build, config: SequenceConfig, data: Dataset, seed: int, what: str
) -> tuple[NextItem, History]:
    """Train a network on the next items of ``data``.

    Raises:
        TrainingFailed: nobody has two events, or the loss is not a number.
    """
    with torch.random.fork_rng(devices=[]):
        inner, holdout = validation_split(data, config.validation_users, seed)
        if not len(holdout):
            config = dataclasses.replace(config, epochs=min(config.epochs, UNVALIDATED_EPOCHS))
            return _run(build, config, data.interactions, seed, what)
        network, history = _run(build, config, inner.interactions, seed, what, holdout)
        share = len(holdout) / int((data.interactions.events.lengths > 0).sum())
        if config.refit or (config.refit is None and share > REFIT_SHARE):
            again = dataclasses.replace(config, epochs=history.best_epoch)
            network, last = _run(build, again, data.interactions, seed, f"{what}, on all events")
            history.losses += last.losses
            history.seconds += last.seconds
    return network, history


def _run(
    build: Build,
    config: SequenceConfig,
    interactions: Interactions,
    seed: int,
    what: str,
    holdout: Holdout | None = None,
) -> tuple[NextItem, History]:
    torch.manual_seed(seed)
    network = build(interactions)
    rows = windows(interactions.events, config.history + 1)
    if not len(rows):
        raise TrainingFailed(
            f"{what}: no user has two events, so there is no next item to learn from. "
            "Try item-knn, ease or text-mean."
        )
    rng = generator(seed, "batches")
    validate = None
    if holdout is not None:
        validate = partial(validation_ndcg, network, holdout, config.history)
    history = train(
        network,
        Lessons(
            lambda: _batches(rows, config.batch_tokens, rng), examples=len(rows.item) - len(rows)
        ),
        Objective(network, interactions.counts(), config.negatives, config.negative_power, rng),
        LoopConfig(
            config.epochs,
            config.patience,
            config.learning_rate,
            config.weight_decay,
            warmup_steps=min(50, 1 + len(rows.item) // config.batch_tokens),
        ),
        validate,
        what,
    )
    return network, history


def _batches(lessons: Sequences, tokens: int, rng: np.random.Generator) -> Iterator[Sequences]:
    for rows in by_length(lessons.lengths, tokens, rng):
        yield lessons[rows]


class Objective:
    """The loss of a batch of windows: each event predicts the item after it."""

    def __init__(
        self,
        network: NextItem,
        counts: NDArray[np.int64],
        negatives: int | None,
        power: float,
        rng: np.random.Generator,
    ) -> None:
        """Args: counts: events of each item in training, (items,)."""
        self._network = network
        self._rng = rng
        warm = np.flatnonzero(counts)
        size = (0 if len(warm) <= FULL_SOFTMAX_ITEMS else 2048) if negatives is None else negatives
        self._sampler = NegativeSampler(counts, size, power) if size else None
        self._warm = torch.from_numpy(warm)
        self._place = torch.full((len(counts),), -1, dtype=torch.int64)
        self._place[self._warm] = torch.arange(len(warm))  # item code -> row among warm items

    def __call__(self, batch: Sequences) -> tuple[Tensor, int]:
        """The mean loss of a batch and the number of predictions it is the mean of."""
        inputs = batch.without_last()
        codes = rectangle(inputs, inputs.item)  # (rows, longest)
        there = rectangle(inputs, np.ones(len(inputs.item), np.int64)).bool()
        keep = np.ones(len(batch.item), bool)
        keep[batch.indptr[:-1]] = False
        targets = torch.from_numpy(batch.item[keep].astype(np.int64))  # (events,)
        if self._sampler is None:
            return self._full(inputs, codes, there, targets), len(targets)
        drawn = self._sampler.draw(self._rng)
        return self._sampled(inputs, codes, there, targets, drawn), len(targets)

    def _full(self, inputs: Sequences, codes: Tensor, there: Tensor, targets: Tensor) -> Tensor:
        items = self._network.table(self._warm)  # (warm, dim)
        states = self._network.read(
            functional.embedding(self._place[codes].clamp(min=0), items), inputs
        )
        return softmax(states[there], items, self._place[targets])

    def _sampled(
        self,
        inputs: Sequences,
        codes: Tensor,
        there: Tensor,
        targets: Tensor,
        drawn: tuple[NDArray[np.int64], NDArray[np.float32]],
    ) -> Tensor:
        sample, log_q = (torch.from_numpy(part) for part in drawn)
        # an item's vector is made once a step, however often the item occurs
        asked = torch.cat([codes.flatten(), targets, sample])
        distinct, place = torch.unique(asked, return_inverse=True)
        vectors = functional.embedding(place, self._network.table(distinct))
        parts = [codes.numel(), len(targets), len(sample)]
        known, positives, negatives = torch.split(vectors, parts)
        states = self._network.read(known.view(*codes.shape, -1), inputs)[there]  # (events, dim)
        clashes = targets[:, None] == sample[None, :]
        return sampled_softmax(states, positives, negatives, log_q, clashes)


def validation_ndcg(network: NextItem, holdout: Holdout, length: int) -> float:
    """Mean NDCG@10 over the held-out users, every item ranked, their history excluded.

    Raises:
        TrainingFailed: an item vector is not a number.
    """
    items = network.items()
    if not bool(torch.isfinite(items).all()):
        raise TrainingFailed("the item vectors are not numbers. Try a tenth of the learning rate.")
    total = 0.0
    for start in range(0, len(holdout), 512):
        part = holdout[slice(start, start + 512)]
        history = part.requests.history
        scores = network.users(history.last(length), items) @ items.numpy().T  # (rows, items)
        scores[history.row, history.item] = -np.inf
        found, _ = top_k(scores, 10)
        hits = found == part.truth.item[part.truth.indptr[:-1], None]
        total += float(ndcg(hits, part.truth.lengths).sum())
    return total / len(holdout)
