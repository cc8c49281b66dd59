"""TwoTower: users and items as texts under one language model, matched by a dot product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    Abilities,
    Catalogue,
    Choice,
    Interactions,
    Real,
    Requests,
    Sequences,
    Space,
    State,
)
from penchant.language import DEFAULT_MODEL
from penchant.language.tuning import LoRA, Tuning

from .base import popularity_prior
from .settings import within
from .state_parts import ADAPTER, behind, inside
from .texts import Reader, empty, last_resort, unit

if TYPE_CHECKING:
    from penchant.data import Dataset

    from .two_tower_towers import Towers

TOWER = "towers."
"""Before the names of the towers' own weights."""


@dataclass(frozen=True)
class TwoTowerConfig:
    """Which language model, how it is tuned, and what a user is to it."""

    language: str = DEFAULT_MODEL
    """The encoder: a packaged name, a folder, or a Hugging Face id."""
    tuning: Tuning | None = LoRA(rank=8, layers=3)  # noqa: RUF009 - frozen
    """How the language model is tuned; none: it stays frozen and only the towers learn."""
    user: Literal["pool", "text"] = "pool"
    """pool: a learned weighted mean of the vectors of the last items, so that each item is read once;
    text: the titles of the last items as one text, newest first, read anew for each user."""
    history: int = 10
    """How many of the newest items of a history count."""
    prompt: str = ""
    """With user = text, words before the titles, such as an instruction."""
    batch: int = 64
    """Pairs in a batch; with user = pool, histories in a batch."""
    epochs: int = 5
    """Most passes over the data."""
    patience: int = 1
    """Epochs without a better validation NDCG@10 before training stops."""
    learning_rate: float = 0.001
    """Step size of AdamW for the language model: about 1e-3 for LoRA, 5e-5 for its own weights."""
    tower_rate: float = 0.001
    """Step size of AdamW for the towers."""
    temperature: float = 0.05
    """What cosines are divided by in training."""
    log_q: bool = True
    """Correct for how often an item is drawn as a negative, so that popularity is learned."""
    negatives: int = 0
    """With user = pool, items drawn evenly for each batch, as negatives beside those of the batch."""
    targets: int = 4
    """With user = text, how many of the newest events of each user are learned from."""
    validation_users: int = 500
    """Users whose last training event is held out for early stopping."""
    refit: bool | None = None
    """Train again on everything for the epochs that validation chose; left out: where validation
    held out an event of more than a fifth of the users."""

    def __post_init__(self) -> None:
        for field in ("history", "epochs", "targets", "validation_users"):
            within(self, field, 1, float("inf"))
        within(self, "batch", 2, float("inf"))
        for field in ("patience", "negatives"):
            within(self, field, 0, float("inf"))
        for field in ("learning_rate", "tower_rate", "temperature"):
            within(self, field, 0.0, 1.0, open_low=True)


@dataclass(frozen=True, slots=True)
class Items:
    """What a two-tower model knows of the catalogue.

    Attributes:
        vectors: tuned text vectors (items, dim), of unit length; zeros for items without text.
        titles: of every item.
        prior: popularity, (items,).
    """

    vectors: NDArray[np.float32]
    titles: Sequence[str]
    prior: NDArray[np.float32]


