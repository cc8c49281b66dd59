"""What a data folder says of itself: how old its model is, and how much room there is."""

from __future__ import annotations

import shutil
from datetime import datetime

from penchant.store import Registry


class Premises:
    """Looks at a registry and its disk.

    Args:
        registry: of the data folder.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._added: tuple[str, float | None] = "", None

    def added(self, version: str) -> float | None:
        """When a model was taken in, seconds since 1970; None where the registry has it no more."""
        if self._added[0] != version:
            found = self._registry.standing().versions.get(version)
            when = None if found is None else datetime.fromisoformat(found.added).timestamp()
            self._added = version, when
        return self._added[1]

    def free(self) -> int:
        """Bytes that there is room for."""
        return shutil.disk_usage(self._registry.folder).free
