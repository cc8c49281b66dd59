"""Where the candidates of a list come from: the index, the scores of all items, or what is popular."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import Factored, Requests, Textual, Unsupported, generator
from penchant.retrieve import IndexConfig

from .ask import Ask, Past
from .candidates import Candidates, Mask, Source, Wanted, product, unknown
from .explain import FOR_ALL
from .growing import Grown
from .placed import Found, Growing, Placed
from .questions import Asking, Question
from .ranking import best_of
from .recommender import Recommender
from .similar import Similar
from .user_vectors import UserVectors

SCORES_AT_ONCE = 1 << 24
"""Most scores of all items held at once: 64 MB."""

VECTORS = 20_000
"""Most vectors of users kept: about 25 MB with histories of 50 events and 128 numbers."""


class Retrieval:
    """Finds candidates for questions, with one call of the model and one of the index for a batch.

    Attributes:
        recommender: the model, its catalogue and its training events.
        asking: reads asks.
        placed: the index over the model's item vectors; None where it has none.
        vectors: keeps users' vectors.
        popularity: what the events of each item count, (items,).
    """

    def __init__(
        self, recommender: Recommender, placed: Placed | None, popularity: NDArray[np.floating]
    ) -> None:
        self.recommender, self.placed = recommender, placed
        self.popularity = popularity
        items = recommender.catalogue.items
        self.asking = Asking(
            recommender.interactions, items, recommender.abilities, recommender.name
        )
        self.vectors = UserVectors(VECTORS)
        self._similar = Similar(recommender.model, placed)
        self._popular = _falling(popularity)

    @classmethod
    def of(cls, recommender: Recommender, index: Growing | IndexConfig | None = None) -> Self:
        """Around a recommender, with an index over its item vectors, made here unless given."""
        model, placed = recommender.model, None
        if isinstance(model, Factored):
            placed = Placed.of(model.item_vectors(), index, partial(_some_users, recommender))
        return cls(recommender, placed, trained_popularity(recommender))

    def grown(self, more: Grown) -> Self:
        """After items were put. The index is shared with this one, and has them from now on."""
        recommender, placed, own = more.recommender, self.placed, copy.copy(self)
        if placed is not None and isinstance(recommender.model, Factored):
            moved = more.changed if isinstance(recommender.model, Textual) else more.changed[:0]
            placed = placed.grown(recommender.model.item_vectors(), moved)
        popularity = np.zeros(len(recommender.catalogue))
        popularity[: len(self.popularity)] = self.popularity
        own.recommender, own.placed, own.popularity = recommender, placed, popularity
        own.asking = self.asking.over(recommender.interactions, recommender.catalogue.items)
        own._similar = self._similar.grown(recommender.model, placed, more.changed)
        if len(more.changed):  # else who met only items that are as they were has the same vector
            own.vectors = UserVectors(VECTORS)
        return own

    def with_popularity(self, popularity: NDArray[np.floating]) -> Self:
        """With other counts (items,), and the same index."""
        own = copy.copy(self)
        own.popularity, own._popular = popularity, _falling(popularity)
        return own

    @property
    def item_vectors(self) -> NDArray[np.float32] | None:
        """The model's vectors of all items (items, dim), or else those of their texts."""
        model = self.recommender.model
        if isinstance(model, Factored):
            return model.item_vectors()
        return model.text_vectors() if isinstance(model, Textual) else None

    def candidates(
        self, questions: Sequence[Question], wanted: Sequence[Wanted], popular: bool = True
    ) -> list[Candidates]:
        """Candidates for each question, in order.

        Args:
            questions: what is asked.
            wanted: how many candidates each is to have.
            popular: whether those of whom nothing is known are to have popular items, or none.
        """
        found: list[Candidates | None] = [None] * len(questions)
        asked = []
        for row, (question, want) in enumerate(zip(questions, wanted, strict=True)):
            if question.similar is not None:
                found[row] = self._like(question.similar, want)
            elif self._told(question) and self.asking.able(question):
                asked.append(row)
            else:
                found[row] = self._fallback(want if popular else Wanted(0, None, True))
        rest = self._by_vectors(questions, wanted, asked, found)
        self._by_scores(questions, wanted, rest, found)
        return [one for one in found if one is not None]

    def _told(self, question: Question) -> bool:
        """Whether there is anything for the model to go by, or it wants nothing."""
        something = len(question.events.item) or question.query
        return bool(something) or self.recommender.name in FOR_ALL

    def _like(self, item: int, want: Wanted) -> Candidates:
        """Items like one: by vectors, or else what goes with a past of that item alone."""
        model = self.recommender.model
        if not isinstance(model, Factored | Textual):
            return self._after(item, want)
        codes, scores = self._similar(item, want.most, want.allowed)
        return Candidates(codes, scores, "similar", unknown)

    def _after(self, item: int, want: Wanted) -> Candidates:
        """What a model without vectors ranks for somebody who chose this item and no other.

        Raises:
            Unsupported: it ranks alike for all, or for those only that it learned from.
        """
        model, name = self.recommender.model, self.recommender.name
        if name in FOR_ALL or not model.abilities.new_users:
            raise Unsupported(
                f"{name} cannot say what is like an item: it has vectors of neither items nor "
                "texts, and no history of somebody new tells it anything. Use a model such as "
                "text-sequence, sasrec, item-knn or ease."
            )
        if not np.any(self.recommender.interactions.events.item == item):
            return Candidates(np.zeros(0, np.int32), np.zeros(0, np.float32), "similar", unknown)
        past = (Past(self.recommender.catalogue.items.name(item)),)
        asked = self.asking.requests([self.asking.question(Ask(past=past))])
        (scores,) = np.asarray(model.score(asked), np.float32)  # (items,)
        codes, best = _best(scores, want, name)
        return Candidates(codes, best, "similar", unknown)

    def _fallback(self, want: Wanted) -> Candidates:
        codes, scores = self._popular
        kept = _first(codes, want.allowed, want.most)
        source: Source = "popular" if len(kept) else "none"
        return Candidates(codes[kept], scores[kept], source, unknown)

    def _by_vectors(
        self,
        questions: Sequence[Question],
        wanted: Sequence[Wanted],
        rows: Sequence[int],
        found: list[Candidates | None],
    ) -> Sequence[int]:
        """Ask the index; the rows that have no vector are left, and given back."""
        model = self.recommender.model
        if not rows or self.placed is None or not isinstance(model, Factored):
            return rows
        items = model.item_vectors()
        users = self.vectors.of([questions[row] for row in rows], self._users)
        some = np.any(users, axis=1)
        together: dict[object, list[int]] = {}
        for place in np.flatnonzero(some).tolist():
            want = wanted[rows[place]]
            together.setdefault("shared" if want.shared else place, []).append(place)
        for places in together.values():
            wants = [wanted[rows[place]] for place in places]
            most = max(want.most for want in wants)
            lists = self.placed.search(users[places], most, wants[0].allowed)
            for place, (codes, scores) in zip(places, lists, strict=True):
                score_of = product(items, users[place])
                found[rows[place]] = Candidates(codes, scores, "model", score_of)
        return [rows[place] for place in np.flatnonzero(~some).tolist()]

    def _by_scores(
        self,
        questions: Sequence[Question],
        wanted: Sequence[Wanted],
        rows: Sequence[int],
        found: list[Candidates | None],
    ) -> None:
        """Ask the model for the scores of all items."""
        model = self.recommender.model
        step = max(1, SCORES_AT_ONCE // max(1, len(self.recommender.catalogue)))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            requests = self.asking.requests([questions[row] for row in part])
            scores = np.asarray(model.score(requests), np.float32)  # (rows, items)
            for row, own in zip(part, scores, strict=True):
                codes, best = _best(own, wanted[row], model.name)
                found[row] = Candidates(codes, best, "model", own.take)

    def _users(self, questions: Sequence[Question]) -> NDArray[np.float32]:
        model = self.recommender.model
        if not isinstance(model, Factored):
            return np.zeros((len(questions), 0), np.float32)
        return model.user_vectors(self.asking.requests(questions))


def trained_popularity(recommender: Recommender) -> NDArray[np.float64]:
    """Training events of each item, (items,)."""
    return recommender.interactions.counts().astype(np.float64)


def _some_users(recommender: Recommender, most: int) -> NDArray[np.float32]:
    """The vectors of training users drawn at random, (rows, dim)."""
    model, interactions = recommender.model, recommender.interactions
    warm = np.flatnonzero(interactions.events.lengths)
    if not isinstance(model, Factored) or not len(warm):
        return np.zeros((0, 1), np.float32)
    rows = generator(0, "index", "users").choice(warm, min(most, len(warm)), replace=False)
    items = recommender.catalogue.items
    history = interactions.events[rows]
    asked = Requests(interactions.users, items, rows.astype(np.int32), history)
    return model.user_vectors(asked)


def _best(scores: NDArray[np.float32], want: Wanted, name: str) -> Found:
    if want.allowed is not None:
        scores = np.where(want.allowed, scores, np.float32("-inf"))
    codes, best = best_of(scores[None], want.most, name)
    there = codes[0] >= 0
    return codes[0][there], best[0][there]


def _first(codes: NDArray[np.int32], allowed: Mask | None, most: int) -> NDArray[np.int64]:
    """The places of the first ``most`` codes that are allowed, looked for no further than that."""
    if allowed is None:
        return np.arange(min(most, len(codes)))
    step, found, so_far = 4 * most + 1, [np.zeros(0, np.int64)], 0
    for start in range(0, len(codes), step):
        found.append(start + np.flatnonzero(allowed[codes[start : start + step]]))
        so_far += len(found[-1])
        if so_far >= most:
            break
    return np.concatenate(found)[:most]


def _falling(popularity: NDArray[np.floating]) -> Found:
    """Codes of the items that have any, most first, and the share of the greatest of each."""
    some = np.flatnonzero(popularity > 0)
    codes: NDArray[np.int32] = some[np.argsort(-popularity[some], kind="stable")].astype(np.int32)
    shares = popularity[codes] / max(float(popularity.max(initial=0.0)), 1e-12)
    return codes, shares.astype(np.float32)
