"""New events learned by a fitted network of the next item, beside what keeps it to the old ones."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from penchant.core import Sequences, TrainingFailed, generator
from penchant.tune import Distillation, train, windows
from penchant.tune.continual import (
    ElasticPenalty,
    Replay,
    diagonal_fisher,
    mixed_lessons,
    replay_of,
    targets,
    with_terms,
)

from .next_item import NextItem, rectangle
from .next_item_loss import Objective, Told
from .sequence_config import SequenceConfig
from .update_config import UpdateConfig

if TYPE_CHECKING:
    from penchant.core import Interactions

FISHER_ROWS = 16
"""Histories whose mean gradient is squared at once."""


@dataclass(frozen=True, slots=True)
class Material:
    """What an update learns from.

    Attributes:
        new: histories with new events; the others of them have weight 0.
        old: histories of old events.
        drawn: how negatives are drawn, half by new events and half by old ones, (items,) int64.
        known: items with old events, (items,).
    """

    new: Sequences
    old: Replay
    drawn: NDArray[np.int64]
    known: NDArray[np.bool_]


def material(
    interactions: Interactions,
    new: NDArray[np.bool_],
    config: SequenceConfig,
    update: UpdateConfig,
    seed: int,
) -> Material:
    """Sort the events into what an update learns from.

    Args:
        interactions: all events.
        new: which of them are new, (events,).
        config: how much of a history is read.
        update: how it is replayed.
        seed: of the reservoir.
    """
    events, length = interactions.events, config.history + 1
    fresh = windows(replace(events, weight=new.astype(np.float32)), length)
    fresh = fresh[targets(fresh) > 0]
    before = replace(events, weight=np.ones(len(events.item), np.float32)).where(~new)
    rng = generator(seed, "reservoir")
    replay = replay_of(before, length, update.replay_from, update.reservoir, rng)
    old, late = (
        np.bincount(events.item[which], minlength=len(interactions.items)) for which in (~new, new)
    )
    # among new events alone old items would be no candidates, and nothing would hold them down
    half = sum(part / max(int(part.sum()), 1) for part in (old, late))
    drawn = np.ceil(half * len(events.item) * 1e3).astype(np.int64)
    return Material(fresh, replay, drawn, old > 0)


def updated_network(
    network: NextItem,
    given: Material,
    config: SequenceConfig,
    update: UpdateConfig,
    seed: int,
    what: str,
) -> NextItem:
    """Train a network on new events.

    Args:
        network: a copy of the one that serves, over all items by now; it is changed.
        given: what is learned from.
        config: the settings it was fitted with: batches, negatives, the optimiser.
        update: the settings of the update.
        seed: of batches, negatives and dropout.
        what: the words beside the progress bar.

    Returns:
        The network; as it was where there is nothing to learn from.

    Raises:
        TrainingFailed: the loss, or an item's vector, is not a number.
    """
    rng = generator(seed, "update")
    lessons = mixed_lessons(given.new, given.old, update.replay, update.batch_tokens, rng)
    if not lessons.examples:
        return network.eval()
    before = copy.deepcopy(network).eval().requires_grad_(False)
    for part in (network.encoder, network.features):
        part.requires_grad_(update.learn == "all")
    loop = config.loop.loop(
        update.epochs, 0, update.learning_rate, config.weight_decay, warmup_steps=WARMUP
    )
    with torch.random.fork_rng(devices=[]):
        penalty = _penalty(network, given, config, update, seed)
        torch.manual_seed(seed)
        term = None
        if update.distil:
            term = Serving(before, torch.from_numpy(given.known), update.distil, update.temperature)
        objective = Objective(
            network, given.drawn, config.negatives, config.negative_power, rng, term
        )
        train(
            network,
            lessons,
            with_terms(objective, *([penalty] if penalty else [])),
            replace(loop, seconds=update.seconds),
            what=f"{what}, update",
        )
    network.requires_grad_()
    if not bool(torch.isfinite(network.items()).all()):
        raise TrainingFailed(
            f"{what}: after the update the item vectors are not numbers. The model that serves is "
            "untouched; try a tenth of the learning rate."
        )
    return network.eval()


WARMUP = 10
"""Steps over which the learning rate rises: the optimiser knows nothing of the gradients yet."""


class Serving:
    """What keeps a network to the one that serves: their answers over the items of before.

    What it learns: to tell the items that both know from each other as before, for old histories
    and new ones; how they stand to new items is left free. When to use it: beside replay, or where
    no old events are left ("learning without forgetting").

    Source: Z. Li and D. Hoiem, "Learning without Forgetting", ECCV 2016; with replay P. Buzzega et
    al., "Dark Experience for General Continual Learning", NeurIPS 2020.
    """

    def __init__(self, teacher: NextItem, known: Tensor, weight: float, temperature: float) -> None:
        """Args: teacher: frozen; known: which items have old events, (items,) bool."""
        self._teacher = teacher
        with torch.no_grad():
            self._items: Tensor = teacher.table().clone()  # (items, dim)
        self._known = known
        self._weight = weight
        self._loss = Distillation(temperature)

    def __call__(self, told: Told) -> Tensor:
        """The weighted divergence over the candidates of a batch, in nats."""
        distinct, place = _first_of_each(told.candidates)
        place = place[self._known[distinct]]
        if len(place) < 2:
            return told.states.sum() * 0.0
        codes = told.candidates[place]
        with torch.no_grad():
            vectors = functional.embedding(rectangle(told.inputs, told.inputs.item), self._items)
            states = self._teacher.read(vectors, told.inputs)[told.there]
            answer = states @ self._items[codes].T  # (events, known candidates)
        return self._weight * self._loss(told.states @ told.vectors[place].T, answer)


def _first_of_each(codes: Tensor) -> tuple[Tensor, Tensor]:
    """The distinct ones of some codes (n,), and where each stands first."""
    distinct, which = torch.unique(codes, return_inverse=True)
    place = torch.full((len(distinct),), len(codes)).scatter_reduce(
        0, which, torch.arange(len(codes)), "amin"
    )
    return distinct, place


def _penalty(
    network: NextItem,
    given: Material,
    config: SequenceConfig,
    update: UpdateConfig,
    seed: int,
) -> ElasticPenalty | None:
    if not update.elastic or not len(given.old.rows):
        return None
    rng = generator(seed, "fisher")
    rows = rng.permutation(len(given.old.rows))[: update.fisher]
    old = given.old.rows[np.sort(rows)]
    # against all items or a sample as in training, of those that there were before
    counts = np.where(given.known, given.drawn, 0)
    objective = Objective(network, counts, config.negatives, config.negative_power, rng)
    order = np.argsort(old.lengths, kind="stable")
    batches = (old[order[n : n + FISHER_ROWS]] for n in range(0, len(order), FISHER_ROWS))
    fisher = diagonal_fisher(network, batches, objective)
    return ElasticPenalty(network, fisher, update.elastic)