class TwoTower:
    """Scores are dot products of a user's vector and an item's, both from text by one model.

    An item is what the language model makes of its text, moved by a learned matrix. A user is, by
    choice, a learned mean of the vectors of their last items (weights by recency and content), moved
    by a matrix of its own; or what the language model makes of one text of their last titles. Before
    training both matrices change nothing, so the model starts as a mean of text vectors. In the same
    loop the language model is tuned, by in-batch softmax with log-q correction.

    A query is read as an item is; beside a history the two vectors are added.

    State: ``vectors`` (items, dim) float32, the tuned text vectors, zeros for items without text;
    ``prior`` (items,); ``encoder``, the mark of the encoder; the towers' weights behind ``towers.``
    and what was tuned behind ``adapter.``; ``validations``, the validation NDCG@10 of each epoch.

    Sources: P.-S. Huang et al., "Learning Deep Structured Semantic Models for Web Search using
    Clickthrough Data", CIKM 2013; X. Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large
    Corpus Item Recommendations", RecSys 2019; evenly drawn negatives beside those of the batch: J.
    Yang et al., "Mixed Negative Sampling for Learning Two-tower Neural Networks in
    Recommendations", WWW 2020.
    """

    name: str = "two-tower"
    abilities: Abilities = Abilities(new_users=True, new_items=True, queries=True)
    Config: ClassVar[type[TwoTowerConfig]] = TwoTowerConfig
    space: ClassVar[Space] = {
        "learning_rate": Real(1e-4, 3e-3, log=True),
        "temperature": Choice((0.02, 0.05, 0.1)),
        "history": Choice((5, 10, 20)),
        "negatives": Choice((0, 256)),
    }

    def __init__(
        self,
        config: TwoTowerConfig,
        items: Items,
        towers: Towers,
        reader: Reader,
        validations: tuple[float, ...] = (),
    ) -> None:
        self.config = config
        self.items = items
        self.towers = towers.eval()
        self.reader = reader
        self.validations = validations
        self._placed = towers.items_of(items.vectors)  # (items, dim)

    @classmethod
    def fit(cls, config: TwoTowerConfig, train: Dataset, seed: int = 0) -> Self:
        """Learn from training events.

        Raises:
            ModelNotFound: the encoder cannot be found.
            TrainingFailed: the loss is not a number.
        """
        from .two_tower_training import fit_towers

        reader = Reader(config.language)
        fitted = fit_towers(config, train, seed)
        if fitted.adapter is not None and config.tuning is not None:
            reader = Reader(config.language, reader.mark, (config.tuning, fitted.adapter))
        prior = popularity_prior(train.interactions)
        items = Items(fitted.vectors, train.catalogue.titles, prior)
        return cls(config, items, fitted.towers, reader, fitted.validations)

    @classmethod
    def restore(
        cls, config: TwoTowerConfig, state: State, catalogue: Catalogue, interactions: Interactions
    ) -> Self:
        """The model that gave this ``state``."""
        from .two_tower_towers import Towers
        from .weights import load_weights

        vectors = state["vectors"]
        towers = load_weights(Towers(vectors.shape[1], config.history), inside(state, TOWER))
        adapter = inside(state, ADAPTER)
        tuned = (config.tuning, adapter) if adapter and config.tuning is not None else None
        reader = Reader(config.language, state["encoder"], tuned)
        items = Items(vectors, catalogue.titles, state["prior"])
        return cls(config, items, towers, reader, tuple(state["validations"].tolist()))

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Dot products (rows, items)."""
        users = self.user_vectors(requests)
        scores: NDArray[np.float32] = users @ self._placed.T
        return last_resort(scores, self._blank, empty(users), self.items.prior)

    def item_vectors(self) -> NDArray[np.float32]:
        """The tower's unit vectors of the items (items, dim); zeros for items without text."""
        return self._placed

    def user_vectors(self, requests: Requests) -> NDArray[np.float32]:
        """The tower's unit vectors, words added (rows, dim); zeros where there is no text."""
        users = self._users(requests.history)
        if requests.queries is not None:
            words = self.reader.queries(requests.queries, self.items.vectors.shape[1])
            users = unit(users + self.towers.items_of(words))
        return users

    def text_vectors(self) -> NDArray[np.float32]:
        """Unit vectors of the items' texts (items, dim), zeros for blanks."""
        return self.items.vectors

    def read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of texts (texts, dim), zeros for blanks."""
        return self.reader.vectors(texts, cache=False)

    def with_texts(self, items: NDArray[np.integer], texts: Sequence[str]) -> Self:
        """The same model with other texts of some items."""
        vectors = self.items.vectors.copy()
        vectors[items] = self.reader.vectors(texts)
        changed = replace(self.items, vectors=vectors)
        return type(self)(self.config, changed, self.towers, self.reader, self.validations)

    @cached_property
    def _blank(self) -> NDArray[np.bool_]:
        return empty(self.items.vectors)

    def state(self) -> State:
        """Text vectors, towers, what was tuned, popularity, the mark of the encoder."""
        from .weights import weights_of

        adapter = self.reader.adapter[1] if self.reader.adapter else {}
        return {
            "vectors": self.items.vectors,
            "prior": self.items.prior,
            "encoder": self.reader.mark,
            "validations": np.array(self.validations, np.float64),
            **{TOWER + name: part for name, part in weights_of(self.towers).items()},
            **behind(ADAPTER, adapter),
        }

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """The same model with more items, their texts read now."""
        known = self.items
        more = self.reader.vectors(catalogue.texts[len(known.vectors) :])
        prior = np.concatenate([known.prior, np.zeros(len(more), np.float32)])
        items = Items(np.concatenate([known.vectors, more]), catalogue.titles, prior)
        return type(self)(self.config, items, self.towers, self.reader, self.validations)

    def _users(self, history: Sequences) -> NDArray[np.float32]:
        """Unit vectors (rows, dim); zeros where nothing of a history has a text."""
        vectors, titles = self.items.vectors, self.items.titles
        written = history.where(~self._blank[history.item]).last(self.config.history)
        if self.config.user == "pool":
            return self.towers.users_of(vectors, written)
        texts = [
            user_text(written.items_of(row), titles, self.config.prompt)
            for row in range(len(written))
        ]
        read = self.reader.vectors(texts, cache=False)
        read[written.lengths == 0] = 0.0
        return read


def user_text(items: NDArray[np.int32], titles: Sequence[str], prompt: str) -> str:
    """What a user is to the language model: the titles of their last items, newest first.

    The newest stand first because a text that is too long loses its end.

    >>> user_text(np.array([0, 1]), ("Alien", "Heat"), "Films seen: ")
    'Films seen: Heat; Alien'
    """
    return prompt + "; ".join(titles[item] for item in items[::-1].tolist())
