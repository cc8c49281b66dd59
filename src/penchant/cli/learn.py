"""``penchant learn``: a service that goes on learning."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penchant.core import PenchantError, UsageError

from . import options
from .durations import seconds_of
from .logs import check_outside, open_existing
from .output import document, note
from .places import check_run
from .serve_settings import learn_config, serve_config

if TYPE_CHECKING:
    from penchant.live.learning import LearnConfig, Learning, Outcome
    from penchant.serve import ServeConfig
    from penchant.store.log import Log

MODELS, WORK = "models", "work"


def learn(  # noqa: PLR0913 - an option each
    *,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The folder of the service.")],
    log: Annotated[
        str | None,
        typer.Option("--log", metavar="URL", help="Its event log, where that is in PostgreSQL."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="A penchant.toml with [learn]."),
    ] = None,
    every: Annotated[
        str | None,
        typer.Option("--every", metavar="TIME", help="Between two looks, as 10m.  [default: 10m]"),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once, and stop: for cron.")] = False,
    trial: Annotated[
        bool,
        typer.Option("--trial", help="Make a candidate and judge it; change nothing."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="RUN", help="With --trial: keep the candidate as a run."),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Update now, however few events are new; once.")
    ] = False,
    retune: Annotated[
        bool, typer.Option("--retune", help="Fit the model anew from the log now; once.")
    ] = False,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> None:
    """Let a running service go on learning from what people do.

    Looks at the event log every few minutes. Where enough is new, a candidate
    goes on from the model that answers, learning the new events and some old
    ones; now and then one is fitted anew. The newest events and those of a few
    users are held back: on them the candidate is judged against the model that
    answers. One that passes takes its place in all processes of the service at
    once; one that does not is refused. Later events show whether that was
    right: where the model before is better, it comes back. Each decision, with
    its figures, stands in the registry: GET /v1/admin/models, or the console.

    The service may be running or not. One process learns for one DIR, and may
    be killed at any moment.

    Examples:
      penchant learn --data service
      penchant learn --data service --once          # from cron
      penchant learn --data service --trial --out runs/candidate
      penchant learn --data service --retune
    """
    from penchant.live.learning import FOLDER, lease

    if out is not None and not trial:
        raise UsageError("--out: only with --trial, which changes nothing else.")
    if out is not None:
        check_run(out)
        check_outside(out, str(data), "--out")
    if update and retune:
        raise UsageError("--update and --retune: name one of them.")
    settings = learn_config(config)
    if every is not None:
        settings = replace(settings, every=seconds_of(every, "--every"))
    how: Literal["update", "retune", ""] = "retune" if retune else "update" if update else ""
    place = data.expanduser().resolve()
    if not (place / MODELS).is_dir():
        raise UsageError(f"--data {data}: no models there. Name the DIR of 'penchant serve'.")
    served = serve_config(config)
    with (
        open_existing(log or served.log_url or str(place)) as opened,
        lease(place / FOLDER),
    ):
        loop = _loop(place, opened, settings, served, seed)
        if once or trial or how:
            _tell(loop.step(how, trial), as_json)
            _keep(loop.candidate, out)
            return
        note(f"learning from {data}, a look every {settings.every:g} s; Ctrl-C ends it")
        _for_ever(loop, settings.every, as_json)


def _loop(place: Path, log: Log, settings: LearnConfig, served: ServeConfig, seed: int) -> Learning:
    from penchant.live.experiments import Book
    from penchant.live.learning import FOLDER, Learning, fitted_anew, learned_on
    from penchant.serve import Exchanged
    from penchant.store import Registry

    registry = Registry(place / MODELS, served.keep_models, needed=Book(place).needed)
    work = place / FOLDER / WORK
    return Learning(
        place,
        log,
        registry,
        Exchanged(registry, served),
        update=learned_on(settings.update, seed, work / "update"),
        retune=fitted_anew(seed, work / "retune"),
        config=settings,
    )


def _keep(candidate: Path, out: Path | None) -> None:
    """Move a candidate to where it is wanted; it holds people's events, so it is not left lying."""
    if not candidate.is_dir():
        return
    if out is None:
        shutil.rmtree(candidate)
        return
    from penchant.engine import Engine

    Engine.load(candidate).save(out)
    shutil.rmtree(candidate)
    note(f"wrote {out}")


def _for_ever(loop: Learning, every: float, as_json: bool) -> None:
    while True:
        began = time.monotonic()
        try:
            _tell(loop.step(), as_json)
        except (
            PenchantError
        ) as error:  # the next look may go well: a disk that was full, a log away
            note(f"error: {error}")
        time.sleep(max(0.0, every - (time.monotonic() - began)))


def _tell(found: Outcome, as_json: bool) -> None:
    if as_json:
        document(found.to_json())
        return
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {found}", flush=True)
