"""``penchant backup`` and ``penchant restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .logs import Data, check_outside, forget_snapshot, open_existing, place_of
from .output import document, note
from .places import check_file


def backup(
    *,
    data: Data,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to be.")],
    as_json: options.AsJson = False,
) -> None:
    """Copy the event log of a service while it runs.

    The copy is of one moment, and is read through before it gets its name. Who
    is erased later is left out when it is restored; delete old copies all the same.

    Example:
      penchant backup --data service --out backups/monday.db
    """
    check_file(out)
    check_outside(out, data, "--out")
    with open_existing(data) as log:
        counts = log.backup(out)
    _tell(counts, f"backed up to {out}", as_json=as_json)


def restore(
    *,
    source: Annotated[
        Path, typer.Option("--from", metavar="FILE", help="What 'penchant backup' wrote.")
    ],
    data: Data,
    replace: Annotated[
        bool, typer.Option("--replace", help="In the place of the log that is there.")
    ] = False,
    erasures: Annotated[
        Path | None,
        typer.Option(
            "--erasures", metavar="FILE", help="The log.erasures of a folder that is gone."
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Put a backup in the place of the event log.

    Users who were erased since are left out. The backup may come from a folder
    and go to PostgreSQL, or the other way.

    Examples:
      penchant restore --from backups/monday.db --data service --replace
      penchant restore --from backups/monday.db --data postgresql://me@db/shop
    """
    from penchant.store.log import restore as put_back

    counts = put_back(source, place_of(data), replace=replace, erasures=erasures)
    forget_snapshot(data)
    _tell(counts, f"restored {source}", as_json=as_json)


def _tell(counts: dict[str, int], what: str, *, as_json: bool) -> None:
    if as_json:
        document({"rows": counts})
        return
    note(f"{what}: " + ", ".join(f"{count:,} {name}" for name, count in counts.items() if count))
