"""PairRanker: a cross-encoder reads history and candidate together and re-ranks a first stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    Abilities,
    Catalogue,
    Choice,
    Interactions,
    Model,
    Real,
    Requests,
    Space,
    State,
)
from penchant.language import DEFAULT_MODEL
from penchant.language.tuning import LoRA, Tuning

from .settings import within
from .state_parts import behind, inside
from .two_stage import Mix, PairScorer, TwoStage, Words, first_stage

if TYPE_CHECKING:
    from penchant.data import Dataset

FIRST, SCORER = "first.", "scorer."
"""Before the names of the first stage's arrays in the state, and of the cross-encoder's."""


@dataclass(frozen=True)
class PairRankerConfig:
    """The first stage, the cross-encoder over it, and how that is trained."""

    first: str = "star"
    """The first stage: a model's name, and by choice settings, as in item-knn:neighbours=50,decay=0.8."""
    depth: int = 30
    """How many of the first stage's best items are scored again."""
    language: str = DEFAULT_MODEL
    """The language model: a packaged name, a folder, or a Hugging Face id."""
    tuning: Tuning = LoRA(rank=8)  # noqa: RUF009 - frozen
    """How the language model is tuned."""
    history: int = 10
    """Most items of a history that are read, the newest."""
    length: int = 128
    """Tokens of history and candidate together; the oldest titles are left out where it is too much."""
    objective: Literal["listwise", "binary"] = "listwise"
    """What is learned: which item of a list came next, or of each item whether it did."""
    users: int = 2000
    """Users whose newest training events are held out to learn from."""
    events: int = 5
    """Newest events of each of them that are asked about, where the first stage lists what came."""
    validation_users: int = 200
    """Users whose last training event is held out for early stopping and for the mix."""
    negatives: int = 7
    """Items of the first stage's list beside the right one, drawn anew each epoch."""
    batch: int = 8
    """Lists in a batch."""
    epochs: int = 3
    """Most passes over the lists."""
    patience: int = 1
    """Epochs without a better validation NDCG@10 before training stops."""
    learning_rate: float = 0.0005
    """Step size of AdamW for the language model: about 5e-4 for LoRA, 3e-5 for its own weights."""
    head_rate: float = 0.005
    """Step size of AdamW for the linear head."""

    def __post_init__(self) -> None:
        first_stage(self.first, "pair-ranker")  # refused before data and models are loaded
        for field in (
            "depth",
            "history",
            "users",
            "events",
            "validation_users",
            "negatives",
            "batch",
            "epochs",
        ):
            within(self, field, 1, float("inf"))
        within(self, "length", 16, float("inf"))
        within(self, "patience", 0, float("inf"))
        for field in ("learning_rate", "head_rate"):
            within(self, field, 0.0, 1.0, open_low=True)


class Scorer(PairScorer, Protocol):
    """A scorer of pairs that can be saved."""

    def state(self) -> State:
        """Its learned arrays."""
        ...


class PairRanker:
    """The best items of a first stage, in the order of a cross-encoder mixed with the first stage.

    A language model reads ``titles of the last items [SEP] text of the candidate`` as one text, and a
    linear head makes a score of its vector. It is trained on lists of the first stage's own best
    items, one of which came next: the first stage is fitted without the last events of some users,
    and those events are what is to be found. The share of the cross-encoder in the final score is
    chosen on other users held out for that, 0 included: then the first stage's order stays.

    State: the first stage's behind ``first.``, the cross-encoder's behind ``scorer.``, and ``mix``,
    five numbers (:class:`~penchant.models.two_stage.Mix`).

    Sources: R. Nogueira and K. Cho, "Passage Re-ranking with BERT", 2019 (the cross-encoder); L. Gao,
    Z. Dai and J. Callan, "Rethink Training of BERT Rerankers in Multi-Stage Retrieval Pipeline", ECIR
    2021 (lists of the first stage's own errors, and one softmax over each).
    """

    name: str = "pair-ranker"
    abilities: Abilities = Abilities(new_users=True, new_items=True, queries=True)
    Config: ClassVar[type[PairRankerConfig]] = PairRankerConfig
    space: ClassVar[Space] = {
        "learning_rate": Real(1e-4, 2e-3, log=True),
        "depth": Choice((20, 30, 50)),
        "history": Choice((3, 5, 10)),
        "objective": Choice(("listwise", "binary")),
    }

    def __init__(
        self, config: PairRankerConfig, first: Model, scorer: Scorer, words: Words, mix: Mix
    ) -> None:
        self.config = config
        self.first = first
        self.scorer = scorer
        self.mix = mix
        self.abilities = first.abilities
        self._stages = TwoStage(first, scorer, words, config.depth, config.history, mix)

    @classmethod
    def fit(cls, config: PairRankerConfig, train: Dataset, seed: int = 0) -> Self:
        """Fit the first stage, train the cross-encoder on its lists, learn how to mix them.

        Raises:
            UsageError: the first stage has no such name or setting.
            ModelNotFound: the language model cannot be found.
            TrainingFailed: the loss is not a number.
        """
        from .pair_ranker_training import fit_scorer

        stage, words = first_stage(config.first, cls.name), words_of(train.catalogue)
        scorer, mix = fit_scorer(config, stage, words, train, seed)
        first = stage[0].fit(stage[1], train, seed)
        return cls(config, first, scorer, words, mix)

    @classmethod
    def restore(
        cls,
        config: PairRankerConfig,
        state: State,
        catalogue: Catalogue,
        interactions: Interactions,
    ) -> Self:
        """The model that gave this ``state``."""
        from .pair_ranker_scorer import saved_cross_encoder

        first_class, first_config = first_stage(config.first, cls.name)
        first = first_class.restore(first_config, inside(state, FIRST), catalogue, interactions)
        scorer = saved_cross_encoder(config, inside(state, SCORER))
        return cls(config, first, scorer, words_of(catalogue), Mix.of_array(state["mix"]))

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Scores (rows, items): above 1 for the items that were scored again, below for the others.

        Raises:
            Unsupported: the first stage cannot answer.
        """
        return self._stages.score(requests)

    def state(self) -> State:
        """Both stages and the mix."""
        return {
            "mix": self.mix.array(),
            **behind(FIRST, self.first.state()),
            **behind(SCORER, self.scorer.state()),
        }

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """The same model with more items, which the first stage must be able to place.

        Raises:
            Unsupported: it cannot.
        """
        first = self.first.with_catalogue(catalogue)
        return type(self)(self.config, first, self.scorer, words_of(catalogue), self.mix)


def words_of(catalogue: Catalogue) -> Words:
    """What the cross-encoder reads: titles in the history, the whole text of the candidate."""
    return Words(written_titles(catalogue), catalogue.texts)


def written_titles(catalogue: Catalogue) -> tuple[str, ...]:
    """The title of each item, nothing where an item has no text: its title is then its bare id."""
    return tuple(
        title if text.strip() else ""
        for title, text in zip(catalogue.titles, catalogue.texts, strict=True)
    )
