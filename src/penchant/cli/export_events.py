"""``penchant export-events``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .logs import Data, open_existing
from .output import document, note
from .places import check_file


def export_events(
    *,
    data: Data,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The file for the events, .parquet.")
    ],
    items: Annotated[
        Path | None,
        typer.Option("--items", metavar="FILE", help="A file for the items put, .jsonl."),
    ] = None,
    impressions: Annotated[
        Path | None,
        typer.Option("--impressions", metavar="FILE", help="A file for what was shown, .parquet."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Write what a service heard to files, to tune on.

    The service may be running. The events are as they were sent, once each; a
    time that lay ahead of the service's clock becomes the time of arrival.

    Examples:
      penchant export-events --data service --out events.parquet
      penchant export-events --data service --out e.parquet --items i.jsonl
      penchant fit --events events.parquet --items items.jsonl --out runs/second
    """
    check_file(out, ".parquet")
    if items is not None:
        check_file(items, ".jsonl")
    if impressions is not None:
        check_file(impressions, ".parquet")
    with open_existing(data) as log:
        written = {str(out): log.export_events(out)}
        if items is not None:
            written[str(items)] = log.export_items(items)
        if impressions is not None:
            written[str(impressions)] = log.export_impressions(impressions)
    if as_json:
        document({"rows": written})
        return
    for name, count in written.items():
        note(f"{name}: {count:,} rows")
