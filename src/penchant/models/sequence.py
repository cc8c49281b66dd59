"""Fitting a network to the next item: batches, validation, early stopping, one last full run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from penchant.core import Holdout, Interactions, Sequences, TrainingFailed, generator, top_k
from penchant.data import validation_split
from penchant.language import batches_by_length
from penchant.metrics import hits, ndcg
from penchant.tune import History, Lessons, train, windows

from .next_item import NextItem
from .next_item_loss import Objective
from .sequence_config import SequenceConfig

if TYPE_CHECKING:
    from penchant.data import Dataset

UNVALIDATED_EPOCHS = 20
"""Most epochs where no user has enough events to hold one out."""

REFIT_SHARE = 0.2
"""Where more of the users than this were held out, their last events are worth a second run."""


Build = Callable[[Interactions], NextItem]
"""Makes an untrained network for some training events."""

Cut = Callable[["Dataset", int, int], tuple["Dataset", Holdout]]
"""From training events, most users to ask and a seed: what is learned from, and what is asked."""


@dataclass(slots=True)
class Fitted:
    """A network trained on all events, and the one that validation chose its epochs by.

    Attributes:
        network: the result.
        history: of its training.
        judged: trained without the last events of the held-out users; ``network`` itself where
            those were too few for a second run.
        inner: the events that ``judged`` has seen.
        holdout: the last events of some users; None where nobody has enough.
    """

    network: NextItem
    history: History
    judged: NextItem
    inner: Interactions
    holdout: Holdout | None


def fit_network(
    build: Build,
    config: SequenceConfig,
    data: Dataset,
    seed: int,
    what: str,
    cut: Cut = validation_split,
) -> Fitted:
    """Train a network on the next items of ``data``.

    Args:
        build: makes the network.
        config: the settings.
        data: all training events.
        seed: of the weights, of batches and of validation.
        what: the words beside the progress bar.
        cut: what is held out for validation; the last events by default.

    Raises:
        TrainingFailed: nobody has two events, or the loss is not a number.
    """
    with torch.random.fork_rng(devices=[]):
        inner, holdout = cut(data, config.validation_users, seed)
        if not len(holdout):
            config = dataclasses.replace(config, epochs=min(config.epochs, UNVALIDATED_EPOCHS))
            network, history = _run(build, config, data.interactions, seed, what)
            return Fitted(network, history, network, data.interactions, None)
        judged, history = _run(build, config, inner.interactions, seed, what, holdout)
        network = judged
        if wants_refit(config.refit, data, holdout):
            again = dataclasses.replace(config, epochs=history.best_epoch)
            network, last = _run(build, again, data.interactions, seed, f"{what}, on all events")
            history.losses += last.losses
            history.seconds += last.seconds
    return Fitted(network, history, judged, inner.interactions, holdout)


def wants_refit(refit: bool | None, data: Dataset, holdout: Holdout) -> bool:
    """Whether a second run, on all events, is due.

    Args:
        refit: the setting; None for a run where much was held out.
        data: all training events.
        holdout: what validation took of them.
    """
    if refit is not None:
        return refit
    share = len(holdout) / int((data.interactions.events.lengths > 0).sum())
    return share > REFIT_SHARE or holdout.candidates is not None  # whole items were hidden


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
    rows, rng = rows_of(interactions, config.history, what), generator(seed, "batches")
    validate = None
    if holdout is not None:
        validate = partial(validation_ndcg, network, holdout, config.history)
    history = train(
        network,
        lessons_of(rows, config.batch_tokens, rng),
        Objective(network, interactions.counts(), config.negatives, config.negative_power, rng),
        config.loop.loop(
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


def rows_of(interactions: Interactions, history: int, what: str) -> Sequences:
    """The windows of the histories that are learned from.

    Raises:
        TrainingFailed: nobody has two events.
    """
    rows = windows(interactions.events, history + 1)
    if not len(rows):
        raise TrainingFailed(
            f"{what}: no user has two events, so there is no next item to learn from. "
            "Try item-knn, ease or text-mean."
        )
    return rows


def lessons_of(rows: Sequences, tokens: int, rng: np.random.Generator) -> Lessons[Sequences]:
    """Windows in batches of like length, in another order each epoch."""

    def batches() -> Iterator[Sequences]:
        for chosen in batches_by_length(rows.lengths, tokens, 1, rng):
            yield rows[chosen]

    return Lessons(batches, examples=len(rows.item) - len(rows), rngs=(rng,))


def cut_of(validation: str) -> Cut:
    """How events are held out for early stopping: ``cold-items``, or the last ones."""
    return cold_split if validation == "cold-items" else validation_split


def cold_split(train: Dataset, most: int, seed: int) -> tuple[Dataset, Holdout]:
    """Hide a tenth of the items, and ask at most ``most`` users which of those they met."""
    # far from the seeds that people choose: the same draw as that of a test split would hide nothing
    inner, holdout = train.split("cold-items:0.1", (seed + 1_000_003) % 2**32)
    if len(holdout) > most:
        rows = generator(seed, "validation").choice(len(holdout), most, replace=False)
        holdout = holdout[np.sort(rows)]
    return inner, holdout


def validation_ndcg(network: NextItem, holdout: Holdout, length: int) -> float:
    """Mean NDCG@10 over the held-out users, their history excluded.

    All items are ranked, or the candidates of the holdout.

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
        if part.candidates is not None:
            others = np.ones(scores.shape[1], bool)
            others[part.candidates] = False
            scores[:, others] = -np.inf
        found, _ = top_k(scores, 10)
        total += float(
            ndcg(hits(found, part.truth.indptr, part.truth.item), part.truth.lengths).sum()
        )
    return total / len(holdout)
