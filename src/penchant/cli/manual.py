"""The help of every command as one page: ``docs/guide/command-line.md``.

``make docs`` writes it with ``python -m penchant.cli.manual``, and a test compares the two.
"""

from __future__ import annotations

import contextlib
import io
import os

from .app import COMMANDS, spoken
from .experiment import EXPERIMENT_COMMANDS
from .keys import KEY_COMMANDS

INTRODUCTION = """\
# The command line

Written by `make docs` from the help itself; do not edit by hand.

Every command keeps three promises. Its exit status is 0 when done, 1 after a failure that the
message explains, 2 after wrong usage. With `--json` it prints one JSON document on standard output
and nothing else there. Progress and notes go to standard error."""


def manual() -> str:
    """The page, Markdown."""
    parts = [INTRODUCTION, _page("penchant", [])]
    names = [spoken(command) for command in COMMANDS]
    parts += [_page(f"penchant {name}", [name]) for name in names]
    parts += [_page(f"penchant keys {name}", ["keys", name]) for name in KEY_COMMANDS]
    parts += [
        _page(f"penchant experiment {name}", ["experiment", name]) for name in EXPERIMENT_COMMANDS
    ]
    return "\n\n".join(parts) + "\n"


def _page(title: str, argv: list[str]) -> str:
    from .main import main

    seen = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "80"  # the help wraps at the width of the terminal
    try:
        with contextlib.redirect_stdout(io.StringIO()) as page:
            main([*argv, "--help"])
    finally:
        if seen is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = seen
    return f"## {title}\n\n```text\n{page.getvalue().strip()}\n```"


if __name__ == "__main__":
    print(manual(), end="")
