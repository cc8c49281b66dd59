"""The models of a registry as the loop knows them: without those who were erased since."""

from __future__ import annotations

from dataclasses import replace

from penchant.engine import Engine
from penchant.store import Registry

from ..erased import Erased, without_users

KEPT = 2
"""Models in memory: the one that answers, and the one before."""


class Engines:
    """Loads the models of a registry, and keeps the last ones.

    Args:
        registry: of a service.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._loaded: dict[tuple[str, int], Engine] = {}

    def of(self, version: str, erased: Erased) -> Engine:
        """A model.

        Args:
            version: its name.
            erased: users whom it must not know, if it was trained on them.

        Raises:
            UsageError: there is no such version.
            BundleError: it is damaged.
        """
        path = self._registry.path(version)
        try:  # the manifest is another file where somebody was taken out of the bundle
            key = version, (path / "manifest.json").stat().st_ino
        except OSError:
            key = version, 0  # loading says what is wrong
        if key not in self._loaded:
            if len(self._loaded) >= KEPT:
                self._loaded.clear()
            self._loaded[key] = Engine.load(path, version=version)
        engine = self._loaded[key]
        known = engine.recommender
        gone = erased.found_in(known.interactions.users)
        if not gone:
            return engine
        left = replace(known, interactions=without_users(known.interactions, gone))
        return Engine.of(left, engine.policy.config, version=version)
