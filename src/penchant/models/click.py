"""ClickModel: whether somebody will click, like or buy what is shown."""

from __future__ import annotations

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
    Real,
    Requests,
    Sequences,
    Space,
    State,
    Whole,
    generator,
)

from .base import no_queries
from .click_labels import labelled, liked
from .pair_config import PairConfig
from .settings import within
from .texts import Reader

if TYPE_CHECKING:
    from penchant.data import Dataset

    from .click_training import Heads
    from .pair_factors import PairFactors


@dataclass(frozen=True)
class ClickConfig(PairConfig):
    """Settings of ClickModel."""

    dim: int = 6
    """Numbers in the factor of a user or an item."""
    text: int = 32
    """Principal components of the text vectors that place an item; 0 leaves the text out."""
    sweeps: int = 150
    """Passes of the sampler over all users and items."""
    samples: int = 60
    """Passes that are kept, spread over the last four fifths; predictions are averaged over them."""
    like: float = 0.5
    """An event is a like where its value is at least this; one without a value is a like."""
    cuts: int = 4
    """Pasts on whose futures the head learns: shares of the events from a half upwards; 0 for no head."""
    cut_sweeps: int = 40
    """Passes of the sampler for each of those."""
    l2: float = 20.0
    """Penalty on the weights of the head."""

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "cuts", 0, 50)
        within(self, "cut_sweeps", 1, float("inf"))
        within(self, "l2", 0.0, float("inf"), open_low=True)


class ClickModel:
    """The probability of a like, from factors with text, counters and the newest events.

    Bayesian matrix factorisation of the labels (see ``posterior``), in which an item is drawn
    towards what a language model reads in its text and towards what it is seen together with, and
    a user is worked out from the history that is asked with, likes and dislikes. A logistic head
    weighs its parts, and how it went lately for the user and the item. The head has two sets of
    weights: one for a state that was frozen a while ago, one for histories and counters that are
    kept up to date; both are learned by replaying the training events (see ``click_training``).

    Where no event is a dislike, items that were not seen are drawn to stand for them, one an event.

    State: the samples, the side features and the weights of the head.
    """

    name: str = "click-model"
    abilities: Abilities = Abilities(new_users=True, new_items=True, queries=False)
    Config: ClassVar[type[ClickConfig]] = ClickConfig
    space: ClassVar[Space] = {
        "dim": Whole(2, 16),
        "together": Choice((10, 20, 40)),
        "text": Choice((0, 16, 32, 64)),
        "l2": Real(1.0, 300.0, log=True),
    }

    def __init__(
        self,
        config: ClickConfig,
        factors: PairFactors,
        heads: Heads,
        reader: Reader,
        *,
        timed: bool,
    ) -> None:
        self.config = config
        self.factors = factors
        self.heads = heads
        self.reader = reader
        self.timed = timed

    @classmethod
    def fit(cls, config: ClickConfig, train: Dataset, seed: int = 0) -> Self:
        """Sample factors at several cuts for the head, and on everything for use."""
        from .click_training import learn_heads
        from .pair_factors import PairFactors

        reader = Reader(config.language)
        vectors = reader.vectors(train.catalogue.texts)
        rng = generator(seed, "click model")
        known = labelled(train.interactions, config.like, rng)
        brief = replace(
            config,
            sweeps=config.cut_sweeps,
            samples=min(config.samples, config.cut_sweeps // 2 + 1),
        )

        def fitted_on(events: Sequences, sizes: ClickConfig = brief) -> PairFactors:
            seen = train.interactions.with_events(events)
            return PairFactors.fit(train, events, vectors, sizes, rng, seen)

        cuts = [0.5 + 0.5 * number / config.cuts for number in range(config.cuts)]
        heads = learn_heads(known, fitted_on, cuts, config.l2, rng)
        return cls(config, fitted_on(known.events, config), heads, reader, timed=known.timed)

    @classmethod
    def restore(
        cls, config: ClickConfig, state: State, catalogue: Catalogue, interactions: Interactions
    ) -> Self:
        """The model that gave this ``state``."""
        from .click_head import Head
        from .click_training import Heads
        from .pair_factors import PairFactors

        heads = Heads(
            *(Head(row[:-1].copy(), float(row[-1])) for row in np.asarray(state["heads"]))
        )
        reader = Reader(config.language, state["reader"])
        factors = PairFactors.restore(state)
        return cls(config, factors, heads, reader, timed=interactions.timed)

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """The probability of a like for every item, (rows, items), the state being frozen.

        Raises:
            Unsupported: a row has a query.
        """
        from .click_features import of_history
        from .click_head import sigmoid

        no_queries(self.name, requests)
        history = liked(requests.history, self.config.like)
        vectors, factors = self.factors.vectors(requests.user, history), self.factors
        head = self.heads.frozen
        bias, item, match, *lately, _ = head.weights
        row = bias * vectors.bias + of_history(factors, history) @ lately
        level = factors.posterior.mean + vectors.bias[:, None] + factors.item_bias
        odds = match * (factors.all_items(vectors) - level)
        odds = odds + row[:, None] + item * factors.item_bias + head.intercept
        return sigmoid(odds).astype(np.float32)

    def predict(self, pairs: Pairs) -> NDArray[np.float32]:
        """The probability of a like for each pair, the state being frozen, (rows,)."""
        from .click_head import sigmoid
        from .click_training import described

        found = described(self.factors, self._known(pairs))
        return sigmoid(self.heads.frozen.odds(found)).astype(np.float32)

    def replay(self, pairs: Pairs, value: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same with counters that go on: each pair may know what came strictly before it.

        Args:
            pairs: in any order, each with its history strictly before its time.
            value: what came of each pair, (rows,); it is used only for pairs of a later time.
        """
        from .click_head import sigmoid
        from .click_training import replayed

        label = np.where(np.isnan(value), 1.0, value >= self.config.like).astype(np.float64)
        found = replayed(self.factors, self._known(pairs), label, timed=self.timed)
        return sigmoid(self.heads.live.odds(found)).astype(np.float32)

    def state(self) -> State:
        """What was learned."""
        heads = (self.heads.frozen, self.heads.live)
        return {
            **self.factors.state(),
            "heads": np.array([[*head.weights, head.intercept] for head in heads]),
            "reader": self.reader.mark,
        }

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """The same probabilities, and those of new items from their texts."""
        known = self.factors.posterior.items.shape[1]
        more = self.factors.with_texts(self.reader.vectors(catalogue.texts[known:]))
        return type(self)(self.config, more, self.heads, self.reader, timed=self.timed)

    def _known(self, pairs: Pairs) -> Pairs:
        history = liked(pairs.requests.history, self.config.like)
        return replace(pairs, requests=replace(pairs.requests, history=history))
