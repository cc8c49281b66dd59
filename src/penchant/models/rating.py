"""RatingModel: what somebody would give an item, as a number."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    Abilities,
    Catalogue,
    Choice,
    Interactions,
    Pairs,
    Requests,
    Sequences,
    Space,
    State,
    Whole,
    generator,
)

from .base import no_queries
from .pair_config import PairConfig
from .texts import Reader

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from penchant.data import Dataset

    from .pair_factors import PairFactors

BATCH = 1024
"""Pairs worked out at a time."""


@dataclass(frozen=True)
class RatingConfig(PairConfig):
    """Settings of RatingModel."""


class RatingModel:
    """Ratings from biases, factors and what is known besides: text, attributes, what was seen.

    The two-tower form ``r = mean + b_u + b_i + h_u . h_i`` in which both towers are drawn towards
    what is known: an item's by its text (vectors of a language model) and by what it is rated
    together with, a user's by attributes and by which items were rated at all, whatever the rating
    (that is the implicit feedback of SVD++). Both are sampled rather than fitted, and predictions
    averaged over the samples (see ``posterior`` for the sources).

    Labels are the values of the events; an event without one counts as its weight. Where every
    training event has a value, a history without them says what was seen and nothing of how it was
    rated. On MovieLens-100K it takes a minute of one CPU core.

    State: the samples, the side features, and the range of the ratings.
    """

    name: str = "rating-model"
    abilities: Abilities = Abilities(new_users=True, new_items=True, queries=False)
    Config: ClassVar[type[RatingConfig]] = RatingConfig
    space: ClassVar[Space] = {
        "dim": Whole(4, 32),
        "together": Choice((10, 20, 40)),
        "text": Choice((0, 16, 32, 64)),
    }

    def __init__(
        self,
        config: RatingConfig,
        factors: PairFactors,
        span: NDArray[np.float32],
        reader: Reader,
        *,
        weighed: bool,
    ) -> None:
        self.config = config
        self.factors = factors
        self.span = span
        self.reader = reader
        self.weighed = weighed

    @classmethod
    def fit(cls, config: RatingConfig, train: Dataset, seed: int = 0) -> Self:
        """Sample from the posterior."""
        from .pair_factors import PairFactors

        if len(train.interactions) and np.isnan(train.interactions.events.value).all():
            log.warning(
                "rating-model: no event has a value, so each counts as its weight and there is nothing "
                "to tell apart. Ratings are read from the column 'value' (--column rating=value)."
            )
        reader = Reader(config.language)
        vectors = reader.vectors(train.catalogue.texts)
        labels = rated(train.interactions.events)
        rng = generator(seed, "rating model")
        factors = PairFactors.fit(train, labels, vectors, config, rng)
        value = labels.value if len(labels.value) else np.zeros(1, np.float32)
        span = np.array([value.min(), value.max()], np.float32)
        return cls(config, factors, span, reader, weighed=_weighed(train.interactions))

    @classmethod
    def restore(
        cls, config: RatingConfig, state: State, catalogue: Catalogue, interactions: Interactions
    ) -> Self:
        """The model that gave this ``state``."""
        from .pair_factors import PairFactors

        reader = Reader(config.language, state["reader"])
        factors, weighed = PairFactors.restore(state), _weighed(interactions)
        return cls(config, factors, state["span"], reader, weighed=weighed)

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """The rating foretold for every item, not held to the range of ratings, (rows, items).

        Raises:
            Unsupported: a row has a query.
        """
        no_queries(self.name, requests)
        vectors = self.factors.vectors(requests.user, self._told(requests.history))
        return self.factors.all_items(vectors)

    def predict(self, pairs: Pairs) -> NDArray[np.float32]:
        """The rating foretold for each pair, within the range of the training ratings, (rows,)."""
        out = np.zeros(len(pairs), np.float32)
        for start in range(0, len(pairs), BATCH):
            part = pairs[start : start + BATCH]
            vectors = self.factors.vectors(part.requests.user, self._told(part.requests.history))
            known = part.item >= 0
            bias = np.where(known, self.factors.item_bias[part.item], 0.0)
            match = np.where(known, self.factors.of_pairs(vectors, part.item), 0.0)
            out[start : start + BATCH] = self.factors.posterior.mean + vectors.bias + bias + match
        return np.clip(out, *self.span)

    def state(self) -> State:
        """What was learned."""
        return {**self.factors.state(), "span": self.span, "reader": self.reader.mark}

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """The same ratings, and those of new items from their texts."""
        known = self.factors.posterior.items.shape[1]
        vectors = self.reader.vectors(catalogue.texts[known:])
        factors = self.factors.with_texts(vectors)
        return type(self)(self.config, factors, self.span, self.reader, weighed=self.weighed)

    def _told(self, history: Sequences) -> Sequences:
        """A history as labels; a weight of 1 beside ratings up to 5 would be the worst of them."""
        return rated(history) if self.weighed else history


def rated(events: Sequences) -> Sequences:
    """Events with their weight for a value where none was given."""
    value = np.where(np.isnan(events.value), events.weight, events.value).astype(np.float32)
    return replace(events, value=value)


def _weighed(interactions: Interactions) -> bool:
    """Whether the weight of some training event stood for a value."""
    return bool(np.isnan(interactions.events.value).any())
