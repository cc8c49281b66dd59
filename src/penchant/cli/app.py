"""The commands and their names; what each does stands in the file of its name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Annotated

import typer

from penchant import __version__

from .backup import backup, restore
from .compare import compare
from .demo import demo
from .describe import describe
from .doctor import doctor
from .drift import drift
from .erase import erase
from .evaluate import evaluate
from .experiment import experiment_app
from .export_events import export_events
from .few_shot import few_shot
from .fit import fit
from .init import init
from .keys import keys_app
from .learn import learn
from .mcp import mcp
from .predict import predict
from .pretrain import pretrain
from .recommend import explain, recommend
from .serve import serve
from .simulate import simulate
from .tune import tune

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)


COMMANDS = (
    init,
    fit,
    evaluate,
    recommend,
    explain,
    predict,
    compare,
    tune,
    pretrain,
    few_shot,
    describe,
    simulate,
    serve,
    learn,
    drift,
    mcp,
    export_events,
    backup,
    restore,
    erase,
    demo,
    doctor,
)
"""In the order in which a newcomer meets them."""


def penchant(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Turn a catalogue with text and a log of events into a recommender.

    Start here:
      penchant demo                the whole story on MovieLens-100K, in minutes
      penchant doctor              what is installed, what is missing
      penchant COMMAND --help      what a command takes, with examples
    """
    if version:
        print(f"penchant {__version__}")
        raise typer.Exit


def told(command: Callable[..., None]) -> str:
    """The docstring of a command as its help, with the lines of its examples kept as they are."""
    keep = "\x08\n"  # typer wraps no paragraph that begins with this
    return re.sub(r"^(?=Example|Start)", keep, inspect.getdoc(command) or "", flags=re.MULTILINE)


def spoken(command: Callable[..., None]) -> str:
    """The name of a command as it is typed."""
    return command.__name__.replace("_", "-")


app.callback(help=told(penchant), invoke_without_command=True)(penchant)
for command in COMMANDS:
    app.command(help=told(command))(command)
app.add_typer(keys_app(told), name="keys")
app.add_typer(experiment_app(told), name="experiment")
