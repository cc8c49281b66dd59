"""The door of the command line: exit statuses, and no traceback for bad input."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from penchant.core import DataError, PenchantError

from .app import app
from .output import speak_utf8
from .settings import as_flag

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments after the program's name; those of the process by default.

    Returns:
        The exit status: 0 done, 1 a failure that the message explains, 2 wrong usage, 130 stopped
        with Ctrl-C.
    """
    speak_utf8()
    try:
        app(args=None if argv is None else list(argv), prog_name="penchant")
    except DataError as error:
        told = "\n".join(problem.told(as_flag) for problem in error.problems)
        print(f"penchant: {told}", file=sys.stderr)
        return error.exit_status
    except PenchantError as error:
        print(f"penchant: {error}", file=sys.stderr)
        return error.exit_status
    except OSError as error:  # a full disk, a name that is too long: said in the system's words
        print(f"penchant: {error}", file=sys.stderr)
        return PenchantError.exit_status
    except (
        SystemExit
    ) as stop:  # typer's own way out: --help, --version, and what it calls bad usage
        status = stop.code if isinstance(stop.code, int) else 0
        if status == INTERRUPTED:
            print("penchant: stopped", file=sys.stderr)
        return status
    return 0
