"""Whether a model may answer: looked at in a process of its own, then made ready in this one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from penchant.core import BundleError
from penchant.engine import golden_of
from penchant.store import Registry

from .candidate import Examined, asked, examine
from .config import ServeConfig
from .deployed import Deployed
from .service import Service

log = logging.getLogger("penchant.serve")

Deploy = Callable[[Path, str], Deployed]
"""Makes a model ready to answer, from its bundle and name."""

_LOOK = 0.01  # seconds between two looks at how far it is


class Vetting:
    """Looks at the models of a registry.

    Args:
        registry: of the data folder.
        service: what answers meanwhile.
        deploy: loads a model.
        config: limits.
    """

    def __init__(
        self, registry: Registry, service: Service, deploy: Deploy, config: ServeConfig
    ) -> None:
        self._registry = registry
        self._service = service
        self._deploy = deploy
        self._config = config
        self._stop = threading.Event()

    def stop(self) -> None:
        """Give up what is being looked at: the service is stopping."""
        self._stop.set()

    def examined(self, version: str) -> Examined:
        """Look at a bundle in a child process; one that fails is dropped from the registry.

        Raises:
            BundleError: it may not answer, and why.
        """
        path = self._registry.path(version)
        limits = self._config.golden_seconds, self._config.load_seconds
        found = examine(path, *limits, self._stop)
        if found.problems:
            self._registry.refuse(version, found.problems[0])
            log.warning("refused", extra={"told": {"version": version}})
        _refuse(version, found)
        return found

    def ready(self, version: str) -> Deployed:
        """A model in this process that answers, and has read the items put so far.

        Its lists are not compared with those of its golden questions: they were, in the child and
        when it was loaded, but here the items that were put and the policy of the service count.

        Raises:
            BundleError: it does not answer here, is too slow, or is of another catalogue.
        """
        deployed = self._deploy(self._registry.path(version), version)
        try:
            self._same_catalogue(version, deployed)
            golden = golden_of(self._registry.path(version))
            found = asked(deployed.engine, golden, self._config.golden_seconds, compare=False)
            _refuse(version, found)
            self._until_read(version, deployed)
            deployed.refresh()
        except BaseException:
            deployed.close()
            raise
        return deployed

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
        until = time.monotonic() + self._config.load_seconds
        while deployed.pending:
            if self._stop.wait(_LOOK) or time.monotonic() > until:
                raise BundleError(
                    f"{version} did not read the items that were put within "
                    f"{self._config.load_seconds:g} s."
                )


def _refuse(version: str, found: Examined) -> None:
    if found.problems:
        raise BundleError(f"{version} may not answer: {' '.join(found.problems)}")
