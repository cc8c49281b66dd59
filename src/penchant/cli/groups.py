"""Several commands under one name, such as ``penchant keys``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import typer

Command = Callable[..., None]


def group(
    about: Command, commands: Mapping[str, Command], told: Callable[[Command], str]
) -> typer.Typer:
    """The commands as one, for ``app.add_typer``.

    Args:
        about: its docstring is the help of all of them.
        commands: by name, in the order in which they are needed.
        told: the help of a command, from its docstring.
    """
    app = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help=told(about),
    )
    for name, command in commands.items():
        app.command(name, help=told(command))(command)
    return app
