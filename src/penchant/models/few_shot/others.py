"""What other people's ratings teach: how good items are, and who likes what together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.core import UsageError, generator
from penchant.data import Dataset

from .matching import TitleIndex
from .space import TextSpace

Array = NDArray[np.float64]

ITEMS, USERS, EVENTS = 3500, 4000, 5
"""Items and users that are read at most, those with the most events; least events of an item."""

ITEM_PULL, USER_PULL, PAIR_PULL = 10.0, 5.0, 50.0
"""Events' worth of belief that an item, a user, a pair of items is like any other."""

FACTORS, WORDS = 32, 64
"""Dimensions of what is liked together; words of the catalogue that describe items."""

RIDGE = 3.0
"""Belief, in titles, that text tells nothing about an item, where an item must be guessed by it."""


@dataclass(frozen=True)
class Ratings:
    """Other people's ratings as arrays.

    Attributes:
        user, item, value: one rating each, a user's together and oldest first, (ratings,).
        titles: of the items.
        content: words of the items' other texts, rows of length 1 or 0, (items, words).
    """

    user: NDArray[np.int64]
    item: NDArray[np.int64]
    value: Array
    titles: tuple[str, ...]
    content: Array

    @classmethod
    def of(cls, data: Dataset, seed: int = 0) -> Ratings:
        """The ratings of a data set, cut down to its larger part.

        Raises:
            UsageError: events have no values, or all the same: nobody disliked anything.
        """
        events = data.interactions.events
        given = ~np.isnan(events.value)
        if not given.any() or np.ptp(events.value[given]) == 0:
            raise UsageError(
                "transfer: its events tell no likes from dislikes. Give events with a column "
                "'value' (a rating, or 1 and 0)."
            )
        counts = np.bincount(events.item[given], minlength=len(data.catalogue))
        kept = np.flatnonzero(counts >= min(EVENTS, counts.max()))
        kept = np.sort(kept[np.argsort(-counts[kept], kind="stable")[:ITEMS]])
        place = np.full(len(counts), -1)
        place[kept] = np.arange(len(kept))
        row = events.row
        good = given & (place[events.item] >= 0)
        users = np.unique(row[good])
        if len(users) > USERS:
            users = generator(seed, "few-shot transfer").choice(users, USERS, replace=False)
            good &= np.isin(row, users)
        user = np.unique(row[good], return_inverse=True)[1].astype(np.int64)
        titles = tuple(data.catalogue.titles[at] for at in kept.tolist())
        value = events.value[good].astype(np.float64)
        content = _content(data.catalogue.table[kept.tolist()])
        return cls(user, place[events.item[good]].astype(np.int64), value, titles, content)

    def threshold(self, share: float) -> float:
        """The value above which something counts as liked, so that about ``share`` of all is."""
        values = np.unique(self.value)
        between = (values[1:] + values[:-1]) / 2
        shares = np.array([(self.value > at).mean() for at in between])
        return float(between[np.abs(shares - share).argmin()])


@dataclass(frozen=True)
class Tastes:
    """What was learned of the items.

    Attributes:
        goodness: how far an item's rating lies above the mean when users are taken out, (items,).
        factors: items liked together point the same way, (items, factors).
        liked: the mean rating of a liked item less the mean of all; ``disliked`` likewise.
    """

    goodness: Array
    factors: Array
    liked: float
    disliked: float

    @classmethod
    def of(cls, ratings: Ratings, threshold: float, kept: NDArray[np.bool_]) -> Tastes:
        """Learn from some of the ratings: shrunken item and user means, then a covariance.

        The covariance of two items is taken over the users who rated both, shrunk towards zero
        where they are few, and kept to its largest eigenvectors.
        """
        user, item, value = ratings.user[kept], ratings.item[kept], ratings.value[kept]
        users, items = int(ratings.user.max()) + 1, len(ratings.titles)
        mean, goodness, bias = value.mean(), np.zeros(items), np.zeros(users)
        by_item, by_user = np.bincount(item, minlength=items), np.bincount(user, minlength=users)
        for _ in range(8):
            rest = value - mean
            goodness = np.bincount(item, rest - bias[user], items) / (by_item + ITEM_PULL)
            bias = np.bincount(user, rest - goodness[item], users) / (by_user + USER_PULL)
        rest = value - mean - goodness[item] - bias[user]
        table = np.zeros((users, items), np.float32)
        table[user, item] = rest
        seen = np.zeros((users, items), np.float32)
        seen[user, item] = 1
        covariance = (table.T @ table) / (seen.T @ seen + PAIR_PULL)
        factors = _principal(covariance, min(FACTORS, items))
        liked = value > threshold
        return cls(
            goodness,
            factors,
            float(value[liked].mean() - mean),
            float(value[~liked].mean() - mean),
        )


