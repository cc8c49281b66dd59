"""PromptRanker: a language model is asked in words whether somebody will like each of a short list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

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
from penchant.language import DEFAULT_DECODER
from penchant.language.tuning import LoRA, Tuning

from .pair_ranker import FIRST, SCORER, Scorer, written_titles
from .settings import within
from .state_parts import behind, inside
from .two_stage import Mix, TwoStage, Words, first_stage

if TYPE_CHECKING:
    from penchant.data import Dataset


@dataclass(frozen=True)
class PromptRankerConfig:
    """The first stage, the language model that is asked about its list, and how that is trained."""

    first: str = "star"
    """The first stage: a model's name, and by choice settings, as in item-knn:neighbours=50,decay=0.8."""
    depth: int = 20
    """How many of the first stage's best items are asked about."""
    language: str = DEFAULT_DECODER
    """The language model, a decoder: a packaged name, a folder, a GGUF file, or a Hugging Face id."""
    tuning: Tuning | None = LoRA(rank=8)  # noqa: RUF009 - frozen
    """How the language model is tuned; none asks it as it is."""
    noun: str = "item"
    """What an item is called in the question, such as film."""
    template: int = 3
    """Which wording of the question; 3 has the candidate last, which is read fastest."""
    place: bool = True
    """Whether the question tells which place the first stage gives the item."""
    history: int = 8
    """Most items of a history that are told, the newest."""
    length: int = 256
    """Tokens of a question; the oldest titles are left out where it is too much."""
    users: int = 300
    """Users whose newest training events are held out to learn from."""
    events: int = 5
    """Newest events of each of them that are asked about, where the first stage lists what came."""
    validation_users: int = 100
    """Users whose last training event is held out for early stopping and for the mix."""
    objective: Literal["listwise", "pointwise"] = "listwise"
    """What is learned: which item of a list came next, by the odds of Yes; or each answer alone."""
    negatives: int = 7
    """Items of the first stage's list beside the one that came next, drawn anew each epoch."""
    batch: int = 4
    """Lists in a batch."""
    epochs: int = 2
    """Most passes over the questions."""
    patience: int = 1
    """Epochs without a better validation NDCG@10 before training stops."""
    learning_rate: float = 0.0005
    """Step size of AdamW: about 5e-4 for LoRA, 3e-5 for the model's own weights."""
    precision: Literal["float32", "bfloat16", "auto"] = "float32"
    """Arithmetic of the language model; auto takes bfloat16 where the device is faster with it."""
    like_above: float | None = None
    """A value above this is a like; left out: the middle between the lowest and the highest."""
    mix: bool = True
    """Whether the answer is mixed with the first stage's score, by a share chosen on validation;
    else the answer alone decides the order of the list."""

    def __post_init__(self) -> None:
        first_stage(self.first, "prompt-ranker")  # refused before data and models are loaded
        for field in (
            "depth",
            "history",
            "users",
            "events",
            "validation_users",
            "negatives",
            "epochs",
        ):
            within(self, field, 1, float("inf"))
        within(self, "batch", 1, float("inf"))
        within(self, "length", 32, float("inf"))
        within(self, "patience", 0, float("inf"))
        within(self, "template", 0, 3)
        within(self, "learning_rate", 0.0, 1.0, open_low=True)


