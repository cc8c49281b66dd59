"""Two stages as one model: a first stage ranks everything, a scorer of pairs its best items again."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.core import Model, Requests, Sequences, UsageError, top_k
from penchant.metrics import ndcg

from .settings import configure

if TYPE_CHECKING:
    from .base import ModelClass

ROWS = 64
"""Requests whose pairs are scored at once."""

WEIGHTS = tuple(round(0.05 * n, 2) for n in range(21))
"""Shares of the second stage that are tried."""


class PairScorer(Protocol):
    """Says how well an item follows a history, from the words of both: what re-ranks a short list."""

    def score_pairs(
        self, histories: Sequence[Sequence[str]], candidates: Sequence[str]
    ) -> NDArray[np.float32]:
        """Scores (rows,), higher is better, on one scale for all rows.

        Args:
            histories: titles of what each row's person chose, oldest first; words that were asked
                with stand last.
            candidates: the text of the item in question, one a row.
        """
        ...


@dataclass(frozen=True, slots=True)
class Mix:
    """How the scores of two stages become one, by numbers that are the same for every request.

    Attributes:
        weight: share of the second stage, 0 to 1; with 0 the first stage's order stays.
        first: centre and spread of the first stage's scores on short lists.
        second: the same of the second stage's.
    """

    weight: float = 0.0
    first: tuple[float, float] = (0.0, 1.0)
    second: tuple[float, float] = (0.0, 1.0)

    def together(
        self, first: NDArray[np.float32], second: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """One score from both, the same shape."""
        mixed = (1 - self.weight) * even(first, self.first) + self.weight * even(
            second, self.second
        )
        found: NDArray[np.float32] = mixed.astype(np.float32)
        return found

    def array(self) -> NDArray[np.float64]:
        """The five numbers, for a model's state."""
        return np.array([self.weight, *self.first, *self.second])

    @classmethod
    def of_array(cls, five: NDArray[np.float64]) -> Mix:
        """The mix that gave this array."""
        weight, *rest = five.tolist()
        return cls(weight, (rest[0], rest[1]), (rest[2], rest[3]))


@dataclass(frozen=True, slots=True)
class Words:
    """What a scorer of pairs reads of a catalogue.

    Attributes:
        titles: of an item in a history, (items,).
        texts: of an item in question, (items,).
    """

    titles: Sequence[str]
    texts: Sequence[str]

    def histories(self, requests: Requests, most: int) -> list[list[str]]:
        """The last titles of each request, oldest first, and its words behind them."""
        last = requests.history.last(most)
        queries = requests.queries or (None,) * len(requests)
        return [
            [self.titles[item] for item in last.items_of(row).tolist()]
            + ([query] if query and query.strip() else [])
            for row, query in enumerate(queries)
        ]

    def candidates(self, items: NDArray[np.int32], places: NDArray[np.int64]) -> list[str]:
        """The texts of items in question, (pairs,), which stand at these places of their lists, from 0."""
        return [self.texts[item] for item in items.tolist()]