@dataclass(frozen=True)
class Others:
    """Items of other data, and how titles find theirs.

    Attributes:
        titles: of the items.
        tastes: what was learned.
        content: words of their other texts, (items, words).
        guess: from a title's vector to goodness, factors and content, (dim, 1 + factors + words):
            for titles that the other data lack.
    """

    titles: tuple[str, ...]
    tastes: Tastes
    content: Array
    guess: Array

    @classmethod
    def of(
        cls, ratings: Ratings, tastes: Tastes, titles: Sequence[str], space: TextSpace
    ) -> Others:
        """Ready for use; ``titles`` of the examples that are found teach the guess for others."""
        table = np.column_stack([tastes.goodness, tastes.factors, ratings.content])
        found = TitleIndex(ratings.titles).find(titles)
        vectors = space.vectors([title for title, at in zip(titles, found, strict=True) if at >= 0])
        gram = vectors.T @ vectors + RIDGE * np.eye(vectors.shape[1])
        guess = np.asarray(np.linalg.solve(gram, vectors.T @ table[found[found >= 0]]), np.float64)
        return cls(ratings.titles, tastes, ratings.content, guess)

    def rows(self, titles: Sequence[str], space: TextSpace) -> Array:
        """Goodness, factors and content of titles, (titles, 1 + factors + words)."""
        table = np.column_stack([self.tastes.goodness, self.tastes.factors, self.content])
        found = TitleIndex(self.titles).find(titles)
        missing = found < 0
        rows = table[np.where(missing, 0, found)]
        if missing.any():
            lost = [title for title, gone in zip(titles, missing.tolist(), strict=True) if gone]
            rows[missing] = space.vectors(lost) @ self.guess
        return np.asarray(rows)


def _principal(covariance: NDArray[np.float32], size: int) -> Array:
    """Factors F with F Fᵀ near the largest positive part of a covariance, (items, size).

    Subspace iteration from a fixed start (Halko et al. 2011): the same data give the same factors.
    """
    start = generator(0, "few-shot factors").normal(
        size=(len(covariance), min(2 * size, len(covariance)))
    )
    basis = np.linalg.qr(start.astype(np.float32))[0]
    for _ in range(6):
        basis = np.linalg.qr(covariance @ basis)[0]
    roots, turn = np.linalg.eigh((basis.T @ (covariance @ basis)).astype(np.float64))
    largest = np.argsort(-roots)[:size]
    axes = basis.astype(np.float64) @ turn[:, largest]
    return np.asarray(axes * np.sqrt(np.maximum(roots[largest], 0)))


def _content(table: pl.DataFrame) -> Array:
    """Words in the other texts of items, such as genres: the most frequent, a row of length 1."""
    names = [
        name
        for name, kind in table.schema.items()
        if kind in (pl.String, pl.List(pl.String)) and name not in ("item_id", "title")
    ]
    words: list[set[str]] = [set() for _ in range(table.height)]
    for name in names:
        for at, value in enumerate(table[name].to_list()):
            text = value if isinstance(value, str) else " ".join(value or ())
            words[at] |= set(re.findall(r"[\w-]+", text.casefold()))
    counts = Counter(word for own in words for word in own)
    frequent = [word for word, n in counts.most_common() if n >= 5 and n < table.height][:WORDS]
    place = {word: at for at, word in enumerate(frequent)}
    found = np.zeros((table.height, len(frequent)))
    for at, own in enumerate(words):
        found[at, [place[word] for word in own if word in place]] = 1
    return np.asarray(found / np.sqrt(np.maximum(found.sum(1, keepdims=True), 1)))
