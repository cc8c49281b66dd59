"""An index that is rebuilt while it is used, and exchanged between two searches."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import quiet

from .building import build_index
from .config import IndexConfig
from .exact import ExactIndex
from .hnsw import HNSWIndex
from .layers import Standing
from .protocols import Found, Mask, Vectors

log = logging.getLogger(__name__)

AnyIndex = ExactIndex | HNSWIndex
Change = Callable[[AnyIndex], None]


class _Stopped(Exception):
    """A rebuild that is not wanted any more."""


class IndexHolder:
    """An index whose inside is exchanged while others search it, add to it and remove from it.

    A rebuild takes the items of one moment, builds another index of them on a thread of its own,
    repeats on it what changed meanwhile, and puts it in the place of the first. Searches never wait;
    adding and removing wait only while those changes are repeated.

    Args:
        index: the first one.
        seed: of the rebuilds.
        by_itself: rebuild as soon as the index says that it is overdue; after a failure only when
            somebody asks.
        build: makes an index; ``build_index``, unless a test has its own.
    """

    def __init__(
        self,
        index: AnyIndex,
        seed: int = 0,
        *,
        by_itself: bool = True,
        build: Callable[..., AnyIndex] = build_index,
    ) -> None:
        self._index = index
        self._seed = seed
        self._by_itself = by_itself
        self._build = build
        self._changing = threading.RLock()
        self._since: list[Change] | None = None  # changes while a rebuild is under way
        self._rebuild: Future[bool] | None = None
        self._closed = threading.Event()
        self._rebuilt = 0
        self._failure: str | None = None

    @property
    def index(self) -> AnyIndex:
        """The index that searches go to at this moment."""
        return self._index

    def __len__(self) -> int:
        """Codes ever given."""
        return len(self._index)

    def search(
        self,
        vectors: Vectors,
        k: int,
        allowed: Mask | None = None,
        without: Sequence[NDArray[np.integer]] | None = None,
    ) -> Found:
        """As ``Index.search``."""
        return self._index.search(vectors, k, allowed, without)

    def add(self, vectors: NDArray[np.floating], codes: NDArray[np.integer] | None = None) -> None:
        """As ``Index.add``."""
        kept = np.array(
            vectors
        )  # the caller may use its memory again before a rebuild repeats this
        names = None if codes is None else np.array(codes)
        self._change(lambda index: index.add(kept, names))

    def remove(self, codes: NDArray[np.integer]) -> None:
        """As ``Index.remove``."""
        names = np.array(codes)
        self._change(lambda index: index.remove(names))

    def replace(self, index: AnyIndex) -> None:
        """Put another index in its place, between two searches; a rebuild under way is given up."""
        with self._changing:
            self._index, self._since, self._rebuild, self._failure = index, None, None, None

    def rebuild(self, config: IndexConfig | None = None) -> Future[bool]:
        """Rebuild on another thread; the one under way, if there is one.

        Args:
            config: other settings; those of the index if None.

        Returns:
            True once the new index is in place, False where it was given up (``replace``,
            ``close``); the error where it failed, and the old index stays.
        """
        with self._changing:
            if self._rebuild is not None and not self._rebuild.done():
                return self._rebuild
            self._since = []
            self._rebuild = Future()
            frozen = self._index
            settings = (frozen.standing, config or frozen.config, self._since, self._rebuild)
            threading.Thread(target=self._work, args=settings, name="penchant-rebuild").start()
            return self._rebuild

    def status(self) -> dict[str, Any]:
        """What the index is, and how its rebuilds went."""
        running = self._rebuild is not None and not self._rebuild.done()
        more = {"rebuilding": running, "rebuilt": self._rebuilt, "rebuild_failure": self._failure}
        return {**self._index.status(), **more}

    def close(self) -> None:
        """Give up a rebuild under way, and wait until its thread has seen it: seconds."""
        self._closed.set()
        if self._rebuild is not None:
            self._rebuild.exception()

    def _change(self, change: Change) -> None:
        with self._changing:
            change(self._index)
            if self._since is not None:
                self._since.append(change)
            elif self._by_itself and self._index.overdue and self._failure is None:
                self.rebuild()

    def _work(
        self, standing: Standing, config: IndexConfig, since: list[Change], done: Future[bool]
    ) -> None:
        def tick() -> None:
            ends = self._closed.is_set() or not threading.main_thread().is_alive()
            if ends or self._since is not since:  # closed, the program ends, or replaced
                raise _Stopped

        try:
            codes, vectors = standing.living()
            with quiet():
                index = self._build(
                    vectors, config, self._seed, codes=codes, size=standing.size, tick=tick
                )
            done.set_result(self._put(index, since))
        except _Stopped:
            self._give_up(since)
            done.set_result(False)
        except Exception as error:
            log.exception("The index could not be rebuilt; the one before is used on.")
            self._failure = f"{type(error).__name__}: {error}"
            self._give_up(since)
            done.set_exception(error)

    def _put(self, index: AnyIndex, since: list[Change]) -> bool:
        with self._changing:
            if self._since is not since:  # somebody replaced the index meanwhile
                return False
            for change in since:
                change(index)
            self._index, self._since = index, None
            self._rebuilt += 1
            self._failure = None
            return True

    def _give_up(self, since: list[Change]) -> None:
        with self._changing:
            if self._since is since:
                self._since = None
