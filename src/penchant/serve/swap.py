"""Another model takes over between two requests; the one before is kept for ``roll back``."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from penchant.core import BundleError, Overloaded, UsageError
from penchant.engine import golden_of
from penchant.store import Registry, Standing

from .candidate import Examined, asked, examine
from .config import ServeConfig
from .deployed import Deployed
from .forgetting import erased_in, forget
from .service import Service

log = logging.getLogger("penchant.serve")


@dataclass(frozen=True, slots=True)
class Swapped:
    """What came of it.

    Attributes:
        version: that was looked at.
        standing: of the registry, afterwards.
        figures: what was found; see ``Examined``.
    """

    version: str
    standing: Standing
    figures: dict[str, float] = field(default_factory=dict)


class Swaps:
    """Takes models in, looks at them, lets them answer, and goes back.

    One at a time. The registry is the memory: what it says is what answers after a restart, and
    other processes that serve the same folder follow it.

    Args:
        registry: of the data folder.
        service: what answers.
        deploy: makes a model ready to answer, from its bundle and name.
        config: limits.
        run: the run that the service was started with; others are taken from beside it only.
    """

    def __init__(
        self,
        registry: Registry,
        service: Service,
        deploy: Callable[[Path, str], Deployed],
        config: ServeConfig,
        run: Path | None = None,
    ) -> None:
        self.registry = registry
        self.config = config
        self._service = service
        self._deploy = deploy
        self._run = None if run is None else run.expanduser().resolve()
        self._lock = threading.Lock()
        self._seen = registry.stamp()
        self._erased = 0  # users whose erasure was carried out in the bundles

    def start(self) -> None:
        """Let the run of the command line answer, where it never did.

        One that did is left alone: what was promoted or rolled back since stays so.

        Raises:
            BundleError: it did not pass.
        """
        if self._run is not None and not self.registry.answered(self._run):
            self.reload()

    def reload(self, run: str | None = None, promote: bool = True) -> Swapped:
        """Take a run in, look at it in a child process, and let it answer.

        Args:
            run: a folder beside the run that the service was started with; that run by default.
            promote: False only registers it.

        Raises:
            UsageError: a run elsewhere, or none to be had.
            BundleError: it did not pass; nothing changed.
            Overloaded: another model is being looked at.
        """
        with self._alone():
            version = self.registry.add(self._place(run)).name
            found = self._examined(version)
            if promote:
                self._let_answer(version)
            return Swapped(version, self.registry.standing(), found.figures)

    def promote(self, version: str) -> Swapped:
        """Look at a registered model again, and let it answer.

        Raises:
            UsageError: there is no such version.
            BundleError: it did not pass; nothing changed.
            Overloaded: another model is being looked at.
        """
        with self._alone():
            found = self._examined(version)
            self._let_answer(version)
            return Swapped(version, self.registry.standing(), found.figures)

    def roll_back(self) -> Swapped:
        """Let the model before answer again; at once, where it is still in memory.

        Raises:
            UsageError: there is none.
            BundleError: its bundle was damaged since.
            Overloaded: another model is being looked at.
        """
        with self._alone():
            before = self.registry.standing().previous
            if before is None:
                raise UsageError("There is no earlier model to roll back to.")
            if not self._service.holds(before):
                self._service.swap(self._ready(before))
                standing = self.registry.roll_back()
            else:
                standing = self.registry.roll_back()
                self._service.back(before)
            self._seen = self.registry.stamp()
            return Swapped(before, standing)

    def forget(self, user_id: str) -> int:
        """Take a user out of every registered bundle; out of how many."""
        with self.registry.bundles() as bundles:
            return sum(forget(bundle, [user_id]) for bundle in bundles)

    def forget_erased(self) -> int:
        """Take everybody out of the registered bundles who was erased, by whichever process.

        Returns:
            how many bundles were written anew.
        """
        state = self._service.follower.state
        if len(state.erased) == self._erased:
            return 0
        self._erased = len(state.erased)
        with self.registry.bundles() as bundles:
            gone = [(path, erased_in(path, state.erased, state.salt)) for path in bundles]
            return sum(forget(path, users) for path, users in gone if users)

    def follow(self) -> bool:
        """Let the model answer that another process promoted; whether there was one."""
        stamp = self.registry.stamp()
        if stamp == self._seen or not self._lock.acquire(blocking=False):
            return False
        try:
            current = self.registry.standing().current
            changed = current is not None and current != self._service.version
            if current is not None and changed and not self._service.back(current):
                self._service.swap(self._ready(current))
            self._seen = stamp
        finally:
            self._lock.release()
        return changed

    def _let_answer(self, version: str) -> None:
        if self._service.version == version:
            return
        deployed = self._ready(version)
        try:
            self.registry.promote(version)
        except BaseException:
            deployed.close()
            raise
        self._service.swap(deployed)
        self._seen = self.registry.stamp()
        log.info("promoted", extra={"told": {"version": version}})

    def _ready(self, version: str) -> Deployed:
        """A model in this process, asked once more, that has read the items put so far.

        Raises:
            BundleError: it does not answer here as it did when it was saved, or is of another
                catalogue.
        """
        path = self.registry.path(version)
        deployed = self._deploy(path, version)
        try:
            found = asked(deployed.engine, golden_of(path), self.config.golden_seconds)
            _refuse(version, found.problems)
            self._same_catalogue(version, deployed)
            self._until_read(version, deployed)
            deployed.refresh()
        except BaseException:
            deployed.close()
            raise
        return deployed

    def _examined(self, version: str) -> Examined:
        """Look at a bundle in a child process; one that fails is dropped from the registry.

        Raises:
            BundleError: it may not answer.
        """
        path = self.registry.path(version)
        found = examine(path, self.config.golden_seconds, self.config.load_seconds)
        try:
            _refuse(version, found.problems)
        except BundleError:
            self.registry.refuse(version, found.problems[0])
            log.warning("refused", extra={"told": {"version": version}})
            raise
        return found

    def _same_catalogue(self, version: str, candidate: Deployed) -> None:
        known = self._service.deployed.engine.catalogue.items
        items = candidate.engine.catalogue.items
        kept = sum(name in items for name in known)
        if 2 * kept < len(known):
            raise BundleError(
                f"{version} knows {kept:,} of the {len(known):,} items that can be recommended now: "
                "it is of another catalogue. Use another data folder for it."
            )

    def _until_read(self, version: str, deployed: Deployed) -> None:
        """Wait until a candidate has read the items that were put.

        Raises:
            BundleError: that takes too long.
        """
        until = time.monotonic() + self.config.load_seconds
        while deployed.pending:
            if time.monotonic() > until:
                raise BundleError(
                    f"{version} did not read the items that were put within "
                    f"{self.config.load_seconds:g} s."
                )
            time.sleep(0.01)

    def _place(self, run: str | None) -> Path:
        if run is None and self._run is not None:
            return self._run
        if run is None or self._run is None:
            raise UsageError("Name a run; the service was started without one (--run).")
        place = (self._run.parent / run).resolve()
        if not place.is_relative_to(self._run.parent):
            raise UsageError(f"Runs are taken from {self._run.parent} only.")
        if not place.is_dir():
            raise UsageError(f"{self._run.parent} holds no run of that name.")
        return place

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._lock.acquire(blocking=False):
            raise Overloaded("Another model is being looked at. Try again later.", 10)
        try:
            yield
        finally:
            self._lock.release()


def _refuse(version: str, problems: tuple[str, ...]) -> None:
    if problems:
        raise BundleError(f"{version} may not answer: {' '.join(problems)}")
