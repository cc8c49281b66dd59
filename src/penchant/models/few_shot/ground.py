"""What every way of few-shot training stands on: labels, folds, the text space, other people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.core import Encoder
from penchant.data import Dataset

from .example import Example, labels_of
from .features import OWN_PRIOR
from .head import Prior
from .others import Others, Ratings
from .people import folds_of, people_of
from .simulated import Lesson, learned
from .space import TextSpace

Array = NDArray[np.float64]


class Scorer(Protocol):
    """Something fitted: log-odds of a like, and what it takes to bring it back."""

    def logits(self, examples: Sequence[Example]) -> Array:
        """Log-odds, (examples,)."""
        ...

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays by name, and plain values for a manifest."""
        ...


@dataclass(frozen=True)
class Ground:
    """The examples, cut into folds, with all that can be known without their labels.

    Attributes:
        examples: labelled, and after them perhaps pseudo-labelled ones.
        labels: 0 to 1, (examples,).
        people: who is who, (examples,).
        folds: of cross-validation; -1 for rows that are only ever trained on, (examples,).
        space: where titles lie.
        others: what other people's ratings told, or None.
        prior: of the head.
        seed: of all randomness.
    """

    examples: tuple[Example, ...]
    labels: Array
    people: NDArray[np.int64]
    folds: NDArray[np.int64]
    space: TextSpace
    others: Others | None
    prior: Prior
    seed: int

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Rows whose label is a person's own, (examples,)."""
        return self.folds >= 0

    def out_of_fold(
        self, fit: Callable[[Sequence[Example], Array], Callable[[Sequence[Example]], Array]]
    ) -> Array:
        """Log-odds of each judged example by what was fitted on the other folds, (examples,)."""
        found = np.zeros(len(self.labels))
        for fold in range(int(self.folds.max()) + 1):
            out = self.folds == fold
            inside = np.flatnonzero(~out)
            kept = [self.examples[at] for at in inside]
            scorer = fit(kept, self.labels[inside])
            found[out] = scorer([self.examples[at] for at in np.flatnonzero(out)])
        return found


def prepared(
    examples: Sequence[Example], transfer: Dataset | None, encoder: Encoder, seed: int, folds: int
) -> Ground:
    """Labels checked, people told apart, texts encoded, other people's ratings read.

    Raises:
        UsageError: labels are missing or all the same; the transfer data tell no likes.
    """
    labels = labels_of(examples)
    titles = tuple(dict.fromkeys(t for e in examples for t in (*e.liked, *e.disliked, e.candidate)))
    space = TextSpace.of(titles, encoder)
    people = people_of(examples)
    others, prior = None, OWN_PRIOR
    if transfer is not None:
        ratings = Ratings.of(transfer, seed)
        verdicts = [len(one.liked) + len(one.disliked) for one in examples]
        likes = sum(len(one.liked) for one in examples)
        threshold = ratings.threshold(likes / max(sum(verdicts), 1))
        length = max(1, min(20, round(float(np.median(verdicts)))))
        tastes, prior = learned(Lesson(transfer.digest, threshold, length, seed, ratings))
        others = Others.of(ratings, tastes, titles, space)
    cut = folds_of(people, folds, seed)
    return Ground(tuple(examples), labels, people, cut, space, others, prior, seed)
