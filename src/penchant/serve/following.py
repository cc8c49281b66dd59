"""What a service does now and then, on a thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("penchant.serve")

_AFTER_A_FAULT = 5.0  # seconds; a disk that is full stays so for a while


class Following:
    """Looks after a service: what other processes promoted, what is popular now, how it stands.

    Args:
        look: does it; what fails is logged, and tried again the next time.
        every: seconds between two looks.
    """

    def __init__(self, look: Callable[[], None], every: float = 0.25) -> None:
        self._look, self._every = look, every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="following", daemon=True)

    def start(self) -> None:
        """Look now and then, from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        pause = self._every
        while not self._ended.wait(pause):
            try:
                self._look()
                pause = self._every
            except Exception:
                log.exception("look-failed")
                pause = max(self._every, _AFTER_A_FAULT)
