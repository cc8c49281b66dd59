"""What the loop is given: how a candidate is made, and how models are exchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from penchant.engine import Recommender

from .lesson import Lesson

Teach = Callable[[Recommender, Lesson], Recommender]
"""Makes a candidate of the serving model and what there is to learn; the serving model stays."""


class Exchange(Protocol):
    """Lets models answer; where a service runs, in all of its processes at once."""

    def promote(self, version: str, why: str, figures: dict[str, Any], instead: str) -> None:
        """Let a registered version answer in the place of the one that was judged against.

        Raises:
            UsageError: another one answers by now.
            BundleError: it may not.
            Overloaded: another model is being exchanged.
        """
        ...

    def roll_back(self, why: str, figures: dict[str, Any], instead: str, to: str) -> None:
        """Let the version before answer again.

        Raises:
            as ``promote``.
        """
        ...
