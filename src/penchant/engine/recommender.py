"""The object that answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from penchant import models
from penchant.core import (
    Abilities,
    Catalogue,
    Holdout,
    IdMap,
    Interactions,
    Model,
    Recommendation,
    Recommendations,
    Requests,
    UsageError,
)

from . import bundle
from .asking import known_codes, listed, near, one_request, refuse_unable
from .catalogues import with_more_items
from .explain import Reason, reasons
from .histories import answerable, completed
from .predicting import predicted
from .ranking import Listing, Ranked, ranked
from .seen import seen

if TYPE_CHECKING:
    from penchant.data import Dataset
    from penchant.models import ModelClass


@dataclass(frozen=True, slots=True)
class Recommender:
    """A fitted model with its catalogue and the events it learned from.

    Attributes:
        model: gives scores.
        catalogue: what can be recommended.
        interactions: the training events: histories of known users, and what was seen.
    """

    model: Model
    catalogue: Catalogue
    interactions: Interactions

    @property
    def name(self) -> str:
        """The name of the model, such as ``"ease"``."""
        return self.model.name

    @property
    def config(self) -> Any:
        """The settings of the model."""
        return self.model.config

    @property
    def abilities(self) -> Abilities:
        """What the model can do without being trained again."""
        return self.model.abilities

    def recommend(  # noqa: PLR0913 -- the one call of the public API; all but k are named
        self,
        *,
        user: str | None = None,
        history: Sequence[str] | None = None,
        query: str | None = None,
        k: int = 10,
        exclude: Sequence[str] = (),
        candidates: Sequence[str] | None = None,
        keep_seen: bool = False,
        explain: bool = False,
    ) -> Recommendations:
        """The best items for somebody.

        Args:
            user: a user of the training events; the stored history is used unless one is given.
            history: item ids, oldest first, of anybody; ids the catalogue lacks are dropped.
            query: words, for models that read.
            k: most items to list; fewer where fewer are left.
            exclude: item ids not to list.
            candidates: the only item ids to list; None for the whole catalogue. Where none is
                left after ``exclude`` and the history, the list is empty.
            keep_seen: whether items of the history may be listed.
            explain: whether to give the strongest reason for each.

        Raises:
            UsageError: an unknown user with nothing else, or no id that the catalogue holds.
            Unsupported: the model cannot answer such a question.
        """
        request = self._asked(user, history, query)
        allowed = self._candidates(candidates, exclude)
        k = min(k, max(len(self.catalogue), 1))
        ((_, codes, scores),) = self.rank(request, k, allowed, keep_seen=keep_seen)
        found = codes[0][codes[0] >= 0]
        why: list[tuple[Reason, ...]] = [()] * len(found)
        if explain and len(found):
            why = reasons(self.model, self.catalogue, request, found, n=1)
        return Recommendations(
            tuple(
                Recommendation(
                    self.catalogue.items.name(code),
                    float(score),
                    self.catalogue.titles[code],
                    tuple(map(str, because)),
                )
                for code, score, because in zip(found, scores[0], why, strict=False)
            )
        )

    def explain(
        self,
        *,
        item: str,
        user: str | None = None,
        history: Sequence[str] | None = None,
        query: str | None = None,
        n: int = 3,
    ) -> tuple[Reason, ...]:
        """Why the model gives this item its score: at most ``n`` reasons, strongest first.

        Raises:
            UsageError: an unknown item or user.
            Unsupported: the model cannot answer such a question.
        """
        request = self._asked(user, history, query)
        code = self.catalogue.items.code(item)
        if code < 0:
            raise UsageError(
                f"{item!r} is not one of the {len(self.catalogue)} items"
                f"{near(item, self.catalogue.items)}."
            )
        return reasons(self.model, self.catalogue, request, np.array([code]), n)[0]

    def rank(
        self,
        requests: Requests,
        k: int,
        candidates: NDArray[np.integer] | None = None,
        batch: int = 512,
        keep_seen: bool = False,
    ) -> Iterator[Ranked]:
        """The best ``k`` items for each of many requests.

        Items of a request's history are not listed. A known user asked about without a history has
        the stored one. A request that the model cannot answer (see ``can_answer``) has an empty list.

        Args:
            requests: in any codes; ids unknown here are dropped.
            k: length of the lists.
            candidates: the only items to list, in the codes of ``requests.items``.
            batch: most requests at a time.
            keep_seen: whether items of the history may be listed.

        Raises:
            UsageError: k or batch below 1, or a candidate that is no code of ``requests.items``.

        Yields:
            a slice of the requests, their items (rows, k) in the codes of ``requests.items``, and
            scores (rows, k); short lists end in ``UNKNOWN`` and ``-inf``.
        """
        listing = Listing(k, candidates, batch, keep_seen)
        return ranked(self.model, self.catalogue, self.interactions, requests, listing)

    def predict(self, events: Dataset, causal: bool = False) -> NDArray[np.float32]:
        """What is foretold for events: the probability of a like, or a rating.

        Events of users and items that the model does not know are answered too, by what it knows.

        Args:
            events: who was shown what, when; their values are not used, or with ``causal`` only
                for events of a later time.
            causal: the state that a server has that keeps up with the events: the history of each
                is everything strictly before its time, and so are the counters. Otherwise the
                state is that of the end of training.

        Returns:
            one number an event, in the order of ``events.interactions.events``.

        Raises:
            Unsupported: the model only ranks.
            UsageError: causal, and the events have times where the training events have positions,
                or the other way round.
        """
        return predicted(self.model, self.catalogue, self.interactions, events, causal=causal)

    def can_answer(self, requests: Requests) -> NDArray[np.bool_]:
        """Which requests the model has the abilities for, (rows,)."""
        own = requests.aligned(self.interactions.users, self.catalogue.items)
        return answerable(own, self.interactions, self.abilities)

    def add_items(self, catalogue: Catalogue) -> Recommender:
        """A recommender that also knows new items, placed by their text without training.

        Args:
            catalogue: the new items; those known already are left as they are.

        Raises:
            Unsupported: the model cannot place an item from its text.
        """
        merged = with_more_items(self.catalogue, catalogue)
        if merged is self.catalogue:
            return self
        model = self.model.with_catalogue(merged)
        return Recommender(model, merged, replace(self.interactions, items=merged.items))

    def seen(self, holdout: Holdout) -> int:
        """How many truth events of a holdout are among the training events."""
        return seen(self.interactions, holdout)

    def save(self, path: str | Path) -> None:
        """Write everything to a folder, whole or not at all.

        Args:
            path: the folder; an earlier bundle there is replaced.

        Raises:
            UsageError: there is something at ``path`` that is not a bundle.
            BundleError: the disk refused.
        """
        bundle.save(path, self.model, self.catalogue, self.interactions)

    @classmethod
    def load(cls, path: str | Path, models: Sequence[type[ModelClass]] = models.ALL) -> Self:
        """Read what ``save`` wrote: the same lists, bit by bit. Needs no network, runs no code.

        Args:
            path: the folder.
            models: model classes that may be in it; give your own here.

        Raises:
            BundleError: damaged, newer, or not a recommender.
        """
        return cls(*bundle.load(path, models))

    def _asked(
        self, user: str | None, history: Sequence[str] | None, query: str | None
    ) -> Requests:
        request = one_request(self.interactions, self.catalogue.items, user, history, query)
        if not answerable(request, self.interactions, self.abilities)[0]:
            refuse_unable(request, self.interactions, self.abilities, self.name)
        return completed(request, self.interactions)

    def _candidates(
        self, candidates: Sequence[str] | None, exclude: Sequence[str]
    ) -> NDArray[np.int64] | None:
        barred = listed(exclude, "exclude")
        if candidates is None and not barred:
            return None
        items: IdMap = self.catalogue.items
        allowed = np.full(len(items), candidates is None)
        if candidates is not None:
            allowed[known_codes(candidates, items, "candidates")] = True
        codes = items.codes(barred)
        allowed[codes[codes >= 0]] = False
        return np.flatnonzero(allowed)


def load(path: str | Path) -> Recommender:
    """Read a recommender that ``Recommender.save`` wrote.

    Raises:
        BundleError: damaged, newer, or not a recommender.
    """
    return Recommender.load(path)
