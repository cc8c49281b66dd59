"""Candidates, rank and policy as one object: what a service asks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from penchant import models
from penchant.core import BundleError, Catalogue, PenchantError, UsageError
from penchant.rank import ItemFields, Policy, PolicyConfig
from penchant.retrieve import IndexConfig

from . import kept
from .ask import Answer, Ask, Explanation
from .golden import Golden, disagreement, golden_asks
from .growing import Fields, grown
from .kept import Kept
from .lists import Lists
from .placed import Growing
from .recommender import Recommender
from .retrieval import Retrieval, trained_popularity
from .versions import version_of

if TYPE_CHECKING:
    from penchant.models import ModelClass


class Engine:
    """Answers questions: candidates of a model, by an index, arranged by a policy.

    Thread-safe. Nothing in it changes but its cache of user vectors; ``with_items`` and the like
    give another engine, and whoever holds this one may go on asking it.

    Attributes:
        policy: what may be listed and in which order.
        version: the name of the model in answers.
    """

    def __init__(self, retrieval: Retrieval, policy: Policy, version: str) -> None:
        self.policy = policy
        self.version = version
        self._retrieval = retrieval
        self._lists = Lists(retrieval, policy, version)

    @classmethod
    def of(
        cls,
        recommender: Recommender,
        policy: PolicyConfig | None = None,
        index: Growing | IndexConfig | None = None,
        version: str | None = None,
    ) -> Self:
        """An engine around a recommender.

        Args:
            recommender: a fitted one.
            policy: settings; by default nothing seen is listed again, nor what cannot be had, and
                short lists are filled up.
            index: over the model's item vectors, or settings for one; by default made here. Models
                without vectors need none.
            version: the name of the model in answers; by default made of what it learned.

        Raises:
            UsageError: a policy that does not fit the catalogue, or an index over other items.
        """
        fields = ItemFields.of(recommender.catalogue)
        rules = Policy(policy or PolicyConfig(), fields, trained_popularity(recommender))
        return cls(Retrieval.of(recommender, index), rules, version or version_of(recommender))

    @property
    def recommender(self) -> Recommender:
        """Model, catalogue and training events."""
        return self._retrieval.recommender

    @property
    def catalogue(self) -> Catalogue:
        """What can be recommended."""
        return self.recommender.catalogue

    @property
    def cached(self) -> tuple[int, int]:
        """User vectors that were there when they were needed, and those that had to be made."""
        return self._retrieval.vectors.hits, self._retrieval.vectors.misses

    def answer(self, asks: Sequence[Ask], now: float | None = None) -> list[Answer]:
        """A list for each ask, with one call of the model and one of the index for all of them.

        Args:
            asks: what is asked.
            now: seconds since 1970 (UTC); the clock unless given.

        Raises:
            UsageError: an ask that cannot be understood.
            Unsupported: words, or an item to be like, and the model can do neither.
        """
        found = self.answers(asks, now)
        for one in found:
            if isinstance(one, PenchantError):
                raise one
        return [one for one in found if isinstance(one, Answer)]

    def answers(
        self, asks: Sequence[Ask], now: float | None = None
    ) -> list[Answer | PenchantError]:
        """As ``answer``, for asks of different people: one that fails fails alone.

        Returns:
            for each ask its answer, or the error that it would raise.
        """
        return self._lists.answers(asks, time.time() if now is None else now)

    def explain(self, ask: Ask, item: str, n: int = 3, now: float | None = None) -> Explanation:
        """Why the model gives an item its score, and what keeps it from being listed, if anything.

        Args:
            ask: who or what is asked about; its ``k``, ``offset`` and ``explain`` do not matter.
            item: id of the item in question.
            n: most reasons.
            now: seconds since 1970 (UTC); the clock unless given.

        Raises:
            UsageError: an item that the catalogue lacks.
            Unsupported: as ``answer``.
        """
        return self._lists.explain(ask, item, n, time.time() if now is None else now)

    def with_items(self, rows: Sequence[Fields]) -> Self:
        """An engine that also knows new items, by their text, and what known ones are now.

        It shares its index with this one; one call at a time.

        Args:
            rows: each has ``item_id`` and any columns of the catalogue, or new ones. A row takes the
                place of all that was known of its item, as a put does in the event log.

        Raises:
            UsageError: a row without an id, or values unlike those of the other items.
            Unsupported: a new item, and the model cannot place one by its text.
        """
        wrong = [
            f"{row.get('item_id')!r}: {text}"
            for row in rows
            for text in self.policy.fields.problems(row)
        ]
        if wrong:
            raise UsageError("\n".join(wrong))
        more = grown(self.recommender, rows)
        fields = self.policy.fields.with_items(rows, more.recommender.catalogue.items)
        policy = self.policy.with_fields(fields)
        return type(self)(self._retrieval.grown(more), policy, self.version)

    def with_popularity(self, weights: Mapping[str, float] | NDArray[np.floating]) -> Self:
        """An engine for which other items are popular: what it lists where it knows nobody.

        Args:
            weights: what the events of an item count, by id, 0 for an item that is not there; or of
                all items in the order of the catalogue, (items,).

        Raises:
            ValueError: the weights of more or fewer items than there are.
        """
        items = self.catalogue.items
        if not isinstance(weights, Mapping):
            if len(weights) != len(items):
                raise ValueError(f"{len(weights)} weights of {len(items)} items")
            return self._counted(weights)
        counted = np.zeros(len(items))
        for name, weight in weights.items():
            code = items.code(name)
            if code >= 0:
                counted[code] = weight
        return self._counted(counted)

    def _counted(self, popularity: NDArray[np.floating]) -> Self:
        """With other counts (items,) of what is popular."""
        policy = Policy(self.policy.config, self.policy.fields, popularity)
        return type(self)(self._retrieval.with_popularity(popularity), policy, self.version)

    def golden(self) -> tuple[Golden, ...]:
        """Questions of nobody in particular with the answers of the model as it was trained.

        What is popular of late makes no difference to them.
        """
        asks = golden_asks(
            self.recommender.interactions, self.catalogue.titles, self.recommender.abilities
        )
        trained = self._counted(trained_popularity(self.recommender))
        found = trained.answer(asks, now=0.0)
        return tuple(map(Golden.of, asks, found))

    def check(self, questions: Sequence[Golden]) -> None:
        """Ask golden questions again.

        Raises:
            BundleError: an answer is another than it was.
        """
        wrong = disagreement(questions, self.answer([one.ask for one in questions], now=0.0))
        if wrong:
            raise BundleError(f"{self.version} {wrong}")

    def save(self, path: str | Path) -> None:
        """Write everything to a folder, whole or not at all; ``Recommender.load`` opens it too.

        Args:
            path: the folder; an earlier bundle there is replaced.

        Raises:
            UsageError: there is something at ``path`` that is not a bundle.
            BundleError: the disk refused.
        """
        placed = self._retrieval.placed
        index = None if placed is None else placed.index
        kept.save(path, Kept(self.recommender, self.policy.config, index, self.golden()))

    @classmethod
    def load(
        cls,
        path: str | Path,
        policy: PolicyConfig | None = None,
        index: Growing | IndexConfig | None = None,
        version: str | None = None,
        models: Sequence[type[ModelClass]] = models.ALL,
    ) -> Self:
        """Read what ``save`` wrote, or a recommender, and ask its golden questions.

        Args:
            path: the folder.
            policy: in the place of the bundle's.
            index: as for ``of``.
            version: as for ``of``.
            models: model classes that may be in it; give your own here.

        Raises:
            BundleError: damaged, newer, not a recommender, or one that answers otherwise than when
                it was saved.
            UsageError: a policy that does not fit the catalogue.
        """
        found = kept.load(path, models)
        made = cls.of(found.recommender, found.policy, index or found.index, version)
        # words would open the language model, which takes seconds: that is left to whoever swaps
        made.check([one for one in found.golden if one.ask.query is None])
        if policy is None or policy == found.policy:
            return made
        rules = Policy(policy, made.policy.fields, made._retrieval.popularity)
        return cls(made._retrieval, rules, made.version)

    def status(self) -> dict[str, Any]:
        """How it is, as plain values."""
        placed, (hits, misses) = self._retrieval.placed, self.cached
        return {
            "model": self.recommender.name,
            "version": self.version,
            "items": len(self.catalogue),
            "index": None if placed is None else placed.status(),
            "user_vectors": {"kept": len(self._retrieval.vectors), "hits": hits, "misses": misses},
            "policy_notes": list(self.policy.notes),
        }

    def close(self) -> None:
        """Stop what goes on in the background: a rebuild of the index."""
        if self._retrieval.placed is not None:
            self._retrieval.placed.close()

    def forget(self) -> None:
        """Let go of everything that is kept about users between questions, as when one is erased."""
        self._retrieval.vectors.forget()
