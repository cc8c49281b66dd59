"""Log, live state and engine as one object: what the routes call. It knows nothing of HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from penchant.core import Event, PenchantError
from penchant.engine import Answer, Ask, Explanation
from penchant.live import Follower
from penchant.store.log import Change, Log, Once, Receipt, UserErased

from .config import ServeConfig
from .deployed import Deployed
from .items import Items


class Service:
    """A recommender that is running.

    Thread-safe. A list never mixes two models: each batch of questions goes to one of them.

    Attributes:
        log: where events, users and impressions are told and asked for.
        items: where items are put and found.

    Args:
        log: where events, items and users are durable.
        follower: of that log.
        deployed: what answers at first.
        config: sizes and times.
    """

    def __init__(
        self,
        log: Log,
        follower: Follower,
        deployed: Deployed,
        config: ServeConfig | None = None,
    ) -> None:
        self.log = log
        self.follower = follower
        self.config = config or ServeConfig()
        self.started_at = time.time()
        self.items = Items(log, follower, lambda: self._deployed, self.config.item_seconds)
        self._deployed = deployed
        self._before: Deployed | None = None
        self._swapping = threading.Lock()
        self._refresh_at, self._refreshed = 0.0, -1
        follower.watch(self._follow)

    @property
    def deployed(self) -> Deployed:
        """The model that answers."""
        return self._deployed

    @property
    def version(self) -> str:
        """Its name."""
        return self._deployed.version

    def answers(self, asks: Sequence[Ask]) -> list[Answer | PenchantError]:
        """An answer or an error for each question; events acknowledged before the call count."""
        return self._deployed.answers(asks)

    def explain(self, ask: Ask, item_id: str, most: int = 5) -> tuple[str, Explanation]:
        """The model that answers, and why an item has its score with it.

        Raises:
            UsageError: the catalogue lacks the item.
            Unsupported: the model cannot answer such a question.
        """
        deployed = self._deployed
        return deployed.version, deployed.explain(ask, item_id, most)

    def check(self) -> None:
        """Ask a real question; raises where there is no answer."""
        (found,) = self.answers([self._deployed.question()])
        if isinstance(found, PenchantError):
            raise found

    def record(self, events: Sequence[Event], once: Once | None = None) -> Future[list[Receipt]]:
        """Hand events to the log; what the future gives is durable.

        Raises:
            Overloaded: too many events wait for the disk.
        """
        return self.log.submit(events, once)

    def erase(self, user_id: str) -> dict[str, int]:
        """Forget somebody: in the log, in the live state and its snapshot, in what is cached."""
        removed = self.log.erase(user_id)
        self.follower.catch_up()
        return removed

    def swap(self, deployed: Deployed) -> None:
        """Let another model answer from the next batch on; the one before is kept for ``back``."""
        with self._swapping:
            gone, self._before, self._deployed = self._before, self._deployed, deployed
        deployed.take_in()  # what was put while it was being made ready
        if gone is not None:
            gone.close()

    def holds(self, version: str) -> bool:
        """Whether the model before is the one named, and in memory still."""
        return self._before is not None and self._before.version == version

    def back(self, version: str) -> bool:
        """Let the model before answer again, where it is the one named; False where it is not."""
        with self._swapping:
            before = self._before
            if before is None or before.version != version:
                return False
            self._before, self._deployed = self._deployed, before
            return True

    def tend(self) -> None:
        """Do what can wait: take what is popular now for those of whom nothing is known."""
        now = time.monotonic()
        if now < self._refresh_at or self.log.last_seq() == self._refreshed:
            return
        self._refreshed = self.log.last_seq()
        self._deployed.refresh()
        # as rarely as it is slow: it may never take more than a hundredth of the time
        self._refresh_at = now + max(self.config.popular_seconds, 100 * (time.monotonic() - now))

    def status(self) -> dict[str, Any]:
        """How it is, in numbers."""
        deployed, state = self._deployed, self.follower.state
        hits, misses = deployed.engine.cached
        return {
            "model_version": deployed.version,
            "started_at": self.started_at,
            "uptime_seconds": time.time() - self.started_at,
            "last_seq": self.log.last_seq(),
            "items": len(deployed.engine.catalogue),
            "items_put": deployed.catalogue.counts(),
            "clocks_clamped": state.clamped,
            "vectors": {"hits": hits, "misses": misses},
        }

    def close(self) -> None:
        """Stop the threads, write what should be written, close the log."""
        for deployed in self._at_work():
            deployed.close()
        self.follower.close()
        self.log.close()

    def _at_work(self) -> list[Deployed]:
        with self._swapping:
            return [one for one in (self._deployed, self._before) if one is not None]

    def _follow(self, changes: Sequence[Change]) -> None:
        erased = any(isinstance(change, UserErased) for change in changes)
        for deployed in self._at_work():
            deployed.follow(changes)
            if erased:  # here or in another process
                deployed.forget()
