"""Log, live state and engine as one object: what the routes call. It knows nothing of HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from penchant.core import Event, Overloaded, PenchantError
from penchant.engine import Answer, Ask, Explanation
from penchant.live import Follower
from penchant.store.log import Change, Log, Once, Receipt, UserErased

from .config import ServeConfig
from .deployed import Deployed
from .items import Items
from .trial import Trial

if TYPE_CHECKING:
    from .trials import Trials
from .watching import Watching


class Service:
    """A recommender that is running.

    Thread-safe. A list never mixes two models, but where an experiment does so on purpose: each batch
    of questions goes to one of them.

    Attributes:
        log: where events, users and impressions are told and asked for.
        items: where items are put and found.
        watching: looks at drift and quality; None where another process does, or nobody.
        trial: the experiment at work here; ``try_out`` exchanges it.
        trials: what takes up experiments; None where nothing does.
        followed_at: when ``tend`` last made the live state as new as the log, seconds since 1970.

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
        self.items = Items(log, follower, lambda: self.deployed)
        self._deployed = deployed
        self._before: Deployed | None = None
        self._coming: Deployed | None = None
        self.trials: Trials | None = None
        self.trial: Trial | None = None
        self._reserved: list[Deployed] = []  # for an experiment that is being taken up
        self._retired: list[Deployed] = []  # to be closed, but not by the thread that answers
        self._closed = False
        self._turn: Callable[[], None] = lambda: None
        self._leave: Callable[[], None] = lambda: None
        self._swapping = threading.Lock()
        self._refresh_at, self._refreshed = 0.0, -1
        self.watching: Watching | None = None
        self.followed_at = self.started_at
        follower.watch(self._follow)

    @property
    def deployed(self) -> Deployed:
        """The model that answers."""
        self._turn()
        return self._deployed

    @property
    def version(self) -> str:
        """Its name."""
        return self.deployed.version

    @property
    def versions(self) -> tuple[str, ...]:
        """The names of the models that can answer from one batch to the next."""
        return tuple(one.version for one in self._at_work())

    def swapped_by(self, turn: Callable[[], None], leave: Callable[[], None]) -> None:
        """Say who exchanges the models.

        Args:
            turn: called before each batch of questions; may ``turn_to`` another model.
            leave: called when the service closes.
        """
        self._turn, self._leave = turn, leave

    def answers(self, asks: Sequence[Ask]) -> list[Answer | PenchantError]:
        """An answer or an error for each question; events acknowledged before the call count."""
        trial, usual = self.trial, self.deployed
        return usual.answers(asks) if trial is None else trial.answers(asks, usual)

    def try_out(self, trial: Trial | None) -> None:
        """Let an experiment answer in the place of the one before; None ends it.

        What ``reserve`` kept is let go: it belongs to the experiment now, or is needed no more.
        """
        with self._swapping:
            before, self.trial = self.trial, trial
            self._retired += [*self._reserved, *(before.arms if before else ())]
            self._reserved = []
        if before is not None:
            before.close()

    def reserve(self, model: str | Deployed) -> Deployed | None:
        """Keep a model up to date that an experiment will need, until ``try_out``.

        Args:
            model: made ready just now, or the name of one; None comes back where it is not in memory.

        Raises:
            Overloaded: the service is stopping; the model was closed.
        """
        with self._swapping:
            found = model if isinstance(model, Deployed) else self._named(model)
            if found is not None and not self._closed:
                self._reserved.append(found)
            closed = self._closed
        if closed:
            if isinstance(model, Deployed):
                model.close()
            raise Overloaded("The service is stopping. Ask again when it is back.", 10)
        if isinstance(model, Deployed):
            model.take_in()  # what was put while it was being made ready
        return found

    def explain(self, ask: Ask, item_id: str, most: int = 5) -> tuple[str, Explanation]:
        """The model that answers, and why an item has its score with it.

        Raises:
            UsageError: the catalogue lacks the item.
            Unsupported: the model cannot answer such a question.
        """
        deployed = self.deployed
        return deployed.version, deployed.explain(ask, item_id, most)

    def check(self) -> None:
        """Read the log and ask a real question.

        Raises:
            LogError: the log cannot be used now; its words say what to do.
            PenchantError: there is no answer.
        """
        self.log.check()
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

    def accompany(self, deployed: Deployed) -> None:
        """Keep a model up to date that is to answer soon, in the place of an earlier such one.

        Raises:
            Overloaded: the service is stopping; the model was closed.
        """
        with self._swapping:
            closed = self._closed
            if not closed:
                self._retired += [] if self._coming is None else [self._coming]
                self._coming = deployed
        if closed:
            deployed.close()
            raise Overloaded("The service is stopping. Ask again when it is back.", 10)
        deployed.take_in()  # what was put while it was being made ready

    def dismiss_but(self, *versions: str | None) -> None:
        """Close the models that answer no more, and the one to answer soon where it is not named."""
        with self._swapping:
            if self._coming is not None and self._coming.version not in versions:
                self._retired.append(self._coming)
                self._coming = None
            needed = self._needed()
            gone = [one for one in dict.fromkeys(self._retired) if one not in needed]
            self._retired = []  # what is needed still is retired again when it is not
        for deployed in gone:
            deployed.close()

    def holds(self, version: str) -> bool:
        """Whether ``turn_to`` could let that model answer."""
        return version in self.versions

    def turn_to(self, version: str) -> bool:
        """Let another model answer from the next batch on; the one before is kept.

        Nothing is waited for: what is kept no more is closed by ``dismiss_but``.

        Returns:
            whether it answers now; False where it is not in memory.
        """
        with self._swapping:
            if self._deployed.version == version:
                return True
            if self._coming is not None and self._coming.version == version:
                if self._before is not None:
                    self._retired.append(self._before)
                self._before = self._deployed
                self._deployed, self._coming = self._coming, None
            elif self._before is not None and self._before.version == version:
                self._before, self._deployed = self._deployed, self._before
            elif arm := self._named(version):
                self._retired += [] if self._before is None else [self._before]
                self._before, self._deployed = self._deployed, arm
            else:
                return False
        return True

    def tend(self) -> None:
        """Do what can wait: take what is popular now for those of whom nothing is known.

        Raises:
            LogError: the log cannot be read now; what was not done is done the next time.
        """
        now, last = time.monotonic(), self.log.last_seq()
        self.follower.catch_up()  # the last event before a pause is counted too
        self.followed_at = time.time()
        if now < self._refresh_at or last == self._refreshed:
            return
        for deployed in self._at_work():  # one that answered before may answer again
            deployed.refresh()
        self._refreshed = last
        # as rarely as it is slow: it may never take more than a hundredth of the time
        self._refresh_at = now + max(self.config.popular_seconds, 100 * (time.monotonic() - now))

    def status(self) -> dict[str, Any]:
        """How it is, in numbers."""
        deployed, state = self.deployed, self.follower.state
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
            "drift": None if self.watching is None else self.watching.told(),
        }

    def close(self) -> None:
        """Stop the threads, write what should be written, close the log."""
        self._leave()
        with self._swapping:
            self._closed = True
        self.try_out(None)
        self.dismiss_but()
        for deployed in self._at_work():
            deployed.close()
        self.follower.close()
        if self.watching is not None:
            self.watching.close()
        self.log.close()

    def _at_work(self) -> list[Deployed]:
        with self._swapping:
            return self._needed()

    def _named(self, version: str) -> Deployed | None:
        return next((one for one in self._needed() if one.version == version), None)

    def _needed(self) -> list[Deployed]:
        """The models that answer, did before, are to answer soon, or belong to an experiment."""
        arms = self.trial.arms if self.trial else ()
        every = (self._deployed, self._before, self._coming, *arms, *self._reserved)
        return [one for one in dict.fromkeys(every) if one is not None]

    def _follow(self, changes: Sequence[Change]) -> None:
        erased = any(isinstance(change, UserErased) for change in changes)
        for deployed in self._at_work():
            deployed.follow(changes)
            if erased:  # here or in another process
                deployed.forget()
