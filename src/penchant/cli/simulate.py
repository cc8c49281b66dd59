"""``penchant simulate``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.core import UsageError

from . import options
from .output import document, note
from .places import check_file
from .reading import Reading, takes_data
from .settings import from_options

if TYPE_CHECKING:
    from penchant.data import Dataset

POLICIES = "random,popularity,item-knn,oracle"


@takes_data
def simulate(  # noqa: PLR0913 - an option each
    reading: Reading,
    *,
    policies: Annotated[
        str,
        typer.Option(
            "--policies",
            metavar="A,B",
            help="Models by name, folders of runs, or oracle, who knows every taste.",
        ),
    ] = POLICIES,
    rounds: Annotated[
        int | None,
        typer.Option("--rounds", metavar="N", min=1, help="Rounds to play.  [default: 10]"),
    ] = None,
    people: Annotated[
        int | None,
        typer.Option("--people", metavar="N", min=2, help="People at first.  [default: 500]"),
    ] = None,
    retrain: Annotated[
        int | None,
        typer.Option(
            "--retrain", metavar="N", min=0, help="Train every N rounds; 0: once.  [default: 1]"
        ),
    ] = None,
    explore: Annotated[
        float,
        typer.Option(
            "--explore", metavar="F", min=0.0, max=1.0, help="Share of lists drawn by lot."
        ),
    ] = 0.0,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of the world; repeatable."),
    ] = None,
    settings: Annotated[
        bool, typer.Option("--settings", help="List the settings of the world, and stop.")
    ] = False,
    seed: options.Seed = 0,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Draw the rounds: .svg or .png."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    r"""Try policies on simulated people over a real catalogue.

    People have tastes, look at the top of a list first, get bored of what is alike,
    and change; models learn from what was clicked, so feedback loops show: what one
    recommends is what it learns from next. It is a simulation: it compares policies
    under stated assumptions, and foretells no click rate. Without --events and
    --items the catalogue is MovieLens-100K.

    Examples:
      penchant simulate
      penchant simulate --policies popularity,ease --rounds 20 --picture loop.svg
      penchant simulate --retrain 0 --set drift=0.2 --set boredom=1.0
      penchant simulate --explore 0.1 --policies popularity --json
      penchant simulate --events events.csv --items items.jsonl \
          --policies runs/first
    """
    from penchant.lab.simulator import SimulatorConfig, draw
    from penchant.lab.simulator import simulate as play
    from penchant.models import configure

    if settings:
        print(_page(SimulatorConfig))
        return
    names = [name.strip() for name in policies.split(",") if name.strip()]
    if picture:
        check_file(picture, ".svg", ".png")
    given = {"rounds": rounds, "users": people, "retrain": retrain, "seed": seed}
    told = from_options(setting or [])
    twice = sorted(name for name in told if given.get(name) is not None and name != "seed")
    if twice or "seed" in told:
        raise UsageError(f"--set {(twice or ['seed'])[0]}: it has an option of its own; give one.")
    told |= {name: value for name, value in given.items() if value is not None}
    config = configure(SimulatorConfig, told)
    found = play(_data(reading), names, config, explore)
    if as_json:
        document(found.to_json())
    else:
        print(found)
    if picture:
        draw(found, picture)
        note(f"wrote {picture}")


def _data(reading: Reading) -> Dataset:
    if reading.told():
        return reading.open()
    from penchant.data import read_demo

    note("note: no --events and --items: the catalogue is MovieLens-100K")
    return read_demo()


def _page(config: type[Any]) -> str:
    """The settings of the world, each with its default and what it does."""
    from penchant.models import field_help

    told = field_help(config)
    lines = ["the world: set with --set key=value"]
    for field in dataclasses.fields(config):
        value = f'"{field.default}"' if isinstance(field.default, str) else field.default
        lines += ["", f"  {field.name} = {value}", *_wrapped(told.get(field.name, ""))]
    return "\n".join(lines)


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, 80, initial_indent="      ", subsequent_indent="      ")
