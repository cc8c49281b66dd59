"""What a labelled example is, and examples as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

LONGEST = 50
"""Titles of each list that are read: the last ones, as lists are oldest first."""


@dataclass(frozen=True, slots=True)
class Example:
    """Somebody's likes and dislikes, a candidate, and whether it was liked.

    Attributes:
        liked: titles, oldest first.
        disliked: titles, oldest first.
        candidate: the title in question.
        label: whether the candidate was liked; None where nobody knows.
    """

    liked: tuple[str, ...]
    disliked: tuple[str, ...]
    candidate: str
    label: bool | None = None

    def __post_init__(self) -> None:
        for name in ("liked", "disliked"):
            given = getattr(self, name)
            if isinstance(given, str):  # would be read as a title for every letter
                raise UsageError(f"{name}={given!r}: give a list of titles, such as [{given!r}].")


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples as arrays over their distinct titles.

    Attributes:
        titles: the distinct titles.
        item: positions in ``titles`` of each history, padded with 0, (rows, longest).
        like: 1 where liked, (rows, longest).
        mask: 1 where there is an item, (rows, longest).
        candidate: positions in ``titles``, (rows,).
    """

    titles: tuple[str, ...]
    item: NDArray[np.int64]
    like: NDArray[np.float64]
    mask: NDArray[np.float64]
    candidate: NDArray[np.int64]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> Batch:
        """The examples as arrays."""
        rows = [(*one.liked[-LONGEST:], *one.disliked[-LONGEST:]) for one in examples]
        titles = dict.fromkeys(title for row in rows for title in row)
        titles |= dict.fromkeys(one.candidate for one in examples)
        place = {title: at for at, title in enumerate(titles)}
        shape = (len(rows), max((len(row) for row in rows), default=0))
        item, like, mask = np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape)
        for at, row in enumerate(rows):
            item[at, : len(row)] = [place[title] for title in row]
            mask[at, : len(row)] = 1
            like[at, : len(examples[at].liked[-LONGEST:])] = 1
        candidate = np.array([place[one.candidate] for one in examples], np.int64)
        return cls(tuple(titles), item, like, mask, candidate)

    @property
    def share(self) -> NDArray[np.float64]:
        """Share of liked items in each history with a Beta(1, 1) prior, (rows,)."""
        count: NDArray[np.float64] = (self.like.sum(1) + 1) / (self.mask.sum(1) + 2)
        return count


def labels_of(examples: Sequence[Example], where: str = "") -> NDArray[np.float64]:
    """The labels, (examples,).

    Args:
        examples: each with a label.
        where: the file that they are from, where known, for the message.

    Raises:
        UsageError: an example has none, or all are the same, or there are fewer than four.
    """
    labels = [one.label for one in examples]
    place = f"{where}: " if where else ""
    if missing := sum(label is None for label in labels):
        have = "has" if missing == 1 else "have"
        raise UsageError(
            f"{place}{missing:,} of {_counted(len(labels), 'example')} {have} no label. Examples to "
            "learn from need one: 1 where the candidate was liked, 0 where not."
        )
    if len(labels) < 4 or len(set(labels)) < 2:
        raise UsageError(
            f"{place}{_counted(len(labels), 'example')}, {sum(map(bool, labels)):,} of them liked. "
            "Give at least four, some liked and some not."
        )
    return np.array(labels, np.float64)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
