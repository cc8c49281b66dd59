"""Everything that belongs to one tenant, and to nobody else."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Self

from penchant.engine import Answer, Ask

from .batching import Batcher
from .edge import Metrics
from .figures import Figures, Standing
from .following import Following
from .premises import Premises
from .service import Service
from .swap import Swaps

WATCH_EVERY = 1.0
"""Seconds between two looks at drift and quality."""
TRY_EVERY = 0.5
"""Seconds between two looks at whether an experiment was started or stopped."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A service with what stands before and beside it.

    Attributes:
        service: log, live state and engine.
        asking: gathers the questions of many connections.
        figures: of the process.
        following: what is done now and then.
        swaps: exchanges models; None where that is not wanted.
        watching: of drift and quality, where it is this process that does it.
        trying: takes up experiments, which may have to wait for models; None where nothing does.
    """

    service: Service
    asking: Batcher[Ask, Answer]
    figures: Figures
    following: Following
    swaps: Swaps | None = None
    watching: Following | None = None
    trying: Following | None = None

    @classmethod
    def of(
        cls,
        service: Service,
        swaps: Swaps | None = None,
        figures: Figures | None = None,
        name: str = "",
    ) -> Self:
        """A tenant around a service."""
        figures = figures or Figures(Metrics())
        asking: Batcher[Ask, Answer] = Batcher(
            f"answers {name}".strip(), service.answers, service.config.asking, figures.called
        )

        place = None if swaps is None else Premises(swaps.registry)

        def look() -> None:
            service.tend()
            counts = service.deployed.catalogue.counts()
            version = service.version
            added, free = (None, None) if place is None else (place.added(version), place.free())
            stands = Standing(version, len(asking), counts, added, free, service.followed_at)
            figures.stands(name, stands)
            if swaps is not None:  # last: where it fails, as on a full disk, the figures say so
                swaps.follow()
                swaps.forget_erased()

        service.follower.timed_by(figures.watched.took_effect)
        watching, watched = None, service.watching
        if watched is not None and watched.looks:
            show = figures.watched.tell
            watching = Following(lambda: show(name, watched.look()), WATCH_EVERY)
        trials = service.trials
        trying = None if trials is None else Following(trials.follow, TRY_EVERY)
        return cls(service, asking, figures, Following(look), swaps, watching, trying)

    def start(self) -> None:
        """Begin what is done now and then, and what makes the first question in words a quick one."""
        self.following.start()
        if self.watching is not None:
            self.watching.start()
        if self.trying is not None:
            self.trying.start()
        warm = self.service.deployed.warm
        threading.Thread(target=warm, name="warming", daemon=True).start()

    def erase(self, user_id: str) -> dict[str, int]:
        """Forget somebody: in log, live state, caches, and in the models of the registry.

        Returns:
            what was removed, by table; ``bundles`` that were written anew.
        """
        removed = self.service.erase(user_id)
        if self.swaps is None:
            return removed
        return removed | {"bundles": self.swaps.forget(user_id)}

    def close(self) -> None:
        """Finish the questions at work, then stop the threads and close the log."""
        self.asking.close()
        if self.swaps is not None:
            self.swaps.close()
        self.following.stop()
        if self.watching is not None:
            self.watching.stop()
        if self.service.trials is not None and self.trying is not None:
            self.service.trials.close()
            self.trying.stop()
        self.service.close()
