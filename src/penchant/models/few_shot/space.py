"""Titles as points: vectors of a frozen language model, and the year a title carries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import Encoder

_YEAR = re.compile(r"(?<!\d)[12]\d{3}(?!\d)")


@dataclass(frozen=True)
class TextSpace:
    """Where titles lie.

    Attributes:
        encoder: turns a title into a vector.
        centre: mean vector of the titles it was made from, (dim,): without it all titles of one
            domain are alike.
        year: mean and standard deviation of the years in the titles; a deviation of 0 where fewer
            than half of the titles carry one.
    """

    encoder: Encoder
    centre: NDArray[np.float64]
    year: tuple[float, float]
    memory: dict[str, NDArray[np.float64]] = field(default_factory=dict, repr=False, compare=False)
    """Vectors of titles seen before: features ask for the same ones again and again."""

    @classmethod
    def of(cls, titles: Sequence[str], encoder: Encoder) -> TextSpace:
        """The space around some titles."""
        vectors = _encoded(titles, encoder)
        centre = vectors.mean(0) if len(titles) else np.zeros(encoder.dim)
        return cls(encoder, centre, _spread(titles))

    def vectors(self, titles: Sequence[str]) -> NDArray[np.float64]:
        """Centred vectors of length 1, (titles, dim)."""
        new = [title for title in dict.fromkeys(titles) if title not in self.memory]
        if new:
            vectors = _encoded(new, self.encoder) - self.centre
            length = np.linalg.norm(vectors, axis=1, keepdims=True)
            unit = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 1e-6)
            self.memory.update(zip(new, unit, strict=True))
        if not len(titles):
            return np.zeros((0, self.encoder.dim))
        return np.stack([self.memory[title] for title in titles])

    def years(self, titles: Sequence[str]) -> NDArray[np.float64]:
        """The years in standard deviations, at most 2.5; 0 where there is none, (titles,)."""
        return _standard(titles, *self.year)


def standard_years(titles: Sequence[str]) -> NDArray[np.float64]:
    """The years in standard deviations of these titles themselves, (titles,)."""
    return _standard(titles, *_spread(titles))


def year_of(title: str) -> float:
    """The last whole number from 1000 to 2999 in a title; NaN where there is none.

    >>> year_of("2001: A Space Odyssey (1968)")
    1968.0
    """
    found = _YEAR.findall(title)
    return float(found[-1]) if found else float("nan")


def _spread(titles: Sequence[str]) -> tuple[float, float]:
    """Mean and deviation of the years; a deviation of 0 where few titles carry one."""
    years = np.array([year_of(title) for title in titles], np.float64)
    known = years[~np.isnan(years)]
    if 2 * len(known) < max(len(titles), 1):
        return 0.0, 0.0
    return float(known.mean()), float(known.std())


def _standard(titles: Sequence[str], mean: float, spread: float) -> NDArray[np.float64]:
    if spread == 0:
        return np.zeros(len(titles))
    years = np.array([year_of(title) for title in titles], np.float64)
    return np.nan_to_num(np.clip((years - mean) / spread, -2.5, 2.5))


def _encoded(titles: Sequence[str], encoder: Encoder) -> NDArray[np.float64]:
    from penchant.language import encode_texts

    found: Any = encode_texts(encoder, titles)
    return np.asarray(found, np.float64)
