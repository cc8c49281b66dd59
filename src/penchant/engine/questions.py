"""Asks in external ids, checked and turned into codes and arrays: work for each event, none for the catalogue."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    UNKNOWN,
    Abilities,
    IdMap,
    Interactions,
    Requests,
    Sequences,
    Unsupported,
    UsageError,
)
from penchant.rank import Seen

from .ask import Ask, Past

MOST = 1_000
"""Longest list, offset included: beyond it a service would be emptied page by page."""

UNTOLD = math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One ask in the codes of an engine.

    Attributes:
        ask: as it came.
        user: code of a user of the training events whose past may be used, or ``UNKNOWN``.
        events: what they did, one row; items of the catalogue only.
        seen: the same for the policy.
        query: words, or None.
        similar: code of the item whose like is wanted, or None.
        exclude: codes of items that are not wanted, the one whose like is wanted included.
    """

    ask: Ask
    user: int
    events: Sequences
    seen: Seen
    query: str | None
    similar: int | None
    exclude: NDArray[np.int32]

    @property
    def depth(self) -> int:
        """How many places are chosen, those left out by the offset included."""
        return self.ask.k + self.ask.offset

    @property
    def barred(self) -> int:
        """At most so many items are kept from the list by what was seen or is excluded."""
        return len(self.events.item) + len(self.exclude)

    @property
    def key(self) -> tuple[object, ...]:
        """All that a model is told: the same key, the same vector."""
        events = self.events
        parts = (events.item, events.time, events.kind, events.weight)
        return (self.user, self.query, *(part.tobytes() for part in parts))


