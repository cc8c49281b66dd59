"""Garbage collected where nobody waits for it.

Python's full collections look at every object that is alive, and everybody waits meanwhile: 150 ms
with what a service has loaded, once a second under load. What is loaded stays, so it is set aside
(``gc.freeze``), and a full collection takes milliseconds.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import Literal

SLOW = 0.02
"""Seconds of a full collection after which what it found alive is set aside too: the users of a
service that has been told of a hundred thousand."""


class Collecting:
    """Sets aside what is alive when a model comes, and looks at all of it again when one has gone.

    What was set aside and is no longer used goes where nothing points to it; only what points to
    itself, as a model does, has to wait until all is looked at again. As everybody waits for that,
    it is done for a model that went, and neither for one that came nor where two changed places.

    Args:
        loaded: the names of what is in memory.
        clock: seconds, of any start.
    """

    def __init__(
        self,
        loaded: Callable[[], AbstractSet[object]],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._loaded = loaded
        self._clock = clock
        self._known: AbstractSet[object] = frozenset()
        self._began = 0.0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Set aside what is alive, for the length of a block."""
        gc.callbacks.append(self._heard)
        self._known = self._loaded()
        _look_at_all()
        try:
            yield
        finally:
            gc.callbacks.remove(self._heard)
            gc.unfreeze()

    def look(self) -> None:
        """Set aside a model that came; look at everything again where one has gone."""
        loaded = self._loaded()
        if loaded == self._known:
            return
        gone, self._known = self._known - loaded, loaded
        if gone:
            _look_at_all()
        else:
            gc.freeze()

    def _heard(self, phase: Literal["start", "stop"], about: dict[str, int]) -> None:
        if about["generation"] < 2:
            return
        if phase == "start":
            self._began = self._clock()
        elif self._clock() - self._began > SLOW:
            gc.freeze()


def _look_at_all() -> None:
    gc.unfreeze()
    gc.collect()
    gc.freeze()
