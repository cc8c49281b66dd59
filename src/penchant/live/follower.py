"""The log, followed: a state as new as the last acknowledged event, and its snapshot."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from penchant.core import LogError
from penchant.store.log import Change, EventStored, UserErased

from .followed import Followed
from .history import History
from .reading_back import read_back
from .recount import PAGE, recount
from .snapshot import Copied, copied
from .snapshot_keeper import SnapshotKeeper
from .state import LiveConfig, State

log = logging.getLogger(__name__)

Watcher = Callable[[Sequence[Change]], None]
Heard = Callable[[float], None]


class Follower:
    """Folds a log into a state, and keeps a snapshot of it.

    Thread-safe. What readers get are values, which nobody changes under their hands.

    Args:
        followed: the log.
        config: how much is kept.
        snapshot: the file of the snapshot, or None for none.
        clock: seconds since 1970 (UTC).
        writes: whether it is this process that writes the snapshot; one should.
    """

    def __init__(
        self,
        followed: Followed,
        config: LiveConfig | None = None,
        snapshot: Path | None = None,
        clock: Callable[[], float] = time.time,
        writes: bool = True,
    ) -> None:
        self.config = config or LiveConfig()
        self.clock = clock
        self._log = followed
        self._snapshot = SnapshotKeeper(snapshot, writes)
        self._watchers: list[Watcher] = []
        self._heard: Heard | None = None
        self._lock = threading.RLock()
        began = followed.last_seq()
        known = self._snapshot.read(followed, self.config)
        self._state = known or State(self.config, clean=began)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> State:
        """What was folded so far, to be looked at only."""
        return self._state

    def watch(self, watcher: Watcher) -> None:
        """Tell somebody of all changes but events, in order, as they are folded.

        Args:
            watcher: must be quick; what it raises is logged and stops nobody.
        """
        with self._lock:
            self._watchers.append(watcher)

    def timed_by(self, heard: Heard) -> None:
        """Tell somebody of the seconds from the receipt of changes until they are known here.

        Args:
            heard: must be quick, as everybody who asks waits for it; called once a page, with the
                seconds of its oldest change.
        """
        self._heard = heard

    def catch_up(self) -> int:
        """Fold what the log has and the state has not; cheap where that is nothing.

        Where somebody was erased the snapshot is gone too when this returns.

        Returns:
            how many changes there were.

        Raises:
            LogError: the log cannot be read now.
        """
        last = self._log.last_seq()
        count = self._fold_up_to(last) if last > self._state.cursor else 0
        self._snapshot.forget()
        return count

    def history(self, user_id: str) -> tuple[History, int]:
        """What the log has of a user, and ``seq`` of the erasure before it (0 for none).

        Raises:
            LogError: the user is not in memory, and the log cannot be read now.
        """
        with self._lock:
            state = self._state
            history = state.users.get(user_id)
            if history is None:
                if state.users.complete:
                    return History(), state.erased_at(user_id)
                history = read_back(self._log, state, user_id)
                state.users.put(user_id, history)
            return history, state.erased_at(user_id)

    def popularity(self) -> dict[str, float]:
        """What each item counts now: the events of the log, half as much every half-life."""
        with self._lock:
            counters = self._state.popularity.copy()
        return counters.scores(self.clock())

    def began(self) -> float:
        """When the log received its first change, seconds since 1970; now where it has none."""
        first = self._log.changes(0, 1)
        return first[0].received_at if first else self.clock()

    def save(self) -> None:
        """Write a snapshot; where the disk refuses, say so in the logs and go on."""
        if not self._snapshot.write(self._copy):
            return
        try:
            self.catch_up()  # somebody may have been erased by another process meanwhile
        except LogError as error:
            log.warning("The log could not be followed after a snapshot: %s", error)

    def tend(self) -> None:
        """Catch up, and do what can wait: count again after an erasure, forget, write a snapshot."""
        self.catch_up()
        with self._lock:
            if self._state.popularity.forget(self.clock()):
                self._state.recount = self._state.cursor
        if self._state.recount:
            recount(self._log, self._state, self._fold, self._lock)
            self._snapshot.forget()
        if self._snapshot.is_due(self._state.cursor):
            self.save()

    def start(self, every: float = 1.0) -> None:
        """Tend from now on, on a thread, every so many seconds."""
        self._thread = threading.Thread(target=self._run, args=(every,), name="live", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread and write a last snapshot."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.save()

    def _run(self, every: float) -> None:
        while not self._stop.wait(every):
            try:
                self.tend()
            except Exception:
                log.exception("Following the log failed; trying again in %s s.", every)

    def _copy(self) -> Copied:
        with self._lock:
            return copied(self._state)

    def _fold_up_to(self, last: int) -> int:
        count = 0
        with self._lock:
            while self._state.cursor < last:
                page = self._log.changes(self._state.cursor, PAGE)
                self._fold(page)
                count += len(page)
                if self._heard is not None and page:
                    self._heard(max(self.clock() - page[0].received_at, 0.0))
                if len(page) < PAGE:  # numbers may be missing at the end too
                    self._state.cursor = max(self._state.cursor, last)
        return count

    def _fold(self, page: Sequence[Change]) -> None:
        """Fold changes and tell of them; under the lock."""
        self._state.fold(page)
        for change in page:
            if isinstance(change, UserErased):
                self._snapshot.erased(change.seq)
        self._tell([change for change in page if not isinstance(change, EventStored)])

    def _tell(self, changes: Sequence[Change]) -> None:
        for watcher in self._watchers if changes else ():
            try:
                watcher(changes)
            except Exception:
                log.exception("A watcher of the log failed; it is told of later changes.")
