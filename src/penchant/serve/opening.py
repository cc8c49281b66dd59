"""A data folder as a service: its log, its models, what people did so far.

::

    DIR/
      log/            the event log (SQLite), unless it lies in PostgreSQL
      models/         the registry: a copy of each bundle, and which of them answers
      drift.json      what is usual, and what has changed; made anew from the log likewise
      experiments.json   which experiment runs, and those before it
      live.snapshot   what people did, for a quick start; made anew from the log where it is missing
      keys.json       keys, hashed
"""

from __future__ import annotations

import os
from pathlib import Path

from penchant.core import UsageError
from penchant.engine import Engine
from penchant.live import Follower
from penchant.live.experiments import Book
from penchant.store import Registry
from penchant.store.log import open_log

from .config import ServeConfig
from .deployed import Deployed
from .forgetting import erased_in, forget
from .service import Service
from .swap import Swaps
from .trials import Trials
from .vetting import Vetting
from .watching import Watching

LOG, MODELS, SNAPSHOT, DRIFT = "log", "models", "live.snapshot", "drift.json"


def open_service(
    folder: Path,
    run: Path | None = None,
    config: ServeConfig | None = None,
    first: bool = True,
    take_in: bool = True,
) -> tuple[Service, Swaps]:
    """Open a data folder, or begin one.

    A run that the registry does not know is taken in and answers from now on. One that it knows
    changes nothing: what was promoted or rolled back since stays so when the service is restarted.

    Args:
        folder: the data folder.
        run: that ``penchant fit`` wrote; None where the folder has a model already.
        config: sizes and times.
        first: whether this is the process that tends the folder; one of several is.
        take_in: whether the first lets a new run answer, or leaves it to an admin's reload. It is
            left to them where a process is started anew while the service goes on: what lies at
            ``--run`` by then was not asked for.

    Returns:
        the service, and what exchanges its models.

    Raises:
        UsageError: the folder cannot be written, or there is no model.
        BundleError: the model is damaged, newer, or of another catalogue.
        LogError: the log cannot be opened.
    """
    config = config or ServeConfig()
    make_folder(folder)
    book = Book(folder)
    registry = Registry(folder / MODELS, config.keep_models, book.needed)
    current = registry.standing().current or _taken_in(registry, run)
    log = open_log(config.log_url or folder / LOG)
    swaps: Swaps | None = None
    try:
        follower = Follower(log, config.live, folder / SNAPSHOT, writes=first)
        follower.catch_up()

        def deploy(bundle: Path, name: str) -> Deployed:
            # an old run may know people who were erased since
            if gone := erased_in(bundle, follower.state.erased):
                with registry.bundles():
                    forget(bundle, gone)
            engine = Engine.load(bundle, config.policy, version=name)
            return Deployed(engine, log, follower, config.catalogue)

        service = Service(log, follower, deploy(registry.path(current), current), config)
        registry.promote_first(current)  # only now that it was loaded
        swaps = Swaps(registry, service, deploy, config, run)
        vetting = Vetting(registry, service, deploy, config)
        service.trials = Trials(book, service, vetting)
        service.tend()
        swaps.start(take_in=first and take_in)
        service.watching = Watching(
            log,
            lambda: service.deployed,
            config.drift,
            folder / DRIFT,
            first=first,
            versions=lambda: registry.standing().versions,
        )
        if first:
            swaps.forget_erased()
    except BaseException:
        if swaps is not None:
            swaps.close()
        log.close()
        raise
    follower.start()
    return service, swaps


def _taken_in(registry: Registry, run: Path | None) -> str:
    """The first model of a registry.

    Raises:
        UsageError: there is no run.
        BundleError: the run is no bundle, damaged, or newer.
    """
    if run is None:
        raise UsageError(
            f"{registry.folder.parent} holds no model yet. Give a run that 'penchant fit' wrote: "
            "--run RUN."
        )
    return registry.add(run).name


def make_folder(folder: Path) -> None:
    """Make a folder that can be written to, for its owner alone.

    Raises:
        UsageError: it cannot, or there is a run.
    """
    if (folder / "manifest.json").is_file():
        raise UsageError(
            f"--data {folder} is a run, which a service must not write to. Name a folder of the "
            f"service's own: --run {folder} --data service."
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--data {folder}: no folder can be made there ({error.strerror}). Name another one."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(
            f"--data {folder}: no permission to write there, so events could not be kept. Name "
            "another folder, or give this one to the user that runs penchant."
        )
