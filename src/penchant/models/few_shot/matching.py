"""The same thing under another spelling: titles of the examples among titles of other data."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .space import year_of

ENOUGH = 0.7
"""Likeness from which two titles name one thing: chosen by reading the pairs of a film catalogue."""

_ARTICLE = re.compile(r"^(.*), (the|an?|l[aeo]s?|il|el|der|die|das|den|det)$")
_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")


class TitleIndex:
    """Finds titles by equality after tidying, else by trigrams weighted by rarity.

    Years must agree within one where both titles carry one. A title whose words all occur in a
    longer one may be that one ("The Empire Strikes Back" in "Star Wars: Episode V - ...").
    """

    def __init__(self, titles: Sequence[str]) -> None:
        self._exact = {(tidy(title), _year(title)): at for at, title in enumerate(titles)}
        self._years = [_year(title) for title in titles]
        grams = [_grams(title) for title in titles]
        self._holders: dict[str, list[int]] = defaultdict(list)
        for at, own in enumerate(grams):
            for gram in own:
                self._holders[gram].append(at)
        n = len(titles)
        self._rarity = {gram: float(np.log(1 + n / len(at))) for gram, at in self._holders.items()}
        self._unknown = float(np.log(1 + n))
        self._weight = [sum(self._rarity[gram] for gram in own) for own in grams]

    def find(self, titles: Sequence[str]) -> NDArray[np.int64]:
        """The place of each title, or -1 where nothing is near, (titles,)."""
        return np.array([self._find(title) for title in titles], np.int64)

    def _find(self, title: str) -> int:
        year = _year(title)
        exact = self._exact.get((tidy(title), year))
        if exact is not None:
            return exact
        grams = _grams(title)
        weight = sum(self._rarity.get(gram, self._unknown) for gram in grams)
        common: defaultdict[int, float] = defaultdict(float)
        for gram in grams:
            for at in self._holders.get(gram, ()):
                common[at] += self._rarity[gram]
        best, place = ENOUGH, -1
        for at, shared in common.items():
            apart = abs(year - self._years[at]) if year and self._years[at] else 0
            if apart > 1 or not shared:
                continue
            low, high = sorted((weight, self._weight[at]))
            likeness = shared / low * (shared / high) ** 0.25 * (0.8 if apart else 1)
            if likeness > best:
                best, place = likeness, at
        return place


def tidy(title: str) -> str:
    """A title in small letters without article, brackets and signs.

    >>> tidy("Empire Strikes Back, The (1980)")
    'empire strikes back'
    """
    plain = unicodedata.normalize("NFKC", title).casefold().replace("&", "and")
    bare = _BRACKETS.sub("", plain).strip() or plain
    moved = _ARTICLE.match(bare)
    bare = moved[1] if moved else re.sub(r"^(the|an?) (?=.)", "", bare)
    return re.sub(r"[\W_]+", " ", bare).strip() or plain.strip()


def _grams(title: str) -> set[str]:
    padded = f" {tidy(title)} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def _year(title: str) -> int:
    year = year_of(title)
    return 0 if np.isnan(year) else int(year)
