"""What is foretold for events: the probability of a like, or a rating, one an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    Catalogue,
    IdMap,
    Interactions,
    Model,
    Pairs,
    Requests,
    Sequences,
    Unsupported,
    UsageError,
    before,
)

if TYPE_CHECKING:
    from penchant.data import Dataset


@runtime_checkable
class Predictor(Protocol):
    """A model that foretells what comes of a pair."""

    def predict(self, pairs: Pairs) -> NDArray[np.float32]:
        """A probability or a rating for each pair, (rows,)."""
        ...


@runtime_checkable
class Replayer(Protocol):
    """A model whose counters can go on after training."""

    def replay(self, pairs: Pairs, value: NDArray[np.float32]) -> NDArray[np.float32]:
        """As ``predict``; what came of a pair may be used for pairs of a later time only."""
        ...


def predicted(
    model: Model, catalogue: Catalogue, interactions: Interactions, events: Dataset, *, causal: bool
) -> NDArray[np.float32]:
    """What a model foretells for events; see ``Recommender.predict``."""
    if not isinstance(model, Predictor):
        raise Unsupported(
            f"{model.name} ranks items, and foretells neither clicks nor ratings. Use click-model "
            "or rating-model, or a model of your own with a method 'predict'."
        )
    asked = events.interactions
    if causal and asked.timed != interactions.timed:
        have = ("positions", "times")
        raise UsageError(
            f"causal: the training events have {have[interactions.timed]}, these have "
            f"{have[asked.timed]}, so nothing tells what came before what. Give both the same "
            "column, timestamp or position."
        )
    to_item = asked.items.onto(catalogue.items)
    item = to_item[asked.events.item].astype(np.int32)
    user = asked.users.onto(interactions.users)
    row, time = asked.events.row, asked.events.time
    if causal:
        known = _merged(interactions, asked, to_item, user)
        history = before(known, row, time)
    else:
        history = _stored(interactions, user)[row]
    requests = Requests(interactions.users, catalogue.items, user[row], history)
    pairs = Pairs(requests, item, time)
    if causal and isinstance(model, Replayer):
        return model.replay(pairs, asked.events.value)
    return model.predict(pairs)


def seen_events(interactions: Interactions, events: Interactions) -> int:
    """How many events stand among the training events: same user, item and time."""
    user = events.users.onto(interactions.users)
    item = events.items.onto(interactions.items)
    of_user = np.isin(events.events.row, np.flatnonzero(user >= 0))
    trained = interactions.events
    same_time = interactions.timed == events.timed
    keys = set(
        zip(
            trained.row.tolist(),
            trained.item.tolist(),
            (trained.time if same_time else np.zeros(len(trained.time))).tolist(),
            strict=True,
        )
    )
    asked = events.events
    times = asked.time if same_time else np.zeros(len(asked.time))
    found = zip(
        user[asked.row][of_user].tolist(),
        item[asked.item][of_user].tolist(),
        times[of_user].tolist(),
        strict=True,
    )
    return sum(key in keys for key in found)


def _stored(interactions: Interactions, user: NDArray[np.int32]) -> Sequences:
    """The training events of each asked user, (users asked about,); none of somebody new."""
    nobody = Sequences.of_items(np.zeros(1, np.int64), np.zeros(0, np.int32))
    return interactions.events.joined(nobody)[np.where(user >= 0, user, len(interactions.events))]


def _merged(
    interactions: Interactions,
    asked: Interactions,
    to_item: NDArray[np.int32],
    user: NDArray[np.int32],
) -> Sequences:
    """Training and asked events of each asked user, oldest first."""
    old = _stored(interactions, user)
    kinds = IdMap(asked.kinds).onto(IdMap(interactions.kinds))
    kind = np.maximum(kinds, 0).astype(np.int16)[asked.events.kind]
    given = asked.events
    new = Sequences(
        given.indptr, given.item, given.time, given.weight, kind, given.value
    ).with_items(to_item[given.item].astype(np.int32))
    both = old.joined(new)
    row = np.concatenate([old.row, new.row])
    order = np.lexsort((both.time, row))  # stable: training events come first among equal times
    lengths = old.lengths + new.lengths
    return Sequences(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        both.item[order],
        both.time[order],
        both.weight[order],
        both.kind[order],
        both.value[order],
    )
