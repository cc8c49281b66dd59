"""External string ids at the edge, dense int32 codes inside: one place for both."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import repeat
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .shared_tuple import SharedTuple

UNKNOWN = -1
"""The code of an id that a map does not hold."""


_EXTENDING = threading.Lock()


class IdMap:
    """A one-to-one map between external ids (strings) and codes ``0 .. n-1`` (int32).

    It never changes; ``extended`` gives a longer one that shares its memory.

    >>> films = IdMap(["i7", "i9"])
    >>> films.codes(["i9", "i1"]).tolist()
    [1, -1]
    >>> films.name(0)
    'i7'
    """

    __slots__ = ("__dict__", "_code", "ids")

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids = SharedTuple(ids)
        # of this map and of longer ones: a code beyond the end is nobody's here
        self._code = {name: code for code, name in enumerate(self.ids)}
        if len(self._code) != len(self.ids):
            raise ValueError("an IdMap needs distinct ids")

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, name: object) -> bool:
        return self._code.get(name, len(self)) < len(self)  # type: ignore[call-overload, no-any-return]  # any object may be asked for

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
        code = self._code.get(name, UNKNOWN)
        return code if code < len(self) else UNKNOWN

    def codes(self, names: Sequence[str]) -> NDArray[np.int32]:
        """The codes of several ids (n,), ``UNKNOWN`` where the map does not hold one."""
        found = np.fromiter(map(self._code.get, names, repeat(UNKNOWN)), np.int32, len(names))
        if len(self._code) > len(self):  # looked at afterwards, as another thread may extend
            found[found >= len(self)] = UNKNOWN
        return found

    def onto(self, other: IdMap) -> NDArray[np.int32]:
        """For each code here the code of the same id in ``other`` (n,), or ``UNKNOWN``."""
        if self is other:
            return np.arange(len(self), dtype=np.int32)
        return other.codes(self.ids)

    def extended(self, names: Iterable[str]) -> Self:
        """This map with the ids of ``names`` that it lacks appended; codes so far stay.

        As cheap as ``names`` is short, unless another map was made longer than this one before.
        """
        fresh = list(dict.fromkeys(name for name in names if name not in self))
        longer = type(self).__new__(type(self))
        with _EXTENDING:
            ours = len(self._code) == len(self)
            code = self._code if ours else {name: n for n, name in enumerate(self.ids)}
            longer.ids, longer._code = self.ids.extended(fresh), code
            code.update(zip(fresh, range(len(self), len(longer)), strict=True))
        return longer

    @cached_property
    def digest(self) -> str:
        """A SHA-256 over the ids in their order (hex)."""
        return hashlib.sha256("\x1f".join(self.ids).encode()).hexdigest()
