"""The event log that a command works on: of a service's folder, or wherever it lies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.core import UsageError

if TYPE_CHECKING:
    from penchant.store.log import Log

LOG, SNAPSHOT = "log", "live.snapshot"
"""What a service has in its folder: the log, and a copy of users' histories made from it."""

Data = Annotated[
    str,
    typer.Option(
        "--data", metavar="DIR", help="The folder of the service, or postgresql://... of its log."
    ),
]


def place_of(data: str) -> str | Path:
    """Where the log of ``--data`` lies, or would lie."""
    if "://" in data:
        return data
    from penchant.store.log import has_log

    folder = Path(data).expanduser()
    return folder if has_log(folder) else folder / LOG


def open_existing(data: str) -> Log:
    """The log of ``--data``.

    Raises:
        UsageError: there is none.
    """
    from penchant.store.log import has_log, open_log

    where = place_of(data)
    if not has_log(where):
        raise UsageError(f"--data {data}: no event log there. Name the DIR of 'penchant serve'.")
    return open_log(where)


def check_outside(out: Path, data: str, option: str) -> None:
    """Refuse to write a copy of the log into the folder of the log.

    Raises:
        UsageError: it would be lost with the log, and nobody would be erased in it.
    """
    if "://" not in data and out.absolute().is_relative_to(Path(data).expanduser().absolute()):
        raise UsageError(
            f"{option} {out}: that is inside {data}. Name a place that is not lost with it."
        )


def forget_snapshot(data: str) -> None:
    """Remove the copy of users' histories; a service makes it anew from the log."""
    if "://" in data:
        return
    for name in (SNAPSHOT, f".{SNAPSHOT}.*.part"):
        for path in Path(data).expanduser().glob(name):
            path.unlink(missing_ok=True)
