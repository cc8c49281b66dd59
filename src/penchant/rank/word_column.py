"""A column of words: one a item, or several, as genres and tags are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import chain
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

from .masks import Holds, Mask, Rows
from .moments import seconds_of

Word = str | int | float | bool
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class WordColumn:
    """Words by item, held as sets: each item points to one of the distinct sets of words.

    Attributes:
        name: of the column.
        separator: what stands between two words of one text; None where a text is one word.
        words: the distinct words; a word's number is its place here.
        sets: the distinct sets as tuples of the numbers of their words; the first is empty.
        code: which set each item has, (items,) int32.
    """

    name: str
    separator: str | None
    words: tuple[Word, ...]
    sets: tuple[tuple[int, ...], ...]
    code: NDArray[np.int32]
    indptr: NDArray[np.int64] = field(init=False)
    """Where each set starts and ends in ``members``, (sets + 1,)."""
    members: NDArray[np.int32] = field(init=False)
    """The words of all sets, one after the other."""
    lengths: NDArray[np.int64] = field(init=False)
    """How many words each set has, (sets,)."""
    number: dict[Word, int] = field(init=False, repr=False, compare=False)
    """The number of each word."""
    place: dict[tuple[int, ...], int] = field(init=False, repr=False, compare=False)
    """The place of each set."""
    kinds: frozenset[type] = field(init=False, repr=False, compare=False)
    """The types of the words."""

    def __post_init__(self) -> None:
        lengths = np.array([len(one) for one in self.sets], np.int64)
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        members = np.fromiter(chain.from_iterable(self.sets), np.int32, int(indptr[-1]))
        number = {word: place for place, word in enumerate(self.words)}
        place = {one: place for place, one in enumerate(self.sets)}
        object.__setattr__(self, "number", number)
        object.__setattr__(self, "place", place)
        object.__setattr__(self, "kinds", frozenset(map(type, self.words)))
        object.__setattr__(self, "indptr", indptr)
        object.__setattr__(self, "members", members)
        object.__setattr__(self, "lengths", lengths)

    @classmethod
    def of(cls, name: str, values: Sequence[object], separator: str | None = None) -> WordColumn:
        """A column from plain values: a word, or a list of words; None is none."""
        empty = cls(name, separator, (), ((),), np.zeros(0, np.int32))
        return empty.updated(dict(enumerate(values)), len(values))

    @property
    def wants(self) -> str:
        """What an error asks for."""
        return f"a value like {self.words[0]!r}" if self.words else "text"

    def any_of(self, values: Sequence[object]) -> Holds:
        """Whether an item has one of some words.

        Raises:
            UsageError: a word of a type that the column has none of.
        """
        wanted = np.zeros(len(self.words), np.bool_)
        for value in values:
            if self.kinds and type(value) not in self.kinds:
                raise UsageError(f"{self.name} is asked for {value!r}: write {self.wants}.")
            if value in self.number:
                wanted[self.number[value]] = True
        return self._having(wanted)

    def between(self, low: object, high: object) -> Holds:
        """Whether an item's date lies between two bounds, both included; None for no bound.

        Raises:
            UsageError: the column holds no dates in ISO 8601, or a bound is none.
        """
        when = seconds_of(self.words)
        least, most = seconds_of([low, high])
        if np.isnan(when).all() or any(
            bound is not None and np.isnan(at) for bound, at in ((low, least), (high, most))
        ):
            raise UsageError(
                f"{self.name} is asked for min {low!r} and max {high!r}: these compare numbers, and "
                "dates such as 2026-01-31."
            )
        inside = np.ones(len(when), np.bool_)
        if low is not None:
            inside &= when >= least
        if high is not None:
            inside &= when <= most
        return self._having(inside & ~np.isnan(when))

    def missing(self) -> Holds:
        """Whether an item has no word."""
        empty = self.lengths == 0
        return lambda rows: empty[self.code[rows]]

    def takes(self, value: object) -> bool:
        """Whether an item may have this value here; None may always be."""
        return value is None or _words(value, self.separator) is not None

    def updated(self, changes: Mapping[int, object], items: int) -> WordColumn:
        """The column of ``items`` items with other values at some codes.

        A value that is no word counts as missing.
        """
        code = np.zeros(items, np.int32)
        code[: len(self.code)] = self.code
        words: dict[Word, int] = {}
        sets: dict[tuple[int, ...], int] = {}
        met: dict[object, int] = {None: 0}  # most values come again and again
        for item, value in changes.items():
            plain = type(value) is str or value is None
            found = met.get(value) if plain else None
            if found is None:
                said = _words(value, self.separator) or ()
                own = tuple(sorted(_numbered(word, self.number, words) for word in said))
                found = _numbered(own, self.place, sets)
                if plain:
                    met[value] = found
            code[item] = found
        if not sets:
            return self._with(code)
        return replace(self, words=(*self.words, *words), sets=(*self.sets, *sets), code=code)

    def at(self, places: NDArray[np.integer]) -> WordColumn:
        """The column of items that have the values of those at some places here (items,)."""
        return self._with(self.code[places])

    def moments(self) -> NDArray[np.float64]:
        """A word of each item as seconds since 1970; NaN where it is no date, (items,)."""
        when = np.append(seconds_of(self.words), np.nan)
        first = np.array([one[0] if one else -1 for one in self.sets])
        return np.asarray(when[first][self.code])

    def pairs(self, codes: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Every word of some items: its item's place in ``codes``, and its number, both (pairs,)."""
        return self.members_of(self.code[codes])

    def members_of(self, sets: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Every word of some sets: its set's place in ``sets``, and its number, both (pairs,)."""
        lengths = self.lengths[sets]
        place = np.repeat(np.arange(len(sets)), lengths)
        start = self.indptr[sets] - np.cumsum(lengths) + lengths
        return place, self.members[np.repeat(start, lengths) + np.arange(len(place))]

    def _with(self, code: NDArray[np.int32]) -> WordColumn:
        """The same words and sets for other items; nothing is made again."""
        other = object.__new__(WordColumn)
        for one in fields(self):
            object.__setattr__(other, one.name, getattr(self, one.name))
        object.__setattr__(other, "code", code)
        return other

    def _having(self, wanted: NDArray[np.bool_]) -> Holds:
        """Whether an item has one of the words for which ``wanted`` (words,) holds."""
        found = np.zeros(len(self.sets), np.bool_)
        owner = np.repeat(np.arange(len(self.sets)), self.lengths)
        found[owner[wanted[self.members]]] = True

        def holds(rows: Rows) -> Mask:
            return found[self.code[rows]]

        return holds


def _numbered(key: K, known: Mapping[K, int], more: dict[K, int]) -> int:
    """The number of a key; one that is not known gets the next."""
    found = known.get(key)
    return more.setdefault(key, len(known) + len(more)) if found is None else found


def _words(value: object, separator: str | None) -> tuple[Word, ...] | None:
    """The distinct words of a value, None where it holds something that is no word."""
    if isinstance(value, str):
        parts = [value] if separator is None else value.split(separator)
        return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
    if isinstance(value, int | float):  # a bool too
        return (value,) if value == value else ()  # noqa: PLR0124 -- NaN alone differs from itself
    if isinstance(value, list | tuple | set | frozenset):
        found = [_words(part, None) for part in value if part is not None]
        if any(part is None for part in found):
            return None
        return tuple(dict.fromkeys(word for part in found if part for word in part))
    return None
