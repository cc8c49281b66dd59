"""Kill ``penchant learn`` in each of its phases, beside a service that goes on answering.

The child is the command itself, with one function of one phase exchanged for one that ends the
process by SIGKILL, before or after it did its work.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penchant.core import PenchantError, ServiceError
from penchant.engine import Engine
from penchant.serve import Client
from penchant.store import Registry

PHASES = {
    "gathering": "penchant.live.learning.heard:Heard.catch_up",
    "joining": "penchant.live.learning.lesson:extended",
    "learning": "penchant.live.learning.teachers:updated",
    "saving": "penchant.engine.kept:save",
    "judging": "penchant.live.learning.learning:judge",
    "copying into the registry": "penchant.store.registry:copy_bundle",
    "examining": "penchant.serve.exchange:examine",
    "asking the processes": "penchant.serve.peers:Peers.others",
    "promoting": "penchant.store.registry:Registry.promote",
    "writing the journal": "penchant.live.learning.journal:Journal.write",
}
"""Where the loop is killed, and the function that it is killed before, or after."""


@dataclass
class LoopLedger:
    """What was found.

    Attributes:
        kills: processes that ended by the signal.
        half: times that the registry named a bundle that is not whole, or held one that it does
            not name.
        lost: times that the log had fewer events than before.
        failed: questions to the service that failed.
        stuck: steps after a kill that did not end well.
        promoted: steps after a kill, or kills after the promotion, that promoted the candidate.
        errors: what the failures said.
    """

    kills: int = 0
    half: int = 0
    lost: int = 0
    failed: int = 0
    stuck: int = 0
    promoted: int = 0
    errors: list[str] = field(default_factory=list)


def kill_at(phase: str, after: bool, folder: Path, settings: Path) -> int:
    """Run ``penchant learn --update`` until a phase; the exit status, -9 where it was killed there.

    Args:
        phase: of ``PHASES``.
        after: when the function of the phase has done its work, not before it begins.
        folder: the data folder.
        settings: a ``penchant.toml``.
    """
    argv = [phase, "after" if after else "before", str(folder), str(settings)]
    command = [sys.executable, "-m", __name__, *argv]
    return subprocess.run(command, capture_output=True, check=False).returncode  # noqa: S603


def look(folder: Path, events: int, url: str, ledger: LoopLedger) -> None:
    """See that a kill left nothing half done.

    Args:
        folder: the data folder.
        events: ``last_seq`` of its log before the kill.
        url: of the service.
        ledger: what is found is added to it.
    """
    registry = Registry(folder / "models")
    standing = registry.standing()
    try:
        Engine.load(registry.path(standing.current or ""))
    except PenchantError as error:
        ledger.half += 1
        ledger.errors.append(str(error))
    try:
        with Client(url, retries=0) as client:
            client.recommend(user="somebody", k=5)
            told = client.status()
            ledger.lost += told["last_seq"] < events
    except ServiceError as error:
        ledger.failed += 1
        ledger.errors.append(str(error))


def leftovers(folder: Path) -> list[str]:
    """Bundles that the registry does not name; a step that ends well leaves none."""
    registry = Registry(folder / "models")
    there = {path.name for path in (registry.folder / "bundles").iterdir()}
    return sorted(there - set(registry.standing().versions))


def _main(argv: list[str]) -> None:
    phase, when, folder, settings = argv
    _ending(PHASES[phase], after=when == "after")
    from penchant.cli import main

    main(["learn", "--data", folder, "--config", settings, "--update"])


def _ending(target: str, *, after: bool) -> None:
    """Exchange a function for one that ends the process."""
    module, _, path = target.partition(":")
    holder: Any = importlib.import_module(module)
    *owners, name = path.split(".")
    for owner in owners:
        holder = getattr(holder, owner)
    real: Callable[..., Any] = getattr(holder, name)

    def ending(*given: Any, **named: Any) -> None:
        if after:
            real(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(holder, name, ending)


if __name__ == "__main__":
    _main(sys.argv[1:])
