"""The vectors of users, kept until their next event."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from .questions import Question

Make = Callable[[Sequence[Question]], NDArray[np.float32]]
"""Questions -> their vectors (rows, dim)."""


class UserVectors:
    """A bounded cache of user vectors; the least recently used are let go. Thread-safe.

    The key of a vector is all that the model was told, so that a vector can be missing, never old.

    Attributes:
        hits: vectors that were there.
        misses: vectors that had to be made.
    """

    def __init__(self, most: int) -> None:
        """Begin empty; ``most`` vectors are kept."""
        self.hits = self.misses = 0
        self._most = most
        self._kept: OrderedDict[Hashable, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, questions: Sequence[Question], make: Make) -> NDArray[np.float32]:
        """Vectors (rows, dim), those that are not there made in one call of ``make``."""
        keys = [question.key for question in questions]
        with self._lock:
            generation = self._forgotten
            found = [self._kept.get(key) for key in keys]
            for key, vector in zip(keys, found, strict=True):
                if vector is not None:
                    self._kept.move_to_end(key)
        # the same question may stand twice in a batch: it is asked once
        missing = {key: row for row, key in enumerate(keys) if found[row] is None}
        if missing:
            made = make([questions[row] for row in missing.values()])
            fresh: dict[Hashable, NDArray[np.float32]] = {
                key: vector.copy() for key, vector in zip(missing, made, strict=True)
            }
            found = [
                fresh.get(key) if vector is None else vector
                for key, vector in zip(keys, found, strict=True)
            ]
            self._keep(fresh, generation)
        self.hits += len(keys) - len(missing)
        self.misses += len(missing)
        return np.stack([vector for vector in found if vector is not None])

    def forget(self) -> None:
        """Let go of all of them, those being made now included."""
        with self._lock:
            self._forgotten += 1
            self._kept.clear()

    def _keep(self, fresh: dict[Hashable, NDArray[np.float32]], generation: int) -> None:
        with self._lock:
            if generation != self._forgotten:
                return
            self._kept.update(fresh)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
