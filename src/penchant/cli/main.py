"""The door of the command line: exit statuses, and no traceback for bad input."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from penchant.core import PenchantError

from .app import app

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments after the program's name; those of the process by default.

    Returns:
        The exit status: 0 done, 1 a failure that the message explains, 2 wrong usage, 130 stopped
        with Ctrl-C.
    """
    try:
        app(args=None if argv is None else list(argv), prog_name="penchant")
    except PenchantError as error:
        print(f"penchant: {error}", file=sys.stderr)
        return error.exit_status
    except (
        SystemExit
    ) as stop:  # typer's own way out: --help, --version, and what it calls bad usage
        status = stop.code if isinstance(stop.code, int) else 0
        if status == INTERRUPTED:
            print("penchant: stopped", file=sys.stderr)
        return status
    return 0