class Asking:
    """Reads asks.

    Args:
        interactions: the training events.
        items: the ids behind the item codes.
        abilities: what the model can do.
        name: of the model, for errors.
    """

    def __init__(
        self, interactions: Interactions, items: IdMap, abilities: Abilities, name: str
    ) -> None:
        self._interactions, self._items = interactions, items
        self._abilities, self._name = abilities, name
        events = interactions.events
        self._newest = float(events.time.max(initial=-np.inf)) if len(events.item) else 0.0
        self._kind = {kind: code for code, kind in enumerate(interactions.kinds)}
        self._weight = _weights(interactions)

    def over(self, interactions: Interactions, items: IdMap) -> Asking:
        """The same where items were put: as many events, and what was counted of them."""
        other = copy.copy(self)
        other._interactions, other._items = interactions, items
        return other

    def question(self, ask: Ask) -> Question:
        """One ask, read.

        Raises:
            UsageError: a length or weight out of range, or an item to be like that is not there.
            Unsupported: words, and the model does not read.
        """
        _check_numbers(ask)
        query = ask.query if ask.query and ask.query.strip() else None
        if query is not None and ask.similar_to is not None:
            raise UsageError("ask with words or for what is like an item, not both: leave one out.")
        if query is not None and not self._abilities.queries:
            raise Unsupported(
                f"{self._name} does not read words, so it cannot answer a query. Use a model that "
                "reads text, such as text-sequence, text-mean or star."
            )
        similar = None if ask.similar_to is None else self.item(ask.similar_to)
        exclude = self._items.codes(ask.exclude)
        if similar is not None:
            exclude = np.append(
                exclude, np.int32(similar)
            )  # nobody asks what is like it for itself
        row = self._interactions.users.code(ask.user_id) if ask.user_id is not None else UNKNOWN
        if ask.past is None:
            events = self._stored(row)
            kinds = [self._interactions.kinds[kind] for kind in events.kind.tolist()]
            times = events.time if self._interactions.timed else np.full(len(kinds), UNTOLD)
            seen = Seen(events.item, kinds, times)
        else:
            events, seen = self._told(ask.past)
            row = row if len(ask.past) else UNKNOWN  # nothing is to be used, nothing learned either
        return Question(ask, row, events, seen, query, similar, exclude[exclude >= 0])

    def item(self, name: str) -> int:
        """The code of an item.

        Raises:
            UsageError: the catalogue does not hold it.
        """
        code = self._items.code(name)
        if code < 0:
            raise UsageError(
                f"{name!r} is not one of the {len(self._items):,} items. Put it first, or ask with "
                "an id of the catalogue."
            )
        return code

    def requests(self, questions: Sequence[Question]) -> Requests:
        """Questions as a batch for a model."""
        rows = [question.events for question in questions]
        indptr = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row.item) for row in rows], out=indptr[1:])
        history = Sequences(
            indptr,
            np.concatenate([row.item for row in rows]),
            np.concatenate([row.time for row in rows]),
            np.concatenate([row.weight for row in rows]),
            np.concatenate([row.kind for row in rows]),
            np.concatenate([row.value for row in rows]),
        )
        user = np.array([question.user for question in questions], np.int32)
        queries = tuple(question.query for question in questions)
        asked = queries if any(queries) else None
        return Requests(self._interactions.users, self._items, user, history, asked)

    def able(self, question: Question) -> bool:
        """Whether the model ranks for such a person: a new one, or one it learned from."""
        if self._abilities.new_users:
            return True
        if question.user < 0:
            return False
        start, end = self._interactions.events.indptr[question.user : question.user + 2]
        return bool(end > start)

    def _stored(self, row: int) -> Sequences:
        """The training events of a user, one row; none of somebody new."""
        events = self._interactions.events
        start, end = events.indptr[row : row + 2].tolist() if row >= 0 else (0, 0)
        part = slice(start, end)
        return Sequences(
            np.array([0, end - start]),
            events.item[part],
            events.time[part],
            events.weight[part],
            events.kind[part],
            events.value[part],
        )

    def _told(self, past: Sequence[Past]) -> tuple[Sequences, Seen]:
        """What somebody did: for the model, of the catalogue's items only, and for the policy."""
        names, moments, kinds = zip(*past, strict=True) if past else ((), (), ())
        codes = self._items.codes(names)
        times = np.array(moments, np.float64)
        get, many = self._kind.get, len(self._kind) > 1
        kind = (
            np.fromiter(map(get, kinds, itertools.repeat(0)), np.int16, len(codes))
            if many
            else None
        )
        seen = Seen(codes, kinds, times)
        known = codes >= 0
        if not known.all():
            codes, times = codes[known], times[known]
            kind = None if kind is None else kind[known]
        kind = np.zeros(len(codes), np.int16) if kind is None else kind
        events = Sequences(
            np.array([0, len(codes)]),
            codes,
            self._dated(times),
            self._weight[kind],
            kind,
            np.full(len(codes), np.nan, np.float32),
        )
        return events, seen

    def _dated(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Times as the model learned them: seconds, or positions; the unknown after all training."""
        place = np.arange(len(times), dtype=np.float64)
        if not self._interactions.timed:
            return place
        untold = np.isnan(times)
        return np.where(untold, self._newest + place, times) if untold.any() else times


def _weights(interactions: Interactions) -> NDArray[np.float32]:
    """What an event of each kind counted in training, on average, (kinds,); 1 where none came."""
    events, kinds = interactions.events, len(interactions.kinds)
    count = np.bincount(events.kind, minlength=kinds)
    total = np.bincount(events.kind, events.weight, kinds)
    found: NDArray[np.float32] = np.where(count > 0, total / np.maximum(count, 1), 1.0).astype(
        np.float32
    )
    return found


def _check_numbers(ask: Ask) -> None:
    if ask.k < 1 or ask.offset < 0 or ask.k + ask.offset > MOST:
        raise UsageError(
            f"k must be at least 1, offset at least 0, and both together at most {MOST:,}: got "
            f"k={ask.k} and offset={ask.offset}."
        )
    if ask.diversity is not None and not 0 <= ask.diversity <= 1:
        raise UsageError(f"diversity must be from 0 to 1, got {ask.diversity!r}.")
