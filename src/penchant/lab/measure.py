"""What a piece of work costs: seconds and memory."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

_EVERY = 0.02  # seconds between two looks


class PeakMemory:
    """The most memory the process holds inside a ``with`` block.

    A thread looks at the resident set size 50 times a second; what lives for a shorter time may be
    missed. Memory that the process held before, such as the data, is included.

    Attributes:
        bytes: the peak; valid after the block.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        import psutil  # here: the lab is imported by those who only evaluate, too

        self._look = psutil.Process().memory_info
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
        self.bytes = max(self.bytes, self._look().rss)

    def _watch(self) -> None:
        while not self._done.wait(_EVERY):
            self.bytes = max(self.bytes, self._look().rss)
