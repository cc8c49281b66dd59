"""The loss of a network of the next item: each event of a history predicts the one after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from penchant.core import Sequences
from penchant.tune import NegativeSampler, sampled_softmax, softmax

from .next_item import NextItem, rectangle

FULL_SOFTMAX_ITEMS = 3_000
"""Catalogues up to this size are trained against every item unless the config says otherwise."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the network said of a batch, for a term that compares it with another's answer.

    Attributes:
        inputs: the histories, each without its last event.
        there: which of their events predict something that is learned from, (rows, longest).
        states: the state after each of those, (events, dim).
        candidates: codes of the items that the next one was to be told from, (candidates,).
        vectors: of those, (candidates, dim).
    """

    inputs: Sequences
    there: Tensor
    states: Tensor
    candidates: Tensor
    vectors: Tensor


Term = Callable[[Told], Tensor]
"""Something to be added to the loss of a batch."""


class Objective:
    """The loss of a batch of windows: each event predicts the item after it.

    An event of weight 0 is read and not learned from.
    """

    def __init__(
        self,
        network: NextItem,
        counts: NDArray[np.int64],
        negatives: int | None,
        power: float,
        rng: np.random.Generator,
        term: Term | None = None,
    ) -> None:
        """Prepare.

        Args:
            network: that is trained.
            counts: events of each item in training, (items,); those without are no candidates.
            negatives: items sampled, 0 for all; None for what the size of the catalogue asks for.
            power: of the counts, in drawing them.
            rng: draws them.
            term: added to the loss.
        """
        self._network = network
        self._rng = rng
        self._term = term
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
        keep = np.ones(len(batch.item), bool)
        keep[batch.indptr[:-1]] = False
        asked = batch.weight[keep] > 0  # an input and its target stand at the same place
        there = rectangle(inputs, asked).bool()
        targets = torch.from_numpy(batch.item[keep][asked].astype(np.int64))  # (events,)
        if self._sampler is None:
            loss, states, candidates, vectors = self._full(inputs, codes, there, targets)
        else:
            drawn = self._sampler.draw(self._rng)
            loss, states, candidates, vectors = self._sampled(inputs, codes, there, targets, drawn)
        if self._term is not None:
            loss = loss + self._term(Told(inputs, there, states, candidates, vectors))
        return loss, len(targets)

    def _full(
        self, inputs: Sequences, codes: Tensor, there: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        items = self._network.table(self._warm)  # (warm, dim)
        states = self._network.read(
            functional.embedding(self._place[codes].clamp(min=0), items), inputs
        )[there]
        return softmax(states, items, self._place[targets]), states, self._warm, items

    def _sampled(
        self,
        inputs: Sequences,
        codes: Tensor,
        there: Tensor,
        targets: Tensor,
        drawn: tuple[NDArray[np.int64], NDArray[np.float32]],
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        sample, log_q = (torch.from_numpy(part) for part in drawn)
        # an item's vector is made once a step, however often the item occurs
        asked = torch.cat([codes.flatten(), targets, sample])
        distinct, place = torch.unique(asked, return_inverse=True)
        vectors = functional.embedding(place, self._network.table(distinct))
        parts = [codes.numel(), len(targets), len(sample)]
        known, positives, negatives = torch.split(vectors, parts)
        states = self._network.read(known.view(*codes.shape, -1), inputs)[there]  # (events, dim)
        clashes = targets[:, None] == sample[None, :]
        loss = sampled_softmax(states, positives, negatives, log_q, clashes)
        return loss, states, sample, negatives
