"""One model at work: its engine, the pasts on top of what it learned, and the items put since."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from penchant.core import LogError, Overloaded, PenchantError, generator
from penchant.engine import Answer, Ask, Engine, Explanation, Past
from penchant.live import CatalogueConfig, Follower, ItemState, Live, LiveCatalogue
from penchant.store.log import Change, Log

log = logging.getLogger("penchant.serve")

_WARN_EVERY = 60.0  # seconds


class Deployed:
    """A model that answers, or is ready to.

    Thread-safe: who asks gets one engine for the whole call, whatever is put meanwhile.

    Attributes:
        live: what people did, on top of what the model was trained on.
        catalogue: the items that were put, read in the background.

    Args:
        engine: what was trained.
        events: the log, which has the items that were put.
        follower: of that log, shared by all models.
        config: how items are read.
    """

    def __init__(
        self,
        engine: Engine,
        events: Log,
        follower: Follower,
        config: CatalogueConfig | None = None,
    ) -> None:
        self.live = Live(follower, engine.recommender.interactions)
        self.catalogue: LiveCatalogue[None] = LiveCatalogue(events.item, self._put, config)
        self._engine = engine
        self._growing = threading.Lock()  # one change of the engine at a time
        self._warned = -_WARN_EVERY
        self._warm = np.flatnonzero(engine.recommender.interactions.counts())
        self._asked = itertools.count()
        self._warming = False
        self._away: tuple[tuple[str, ...], tuple[str, ...]] = (), ()
        self.take_in()
        self.catalogue.start()

    @property
    def engine(self) -> Engine:
        """The engine as of now; it never changes under whoever holds it."""
        return self._engine

    @property
    def version(self) -> str:
        """The name of the model."""
        return self._engine.version

    def answers(self, asks: Sequence[Ask]) -> list[Answer | PenchantError]:
        """An answer or an error for each question, by one engine; knows every acknowledged event."""
        self._catch_up()
        self.catalogue.ready()  # the engine has them already
        gone, engine = self._gone(), self._engine  # in this order: who is not gone is told of
        if not self._warming:
            return engine.answers([self._complete(ask, gone) for ask in asks])
        able = [self._complete(ask, gone) for ask in asks if ask.query is None]
        answers = engine.answers(able) if able else []
        if len(answers) != len(able):
            raise RuntimeError(
                f"{self.version} gave {len(answers)} answers to {len(able)} questions. Its recommender "
                "must answer each question once, in their order."
            )
        rest = iter(answers)
        return [next(rest) if ask.query is None else _too_early() for ask in asks]

    def explain(self, ask: Ask, item_id: str, most: int) -> Explanation:
        """Why an item has its score; see ``Engine.explain``."""
        self._catch_up()
        return self._engine.explain(self._complete(ask, ()), item_id, most)

    def question(self) -> Ask:
        """One that the model has to answer itself, as nobody asked it before."""
        if not len(self._warm):
            return Ask(k=1)
        chosen = generator(next(self._asked), "check").choice(self._warm, 3)
        return Ask(past=tuple(map(Past, self._engine.catalogue.items.names(chosen))), k=1)

    def warm(self) -> None:
        """Ask in words once: with the first such question a model that reads loads its language model.

        That takes seconds. Until then questions in words are sent away, so that they hold up nobody.
        """
        if not self._engine.recommender.model.abilities.queries:
            return
        self._warming = True
        try:
            self._engine.answers([Ask(query="warm", k=1)])
        finally:
            self._warming = False

    def take_in(self) -> None:
        """Read the items that were put so far; those that were read already are left alone."""
        self.catalogue.put(self.live.items(), self.live.withdrawn())

    def follow(self, changes: Sequence[Change]) -> None:
        """Hear of changes of the log."""
        self.catalogue.follow(changes)

    def stands(self, item_id: str) -> ItemState | None:
        """Where an item that was put stands; None for one that was not."""
        self.catalogue.ready()  # the engine has them already
        return self.catalogue.state(item_id)

    @property
    def pending(self) -> int:
        """Items that were put and are still to be read."""
        self.catalogue.ready()
        return self.catalogue.counts()["pending"]

    def refresh(self) -> None:
        """Take what is popular now for those of whom nothing is known."""
        with self._growing:
            items = self._engine.catalogue.items
            self._engine = self._engine.with_popularity(self.live.popularity(items))

    def forget(self) -> None:
        """Let go of what is kept about users between questions."""
        self._engine.forget()

    def close(self) -> None:
        """Stop reading items, and a rebuild of the index."""
        self.catalogue.close()
        self._engine.close()

    def _catch_up(self) -> None:
        """Take in what was acknowledged; where the log cannot be read, answer by what is known."""
        try:
            self.live.catch_up()
        except LogError:
            now = time.monotonic()
            if now - self._warned > _WARN_EVERY:
                self._warned = now
                log.exception("answering-without-the-log")

    def _put(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Take items into the engine; called by the catalogue's thread."""
        with self._growing:
            self._engine = self._engine.with_items(rows)
        self.catalogue.ready()

    def _gone(self) -> tuple[str, ...]:
        """Items that cannot be had any more, and that the engine lists as it was not told so."""
        away = self.catalogue.away
        if away is not self._away[0]:
            items = self._engine.catalogue.items
            self._away = away, tuple(name for name in away if name in items)
        return self._away[1]

    def _complete(self, ask: Ask, gone: Sequence[str]) -> Ask:
        """A question with what its user did so far."""
        if gone:
            ask = replace(ask, exclude=(*ask.exclude, *gone))
        if ask.user_id is None or ask.past is not None:
            return ask
        past = self.live.past(ask.user_id)
        if self.live.follower.state.erased_at(ask.user_id):  # the model may have a vector of theirs
            return replace(ask, user_id=None, past=past)
        return replace(ask, past=past)


def _too_early() -> Overloaded:
    return Overloaded("The language model is being loaded, as the service has just begun.", 2)
