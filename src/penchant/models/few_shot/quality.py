"""How good things are, as far as the examples' own histories tell: a Gaussian process over titles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .example import Example
from .space import TextSpace

SAME, ALIKE, YEAR, NOISE = 0.03, 0.03, 0.01, 0.2
"""Variance of a title's own quality, of what texts share, of the year's slope, and of one verdict.

Chosen on people of ml-latest-small, 14 of them as examples and 40 others as test.
"""

MOST = 2000
"""Titles that are looked at: those with the most verdicts."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Quality:
    """The posterior mean of a title's quality: how much likelier it is liked than a person's mean.

    Attributes:
        titles: titles with verdicts.
        vectors: theirs, (titles, dim).
        years: theirs, (titles,).
        weight: of each title in the posterior, (titles,).
    """

    titles: tuple[str, ...]
    vectors: Array
    years: Array
    weight: Array

    @classmethod
    def of(
        cls, examples: Sequence[Example], people: NDArray[np.int64], space: TextSpace
    ) -> Quality:
        """Learn from every verdict in the examples: histories, and candidates with a label.

        A person's verdicts are counted once, however many windows show them, and are taken
        relative to the person's own share of likes.
        """
        verdicts: dict[int, dict[str, bool]] = {}
        for one, person in zip(examples, people.tolist(), strict=True):
            own = verdicts.setdefault(person, {})
            own |= dict.fromkeys(one.liked, True) | dict.fromkeys(one.disliked, False)
            if one.label is not None:
                own[one.candidate] = one.label
        found: dict[str, list[float]] = {}
        for own in verdicts.values():
            share = (sum(own.values()) + 1) / (len(own) + 2)
            for title, like in own.items():
                found.setdefault(title, []).append(like - share)
        titles = sorted(found, key=lambda title: (-len(found[title]), title))[:MOST]
        vectors, years = space.vectors(titles), space.years(titles)
        names = np.arange(len(titles))
        counts = np.array([len(found[title]) for title in titles], np.float64)
        means = np.array([np.mean(found[title]) for title in titles], np.float64)
        covariance = _kernel(vectors, vectors, years, years, names, names)
        weight = np.asarray(
            np.linalg.solve(covariance + np.diag(NOISE / counts), means), np.float64
        )
        return cls(tuple(titles), vectors, years, weight)

    def of_titles(self, titles: Sequence[str], space: TextSpace) -> Array:
        """Posterior means, (titles,)."""
        place = {title: at for at, title in enumerate(self.titles)}
        names = np.array([place.get(title, -1) for title in titles])
        kernel = _kernel(
            space.vectors(titles),
            self.vectors,
            space.years(titles),
            self.years,
            names,
            np.arange(len(self.titles)),
        )
        return np.asarray(kernel @ self.weight)


def _kernel(
    a: Array,
    b: Array,
    year_a: Array,
    year_b: Array,
    name_a: NDArray[np.int64],
    name_b: NDArray[np.int64],
) -> Array:
    same = name_a[:, None] == name_b[None, :]
    alike = np.maximum(a @ b.T, 0) ** 2
    return np.asarray(SAME * same + ALIKE * alike + YEAR * year_a[:, None] * year_b[None, :])
