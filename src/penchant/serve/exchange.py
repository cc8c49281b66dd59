"""Models exchanged from outside: by a process that does not answer, such as one that learns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from penchant.core import BundleError
from penchant.store import Registry

from .candidate import examine
from .config import ServeConfig
from .peers import Peers
from .swap import WORKERS


class Exchanged:
    """Lets models answer in all processes of a service at once, or in none where none runs.

    As an admin does it over HTTP: looked at in a child process, made ready by every process that
    answers, and only then written into the registry.

    Args:
        registry: of the data folder.
        config: limits.
    """

    def __init__(self, registry: Registry, config: ServeConfig | None = None) -> None:
        self._registry = registry
        self._config = config or ServeConfig()
        self._peers = Peers(registry.folder / WORKERS)

    def promote(
        self,
        version: str,
        why: str = "",
        figures: dict[str, Any] | None = None,
        instead: str | None = None,
    ) -> None:
        """Let a registered version answer.

        Args:
            version: its name.
            why: in words, for the registry's history.
            figures: what was measured, likewise.
            instead: the version that answers so far, where it must be that one.

        Raises:
            UsageError: another one answers by now.
            BundleError: it did not pass, or a process cannot answer with it; nothing changed.
            Overloaded: another model is being exchanged.
        """
        limits = self._config.golden_seconds, self._config.load_seconds
        found = examine(self._registry.path(version), *limits)
        if found.problems:
            told = " ".join(found.problems)
            self._registry.refuse(version, told, figures)
            raise BundleError(f"{version} may not answer: {told}")
        with self._ready_everywhere(version):
            measured = {**(figures or {}), "examined": found.figures}
            self._registry.promote(version, why, measured, instead)

    def roll_back(self, why: str, figures: dict[str, Any], instead: str, to: str) -> None:
        """Let the version before answer again.

        Args:
            why: in words, for the registry's history.
            figures: what was measured, likewise.
            instead: the version that answers.
            to: the version before.

        Raises:
            UsageError: it is others by now.
            BundleError: a process cannot answer with it; nothing changed.
            Overloaded: another model is being exchanged.
        """
        with self._ready_everywhere(to):
            self._registry.roll_back(why, figures, instead, to)

    @contextmanager
    def _ready_everywhere(self, version: str) -> Iterator[None]:
        with self._peers.alone(), self._peers.asked_for(version):
            self._peers.wait_for(version, self._config.load_seconds)
            yield
