"""``penchant experiment``: models compared on the users of a service."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from penchant.core import UsageError

from . import options
from .durations import seconds_of
from .groups import group
from .output import document, note
from .places import check_file

if TYPE_CHECKING:
    from penchant.live.experiments import Kind, Measure
    from penchant.store.log import Log

MODELS = "models"
Data = Annotated[Path, typer.Option("--data", metavar="DIR", help="The folder of the service.")]
LogUrl = Annotated[
    str | None,
    typer.Option("--log", metavar="URL", help="Its event log, where that is in PostgreSQL."),
]
Named = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="By default the one that runs, or the last."),
]


def start(  # noqa: PLR0913, PLR0917 - the options of a command
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name not used before.")],
    data: Data,
    arm: Annotated[
        list[str],
        typer.Option(
            "--arm",
            metavar="A=MODEL",
            help="A name and a model of the registry, 'current', or the beginning of a "
            "name; repeat it. The first arm is the control.",
        ),
    ],
    kind: Annotated[
        str, typer.Option("--kind", metavar="K", help="ab, interleave or shadow.")
    ] = "ab",
    event: Annotated[
        list[str], typer.Option("--event", metavar="E", help="What counts; repeat it.")
    ] = ["click"],  # noqa: B006 - typer copies it
    window: Annotated[
        str,
        typer.Option("--window", metavar="TIME", help="After a user's first list, as 1d or 2h."),
    ] = "1d",
    measure: Annotated[
        str,
        typer.Option("--measure", metavar="M", help="users (with an event) or events (a user)."),
    ] = "users",
    shares: Annotated[
        str | None, typer.Option("--shares", metavar="N:N", help="Of the arms, as 9:1.")
    ] = None,
    traffic: Annotated[
        float, typer.Option("--traffic", metavar="F", min=0, max=1, help="Share of users in it.")
    ] = 1.0,
    users: Annotated[
        int | None,
        typer.Option(
            "--users",
            metavar="N",
            min=1,
            help="At which you expect to decide; 10000 by default, 1000 for interleave.",
        ),
    ] = None,
    alpha: Annotated[
        float, typer.Option("--alpha", metavar="F", help="Chance of a false alarm, ever.")
    ] = 0.05,
    log: LogUrl = None,
    as_json: options.AsJson = False,
) -> None:
    r"""Begin an experiment; a running service takes it up by itself.

    With --kind ab each user sees the lists of one model, always the same one.
    With interleave each user sees two models' lists merged, item by item (team
    draft): it finds which of them is preferred with far fewer users than ab,
    and says nothing of how much more is sold. With shadow the second model
    answers unseen; its errors, its time and how far its lists differ are
    counted.

    Users are split by a hash, so that each stays where they are. Look as often
    as you like: the intervals hold at every moment. One experiment runs at a
    time.

    Examples:
      penchant experiment start autumn --arm old=current --arm new=sasrec-3f2a \
          --event click --window 1d --data service
      penchant experiment start blend --kind interleave --arm a=current \
          --arm b=als-77 --traffic 0.2 --data service
    """
    from penchant.live.experiments import Book, Experiment, last_number
    from penchant.store import Registry

    from .experiment_arms import arms_of

    if not (data / MODELS).is_dir():
        raise UsageError(f"--data {data}: no models there. Name the DIR of 'penchant serve'.")
    arms = arms_of(arm, Registry(data / MODELS).standing(), shares, traffic)
    with _log(data, log) as opened:
        after = last_number(opened), opened.last_seq()
    begun = Book(data).start(
        Experiment(
            name,
            cast("Kind", kind),  # the experiment checks it
            arms,
            tuple(event),
            seconds_of(window, "--window"),
            cast("Measure", measure),
            users=users or (1000 if kind == "interleave" else 10_000),
            alpha=alpha,
            after=after,
        )
    )
    _record(data, "experiment start", begun.name)
    if as_json:
        document(begun.as_json())
        return
    for one in begun.arms:
        note(f"{one.name}: {one.version} for {one.share:.4g} of the users")
    note(f"{begun.name} runs. Look: penchant experiment status --data {data}")


def status(
    data: Data,
    name: Named = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw the days; .svg or .png."),
    ] = None,
    log: LogUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Show what an experiment tells so far, as often as you like.

    The interval holds at every moment: stop when it excludes zero, or when the
    differences that it leaves open do not matter. A user counts when the window
    after their first list is over.

    Examples:
      penchant experiment status --data service
      penchant experiment status autumn --plot autumn.svg --data service
    """
    from penchant.live.experiments import Book, judge, shadowed, tally

    from .experiment_told import about, told

    if plot:
        check_file(plot, ".svg", ".png")
    found, now = Book(data).find(name), time.time()
    with _log(data, log) as opened:
        judged = judge(found, tally(found, opened, now), now)
    shadow = shadowed(data, found)
    if as_json:
        document(about(found, judged, shadow))
    else:
        told(found, judged, shadow, now)
    if plot:
        from .experiment_picture import draw

        draw(found, judged, plot)
        note(f"wrote {plot}")


def stop(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the experiment.")],
    data: Data,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="For the records.")] = "",
    as_json: options.AsJson = False,
) -> None:
    """End an experiment.

    Everybody gets the model that answers, within a second. Nothing is promoted: do that with the reload or promote of the service. What
    was counted stays: 'penchant experiment status NAME' shows it.

    Example:
      penchant experiment stop autumn --why "new is better" --data service
    """
    from penchant.live.experiments import Book

    ended = Book(data).stop(name, why)
    _record(data, "experiment stop", name)
    if as_json:
        document(ended.as_json())
        return
    note(f"{name} is stopped. Its figures: penchant experiment status {name} --data {data}")


def experiment() -> None:
    r"""Compare models on the users of a service.

    Users are split by a hash of their id, so that each stays where they are;
    the lists say their policy, and who shows one sends it along with what was
    shown. The tests hold however often one looks.

    Examples:
      penchant experiment start autumn --arm old=current --arm new=sasrec-3f2a \
          --data service
      penchant experiment status --data service
    """


EXPERIMENT_COMMANDS: dict[str, Callable[..., None]] = {
    "start": start,
    "status": status,
    "stop": stop,
}
"""By name, in the order in which they are needed."""


def experiment_app(told: Callable[[Callable[..., None]], str]) -> typer.Typer:
    """The commands as one: ``app.add_typer(experiment_app(told), name="experiment")``.

    Args:
        told: the help of a command, from its docstring.
    """
    return group(experiment, EXPERIMENT_COMMANDS, told)


def _log(data: Path, url: str | None) -> Log:
    from .logs import open_existing

    return open_existing(url or str(data))


def _record(data: Path, action: str, name: str) -> None:
    from penchant.serve.edge import AuditTrail

    AuditTrail(data).record(action, experiment=name)