class PromptRanker:
    """The best items of a first stage, in the order in which a language model says Yes to them.

    The question tells what somebody liked and disliked last, asks about one item, and tells the place
    that the first stage gives it; the score is ``log P(Yes) - log P(No)``, the verbaliser's log-odds.
    It is tuned on lists of the first stage that hold the item that came next: the softmax of its
    log-odds over some of the list is to choose it (listwise, ListNet's top one), or each question is
    to be answered right (pointwise). Questions about one person begin alike, and that beginning is
    read once, in training too. Without a mix the answer alone orders the list.

    State: the first stage's behind ``first.``, the tuned parameters behind ``scorer.``, ``mix``
    (:class:`~penchant.models.two_stage.Mix`), and ``like_above``, one number, NaN where every event
    is a like.

    Sources: K. Bao et al., "TALLRec: An Effective and Efficient Tuning Framework to Align Large
    Language Model with Recommendation", RecSys 2023 (the question); T. Schick and H. Schuetze,
    "Exploiting Cloze Questions for Few Shot Text Classification ...", EACL 2021 (the verbaliser);
    Z. Cao et al., "Learning to Rank: From Pairwise Approach to Listwise Approach", ICML 2007; A.
    Askari et al., "Injecting the BM25 Score as Text Improves BERT-Based Re-rankers", ECIR 2023 (what
    the first stage thinks, in words; here the place, which is on one scale for all first stages).
    """

    name: str = "prompt-ranker"
    abilities: Abilities = Abilities(new_users=True, new_items=True, queries=True)
    Config: ClassVar[type[PromptRankerConfig]] = PromptRankerConfig
    space: ClassVar[Space] = {
        "learning_rate": Real(1e-4, 2e-3, log=True),
        "history": Choice((4, 8, 16)),
        "negatives": Choice((1, 3, 7)),
    }

    def __init__(
        self,
        config: PromptRankerConfig,
        first: Model,
        scorer: Scorer,
        words: TastedWords,
        mix: Mix,
    ) -> None:
        self.config = config
        self.first = first
        self.scorer = scorer
        self.words = words
        self.mix = mix
        self.abilities = first.abilities
        self._stages = TwoStage(first, scorer, words, config.depth, config.history, mix)

    @classmethod
    def fit(cls, config: PromptRankerConfig, train: Dataset, seed: int = 0) -> Self:
        """Fit the first stage, tune the language model on its lists, learn how to mix them.

        Raises:
            UsageError: the first stage has no such name or setting.
            ModelNotFound: the language model cannot be found.
            TrainingFailed: the loss is not a number.
        """
        from .prompt_ranker_training import fit_scorer

        stage = first_stage(config.first, cls.name)
        threshold = _threshold(config, train.interactions)
        words = tasted_words(train.catalogue, threshold, config.place)
        scorer, mix = fit_scorer(config, stage, words, train, seed)
        first = stage[0].fit(stage[1], train, seed)
        return cls(config, first, scorer, words, mix)

    @classmethod
    def restore(
        cls,
        config: PromptRankerConfig,
        state: State,
        catalogue: Catalogue,
        interactions: Interactions,
    ) -> Self:
        """The model that gave this ``state``."""
        from .prompt_ranker_scorer import saved_prompt_scorer

        first_class, first_config = first_stage(config.first, cls.name)
        first = first_class.restore(first_config, inside(state, FIRST), catalogue, interactions)
        scorer = saved_prompt_scorer(config, inside(state, SCORER))
        above = float(state["like_above"][0])
        words = tasted_words(catalogue, None if np.isnan(above) else above, config.place)
        return cls(config, first, scorer, words, Mix.of_array(state["mix"]))

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Scores (rows, items): above 1 for the items that were asked about, below for the others.

        Raises:
            Unsupported: the first stage cannot answer.
        """
        return self._stages.score(requests)

    def state(self) -> State:
        """Both stages, the mix, and what counts as a like."""
        above = self.words.like_above
        return {
            "mix": self.mix.array(),
            "like_above": np.array([np.nan if above is None else above]),
            **behind(FIRST, self.first.state()),
            **behind(SCORER, self.scorer.state()),
        }

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """The same model with more items, which the first stage must be able to place.

        Raises:
            Unsupported: it cannot.
        """
        first = self.first.with_catalogue(catalogue)
        words = tasted_words(catalogue, self.words.like_above, self.words.placed)
        return type(self)(self.config, first, self.scorer, words, self.mix)


class Disliked(str):
    """A title in a history that its person did not like."""

    __slots__ = ()


class Placed(str):
    """A text of an item in question whose place in the first stage's list is told, from 1."""

    __slots__ = ("place",)
    place: int

    @classmethod
    def at(cls, text: str, place: int) -> Self:
        """A text with its place."""
        made = cls(text)
        made.place = place
        return made


@dataclass(frozen=True, slots=True)
class TastedWords(Words):
    """Titles of histories, those of disliked items marked, and of candidates with their places.

    Attributes:
        like_above: a value above this is a like; None where every event is one.
        placed: whether the places of candidates are told.
    """

    like_above: float | None = None
    placed: bool = False

    def histories(self, requests: Requests, most: int) -> list[list[str]]:
        """The last titles of each request, oldest first, and its words behind them."""
        last = requests.history.last(most)
        above = self.like_above
        liked = np.ones(len(last.item), bool)
        if above is not None:
            liked = np.isnan(last.value) | (last.value > above)
        titles = [
            self.titles[item] if like else Disliked(self.titles[item])
            for item, like in zip(last.item.tolist(), liked.tolist(), strict=True)
        ]
        queries = requests.queries or (None,) * len(requests)
        return [
            titles[start:stop] + ([query] if query and query.strip() else [])
            for start, stop, query in zip(last.indptr[:-1], last.indptr[1:], queries, strict=True)
        ]

    def candidates(self, items: NDArray[np.int32], places: NDArray[np.int64]) -> list[str]:
        """The titles of items in question; where their places are told, those with them."""
        texts = [self.texts[item] for item in items.tolist()]
        if not self.placed:
            return texts
        return [Placed.at(text, n + 1) for text, n in zip(texts, places.tolist(), strict=True)]


def tasted_words(catalogue: Catalogue, like_above: float | None, placed: bool) -> TastedWords:
    """What the language model is told of a catalogue: titles, the candidate's too, and its place."""
    titles = written_titles(catalogue)
    return TastedWords(titles, titles, like_above, placed)


def _threshold(config: PromptRankerConfig, interactions: Interactions) -> float | None:
    from penchant.tune import like_threshold

    if config.like_above is not None:
        return config.like_above
    return like_threshold(interactions.events.value)
