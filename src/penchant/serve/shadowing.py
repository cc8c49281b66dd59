"""A model that is asked what another one answered, on a thread of its own, while there is time."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from penchant.core import PenchantError
from penchant.engine import Answer, Ask
from penchant.live.experiments import Experiment, Shadowed, ShadowFile

log = logging.getLogger("penchant.serve")

_WAITING = 64  # questions; more are dropped, so that a busy service is as quick as without a shadow
_SHARE = 4.0  # rests so many times as long as it worked: a fifth of a core at most
_TELL = 2.0  # seconds between two writes of the counts


class Shadow:
    """Asks a model what was asked of another one, and counts how the lists differ.

    Args:
        answers: of the model that is not seen.
        experiment: what it belongs to.
        folder: of the service.
    """

    def __init__(
        self,
        answers: Callable[[Sequence[Ask]], Sequence[Answer | PenchantError]],
        experiment: Experiment,
        folder: Path,
    ) -> None:
        self._answers = answers
        self._file = ShadowFile(folder, experiment)
        self._waiting: deque[tuple[Ask, tuple[str, ...]]] = deque()
        self._dropped = 0  # counted by the thread that answers, told by the other one
        self._came = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    def ask(self, ask: Ask, shown: Answer) -> None:
        """Take a question for later, or drop it; microseconds."""
        if len(self._waiting) >= _WAITING:
            self._dropped += 1
            return
        self._waiting.append((ask, tuple(item.item for item in shown.items)))
        self._came.set()

    def close(self) -> None:
        """Stop, and write what was counted."""
        self._ended.set()
        self._came.set()
        self._thread.join()

    def _run(self) -> None:
        counts, told_at = Shadowed(), time.monotonic()
        while not self._ended.is_set():
            self._came.wait(_TELL)
            self._came.clear()
            while self._waiting and not self._ended.is_set():
                counts, seconds = self._one(counts)
                told_at = self._tell(counts, told_at)
                self._ended.wait(_SHARE * seconds)
            told_at = self._tell(counts, told_at)
        self._tell(counts, -_TELL)

    def _one(self, counts: Shadowed) -> tuple[Shadowed, float]:
        """One question; the counts with it, and the seconds it took."""
        ask, shown = self._waiting.popleft()
        began = time.perf_counter()
        try:
            (found,) = self._answers([ask])
        except Exception as error:  # a shadow must not disturb anybody
            log.exception("shadow-failed")
            found = PenchantError(str(error))
        seconds = time.perf_counter() - began
        if isinstance(found, PenchantError):
            return counts.failed(str(found)), seconds
        return counts.answered(shown, [item.item for item in found.items], seconds), seconds

    def _tell(self, counts: Shadowed, told_at: float) -> float:
        """Write the counts now and then; when they were last written."""
        if time.monotonic() - told_at < _TELL:
            return told_at
        try:
            self._file.tell(counts + Shadowed(dropped=self._dropped))
        except OSError:
            log.exception("shadow-not-told")
        return time.monotonic()
