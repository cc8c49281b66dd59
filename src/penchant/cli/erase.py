"""``penchant erase``."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options
from .logs import Data, forget_snapshot, open_existing
from .output import document, note


def erase(
    *,
    data: Data,
    user: Annotated[str, typer.Option("--user", metavar="U", help="Whom to forget.")],
    as_json: options.AsJson = False,
) -> None:
    """Delete whatever a service knows of a user, byte for byte.

    The service may be running, and forgets the user before its next answer; the
    models in its folder do when it starts again. A salted hash stays, so that
    restoring an older backup brings nobody back. Delete the backups themselves,
    exported files and runs elsewhere by hand.

    Example:
      penchant erase --data service --user u1
    """
    with open_existing(data) as log:
        counts = log.erase(user)
    forget_snapshot(data)
    if as_json:
        document({"rows": counts})
        return
    note("erased: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))