class TwoStage:
    """A first stage and a scorer of pairs, asked as one.

    The best ``depth`` items of the first stage that are not in the history are scored again, and
    stand above all others in the order of the mixed score; below them the first stage's order stays.
    A request with neither history nor words is the first stage's alone.
    """

    def __init__(
        self, first: Model, scorer: PairScorer, words: Words, depth: int, history: int, mix: Mix
    ) -> None:
        """Join the parts.

        Args:
            first: ranks the whole catalogue.
            scorer: ranks its best again.
            words: what the scorer reads.
            depth: how many items are scored again.
            history: most items of a history that the scorer is told.
            mix: how the two scores become one.
        """
        self.first = first
        self.scorer = scorer
        self.words = words
        self.depth = depth
        self.history = history
        self.mix = mix

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Scores (rows, items): above 1 where the item was scored again, below elsewhere.

        Raises:
            Unsupported: the first stage cannot answer.
        """
        found = self.first.score(requests)
        for start in range(0, len(requests), ROWS):
            rows = slice(start, start + ROWS)
            found[rows] = self._again(found[rows], requests[rows])
        return found

    def _again(self, first: NDArray[np.float32], requests: Requests) -> NDArray[np.float32]:
        rest = squashed(even(first, self.mix.first))  # -1 to 1
        codes = shortlist(first, requests.history, self.depth)  # (rows, depth)
        # without a share in the score nobody needs to be asked: a language model is what costs
        ask = self.pairs if self.mix.weight else self._unasked
        row, column, second = ask(requests, codes)
        item = codes[row, column]
        rest[row, item] = 2 + squashed(self.mix.together(first[row, item], second))  # 1 to 3
        return rest

    def pairs(
        self, requests: Requests, codes: NDArray[np.int32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Second-stage scores of short lists.

        Args:
            requests: whom for.
            codes: item codes (rows, depth), negative where a list is shorter.

        Returns:
            row and column of each pair that was scored, and its score, (pairs,) each.
        """
        histories = self.words.histories(requests, self.history)
        row, column = _told(histories, codes)
        scores = self.scorer.score_pairs(
            [histories[r] for r in row.tolist()],
            self.words.candidates(codes[row, column], column),
        )
        return row, column, scores

    def _unasked(
        self, requests: Requests, codes: NDArray[np.int32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        row, column = _told(self.words.histories(requests, self.history), codes)
        return row, column, np.zeros(len(row), np.float32)


def _told(
    histories: Sequence[Sequence[str]], codes: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of the listed items whose row has a history or words."""
    told = np.array([bool(history) for history in histories], bool)
    row, column = np.nonzero((codes >= 0) & told[:, None])
    return row, column


def shortlist(scores: NDArray[np.float32], history: Sequences, depth: int) -> NDArray[np.int32]:
    """The best items of each row that its history does not hold, (rows, depth); -1 where fewer."""
    unseen = scores.copy()
    unseen[history.row, history.item] = -np.inf
    codes, _ = top_k(unseen, depth)
    return codes


def learned_mix(
    first: NDArray[np.float32], second: NDArray[np.float32], hit: NDArray[np.bool_]
) -> tuple[Mix, float]:
    """The mix with the best NDCG@10 on short lists, and that figure; of equals the smallest weight.

    Args:
        first: the first stage's scores (lists, depth); ``-inf`` where a list is shorter.
        second: the second stage's, the same shape.
        hit: the item that came next, the same shape; a list without it counts as zero.
    """
    there = np.isfinite(first)
    if not there.any():
        return Mix(), 0.0
    ready = Mix(0.0, centre_and_spread(first[there]), centre_and_spread(second[there]))
    best, figure = ready, -1.0
    for weight in WEIGHTS:
        mix = Mix(weight, ready.first, ready.second)
        mixed = np.full(first.shape, -np.inf, np.float32)
        mixed[there] = mix.together(first[there], second[there])
        reached = ndcg_of_lists(mixed, hit)
        if reached > figure + 1e-9:
            best, figure = mix, reached
    return best, figure


def ndcg_of_lists(scores: NDArray[np.float32], hit: NDArray[np.bool_]) -> float:
    """Mean NDCG@10 of short lists with at most one right item each."""
    places, _ = top_k(scores, min(10, scores.shape[1]))
    hits = np.take_along_axis(hit, np.maximum(places, 0), axis=1) & (places >= 0)
    return float(ndcg(hits, np.ones(len(hits), np.int64)).mean())


def centre_and_spread(scores: NDArray[np.float32]) -> tuple[float, float]:
    """Mean and standard deviation; 1 where all are equal."""
    spread = float(scores.std())
    return float(scores.mean()), spread if spread > 0 else 1.0


def even(scores: NDArray[np.float32], by: tuple[float, float]) -> NDArray[np.float32]:
    """Scores on the scale of short lists: minus the centre, over the spread."""
    return np.asarray((scores - np.float32(by[0])) / np.float32(by[1]), np.float32)


def squashed(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Into -1 to 1, the order kept; minus infinity stays, as an item that must not be listed."""
    finite = np.isfinite(scores)
    kept = np.where(finite, scores, 0.0)
    return np.where(finite, kept / (1 + np.abs(kept)), scores).astype(np.float32)


def first_stage(named: str, owner: str) -> tuple[type[ModelClass], Any]:
    """The class and the config of a first stage, from its name and settings.

    Args:
        named: such as ``"star"`` or ``"item-knn:neighbours=50,decay=0.8"``.
        owner: the model that asks, for the message.

    Raises:
        UsageError: no such model, no such setting, or a second stage as the first.

    >>> first_stage("item-knn:neighbours=50", "pair-ranker")[1].neighbours
    50
    """
    from . import by_name  # the list of all models holds those with a first stage too

    name, _, rest = named.partition(":")
    chosen = by_name(name.strip())
    if hasattr(chosen.Config, "first"):
        raise UsageError(
            f"{owner}: the first stage must rank alone, and {name} has one of its own."
        )
    settings = {}
    for part in filter(None, (part.strip() for part in rest.split(","))):
        key, equals, value = part.partition("=")
        if not equals:
            raise UsageError(f"{owner}: first = {named!r}: write NAME:SETTING=VALUE, got {part!r}.")
        settings[key.strip()] = _plain(value.strip())
    return chosen, configure(chosen.Config, settings)


def _plain(value: str) -> Any:
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
