"""Pairs of texts that belong together, from events, and their batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import Sequences, UsageError


@dataclass(frozen=True, slots=True)
class TextPairs:
    """Anchors and what belongs to each, as numbers of distinct texts.

    Attributes:
        texts: the distinct texts.
        anchor: number of each pair's first text, (pairs,) int64.
        positive: number of its second, (pairs,) int64.
        group: code of whom the pair is of, (pairs,) int64: pairs of the same one are no negatives
            of each other.
    """

    texts: tuple[str, ...]
    anchor: NDArray[np.int64]
    positive: NDArray[np.int64]
    group: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        anchors: Sequence[str],
        positives: Sequence[str],
        group: NDArray[np.integer] | None = None,
    ) -> Self:
        """Pairs as they come, one text beside the other.

        Args:
            anchors: the first text of each pair.
            positives: the second.
            group: whom each pair is of, (pairs,); by default everybody is somebody else.

        Raises:
            UsageError: not as many of the one as of the other.

        >>> TextPairs.of(["a", "b"], ["b", "c"]).positive.tolist()
        [1, 2]
        """
        own = np.arange(len(anchors)) if group is None else np.asarray(group, np.int64)
        if not len(anchors) == len(positives) == len(own):
            raise UsageError(
                f"{len(anchors)} anchors, {len(positives)} positives, {len(own)} groups: a pair has "
                "one of each."
            )
        number = {text: n for n, text in enumerate(dict.fromkeys([*anchors, *positives]))}
        first, second = (
            np.array([number[text] for text in side], np.int64) for side in (anchors, positives)
        )
        return cls(tuple(number), first, second, own)

    def __len__(self) -> int:
        return len(self.anchor)

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> TextPairs:
        """Some of the pairs, over the same texts."""
        return TextPairs(self.texts, self.anchor[rows], self.positive[rows], self.group[rows])

    def log_q(self) -> NDArray[np.float32]:
        """Log of the share of pairs whose positive a text is, (texts,); of one where it is none's."""
        count = np.bincount(self.positive, minlength=len(self.texts))
        return np.log(np.maximum(count, 1) / max(1, len(self))).astype(np.float32)

    def batches(self, size: int, rng: np.random.Generator, run: int = 1) -> Iterator[TextPairs]:
        """All pairs in random order, ``size`` at a time; the last batch may be smaller.

        Args:
            size: pairs in a batch.
            rng: of the order.
            run: neighbouring pairs that stay together. Of a user's consecutive items each is the
                second text of one pair and the first of the next, so runs of 4 need 5 texts, not 8;
                but pairs of one user are no negatives of each other.

        Yields:
            Batches; a single pair, which has no negative, is left out.
        """
        starts = rng.permutation(np.arange(0, len(self), run))
        order = (starts[:, None] + np.arange(run)).ravel()
        order = order[order < len(self)]
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            if len(rows) > 1:
                yield self[rows]


def next_item_pairs(events: Sequences, texts: Sequence[str], most: int | None = None) -> TextPairs:
    """Each event's item beside the item of the event before it.

    Items without a text, and neighbours with the same text, make no pair.

    Args:
        events: histories, oldest event first.
        texts: text by item code, (items,).
        most: the newest pairs of each user that are taken; None for all.

    >>> TextPairs = next_item_pairs(Sequences.of_items(np.array([3]), np.array([0, 1, 2])), "abc")
    >>> TextPairs.anchor.tolist(), TextPairs.positive.tolist()
    ([0, 1], [1, 2])
    """
    kept = events.last(most + 1) if most is not None else events
    number = {text: n for n, text in enumerate(dict.fromkeys(texts))}
    place = np.array([number[text] for text in texts], np.int64)
    blank = np.array([not text.strip() for text in number], bool)
    code = place[kept.item]
    after = np.flatnonzero(kept.row[1:] == kept.row[:-1]) + 1  # events with one before them
    anchor, positive = code[after - 1], code[after]
    fit = (anchor != positive) & ~blank[anchor] & ~blank[positive]
    group = kept.row[after].astype(np.int64)
    return TextPairs(tuple(number), anchor[fit], positive[fit], group[fit])
