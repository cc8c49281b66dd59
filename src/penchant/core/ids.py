"""External string ids at the edge, dense int32 codes inside: one place for both."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1
"""The code of an id that a map does not hold."""


class IdMap:
    """A one-to-one map between external ids (strings) and codes ``0 .. n-1`` (int32).

    >>> films = IdMap(["i7", "i9"])
    >>> films.codes(["i9", "i1"]).tolist()
    [1, -1]
    >>> films.name(0)
    'i7'
    """

    __slots__ = ("__dict__", "_code", "ids")

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids: tuple[str, ...] = tuple(ids)
        self._code = {name: code for code, name in enumerate(self.ids)}
        if len(self._code) != len(self.ids):
            raise ValueError("an IdMap needs distinct ids")

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, name: object) -> bool:
        return name in self._code

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdMap) and (self is other or self.ids == other.ids)

    def __hash__(self) -> int:
        return hash(self.ids)

    def __repr__(self) -> str:
        return f"IdMap({len(self)} ids)"

    def name(self, code: int) -> str:
        """The external id of one code."""
        return self.ids[code]

    def names(self, codes: Iterable[int]) -> list[str]:
        """The external ids of several codes."""
        return [self.ids[code] for code in codes]

    def code(self, name: str) -> int:
        """The code of one id, ``UNKNOWN`` where the map does not hold it."""
        return self._code.get(name, UNKNOWN)

    def codes(self, names: Sequence[str]) -> NDArray[np.int32]:
        """The codes of several ids (n,), ``UNKNOWN`` where the map does not hold one."""
        get = self._code.get
        return np.fromiter((get(name, UNKNOWN) for name in names), np.int32, len(names))

    def onto(self, other: IdMap) -> NDArray[np.int32]:
        """For each code here the code of the same id in ``other`` (n,), or ``UNKNOWN``."""
        if self is other:
            return np.arange(len(self), dtype=np.int32)
        return other.codes(self.ids)

    def extended(self, names: Iterable[str]) -> IdMap:
        """This map with the ids of ``names`` that it lacks appended; codes so far stay."""
        return IdMap((*self.ids, *dict.fromkeys(n for n in names if n not in self._code)))

    @cached_property
    def digest(self) -> str:
        """A SHA-256 over the ids in their order (hex)."""
        return hashlib.sha256("\x1f".join(self.ids).encode()).hexdigest()
