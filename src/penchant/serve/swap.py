"""Another model takes over between two batches of questions; the one before is kept for ``roll back``.

Several processes may serve one folder. Whichever is asked to exchange models has all of them make the
new one ready, and only then writes its name into the registry. Each looks there before each batch, so
that all exchange it at that moment: no question begun later goes to the old one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from penchant.core import Overloaded, PenchantError, UsageError
from penchant.store import Registry, Standing

from .config import ServeConfig
from .forgetting import drop_candidate, erased_in, forget
from .peers import Held, Peers
from .runs import Runs
from .service import Service
from .vetting import Deploy, Vetting

log = logging.getLogger("penchant.serve")

WORKERS = "workers"
_LOOK = 0.02  # seconds between two looks at what the other processes hold
_PATIENCE = 1.0  # seconds to wait for ``follow``
_AGAIN = 60.0  # seconds until a model that could not be made ready is tried once more


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

    One at a time, among all processes. The registry is the memory: what it says is what answers,
    here, in the other processes, and after a restart.

    Args:
        registry: of the data folder.
        service: what answers.
        deploy: makes a model ready to answer, from its bundle and name.
        config: limits.
        run: the run that the service was started with, if any.
    """

    def __init__(
        self,
        registry: Registry,
        service: Service,
        deploy: Deploy,
        config: ServeConfig,
        run: Path | None = None,
    ) -> None:
        self.registry = registry
        self.config = config
        self._service = service
        self._vetting = Vetting(registry, service, deploy, config)
        self._runs = Runs(run, config.runs)
        self._peers = Peers(registry.folder / WORKERS)
        self._lock = threading.Lock()
        self._turning = threading.Lock()  # for as long as it takes to read the registry
        self._stop = threading.Event()
        self._seen = registry.stamp()
        self._refused: dict[str, tuple[float, str]] = {}  # when and why, by version
        self._erased = 0  # users whose erasure was carried out in the bundles
        service.swapped_by(self._turn, self.close)

    def start(self, take_in: bool = True) -> None:
        """Join the other processes, and let the run of the command line answer, where it never did.

        One that did is left alone: what was promoted or rolled back since stays so.

        Args:
            take_in: whether this is the process that takes the run in.

        Raises:
            BundleError: it did not pass.
        """
        self._peers.join(self._held())
        self.follow()  # what was promoted while this process was loading
        run = self._runs.first
        if take_in and run is not None and not self.registry.answered(run):
            self.reload()

    def close(self) -> None:
        """Give up what is being looked at, and leave the other processes."""
        self._stop.set()
        self._vetting.stop()
        self._peers.leave()

    def reload(self, run: str | None = None, promote: bool = True) -> Swapped:
        """Take a run in, look at it in a child process, and let it answer.

        Args:
            run: the name of a folder of runs; the run of the command line by default.
            promote: False only registers it.

        Raises:
            UsageError: a run elsewhere, or none to be had.
            BundleError: it did not pass; nothing changed.
            Overloaded: another model is being looked at.
        """
        with self._alone():
            version = self.registry.add(self._runs.find(run)).name
            self._scrub(version)
            found = self._vetting.examined(version)
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
            found = self._vetting.examined(version)
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
            with self._ready_everywhere(before):
                self.registry.roll_back()
            return Swapped(before, self.registry.standing())

    def forget(self, user_id: str) -> int:
        """Take a user out of every registered bundle; out of how many."""
        drop_candidate(self.registry.folder.parent)
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
        erased = len(state.erased)
        with self.registry.bundles() as bundles:
            gone = [(path, erased_in(path, state.erased)) for path in bundles]
            forgotten = sum(forget(path, users) for path, users in gone if users)
        self._erased = erased  # now that it was carried out
        return forgotten

    def follow(self) -> None:
        """Do what another process asks for: make a model ready, let one answer."""
        if self._stop.is_set() or not self._lock.acquire(blocking=False):
            return
        try:
            wanted = self._peers.wanted()  # first: it is withdrawn once the registry says the same
            current = self.registry.standing().current
            self._refused = {v: told for v, told in self._refused.items() if v in (wanted, current)}
            for version in (wanted, current):
                self._prepare(version)
            self._agree()  # whatever was seen before: the one that answers may be ready only now
            self._service.dismiss_but(wanted, current)
            self._peers.tell(self._held())
        finally:
            self._lock.release()

    def _turn(self) -> None:
        """Let the model answer that the registry names, where the registry changed; microseconds."""
        if self._stamp() != self._seen:
            self._agree()

    def _agree(self) -> str | None:
        """Let the model answer that the registry names, where it is ready; which one that is.

        Nothing is raised: where the registry cannot be read, what answered before goes on.
        """
        with self._turning:
            stamp, current = self._stamp(), None
            try:
                current = self.registry.standing().current
                before = self._service.versions[0]
                if current is not None and current != before and self._service.turn_to(current):
                    log.info("answers", extra={"told": {"version": current}})
            except (OSError, PenchantError):
                if stamp != self._seen:
                    log.exception("registry-unreadable")
            self._seen = stamp  # after the turn: until then the others wait for it
            return current

    def _stamp(self) -> tuple[int, int]:
        try:
            return self.registry.stamp()
        except OSError:
            return (-1, -1)

    def _let_answer(self, version: str) -> None:
        if self._service.version == version == self.registry.standing().current:
            return
        with self._ready_everywhere(version):
            self.registry.promote(version)

    @contextmanager
    def _ready_everywhere(self, version: str) -> Iterator[None]:
        """A block that writes a model into the registry which every process is ready to answer with.

        Raises:
            BundleError: one of them is not.
        """
        if not self._service.holds(version):
            self._accompany(version)
        try:
            with self._peers.asked_for(version):
                self._peers.wait_for(version, self.config.load_seconds, self._stop)
                yield
        finally:  # it may have been written, even if something failed afterwards
            self._service.dismiss_but(self._agree() or version)
            with suppress(OSError):  # ``follow`` tells it again
                self._peers.tell(self._held())

    def _accompany(self, version: str) -> None:
        deployed = self._vetting.ready(version)
        if self._stop.is_set():
            deployed.close()
            raise Overloaded("The service is stopping. Ask again when it is back.", 10)
        self._service.accompany(deployed)

    def _prepare(self, version: str | None) -> None:
        """Make a model ready that another process wants; one that fails rests for a while."""
        if version is None or self._service.holds(version):
            return
        when, _ = self._refused.get(version, (-_AGAIN, ""))
        if time.monotonic() - when < _AGAIN:
            return
        try:
            self._accompany(version)
            self._refused.pop(version, None)
        except PenchantError as error:
            log.exception("not-ready", extra={"told": {"version": version}})
            self._refused[version] = time.monotonic(), str(error)

    def _held(self) -> Held:
        refused = {version: why for version, (_, why) in self._refused.items()}
        return Held(self._service.versions, refused)

    def _scrub(self, version: str) -> None:
        """Take out of a bundle who was erased since it was trained."""
        self._service.follower.catch_up()
        state, path = self._service.follower.state, self.registry.path(version)
        if gone := erased_in(path, state.erased):
            with self.registry.bundles():
                forget(path, gone)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=_PATIENCE):
            raise Overloaded("Another model is being looked at. Try again later.", 10)
        try:
            with self._peers.alone():
                yield
        finally:
            self._lock.release()
