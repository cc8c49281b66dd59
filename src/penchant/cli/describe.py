"""``penchant describe``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .output import document, note
from .places import check_file
from .reading import Reading, takes_data


@takes_data
def describe(
    reading: Reading,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Draw it too, as .png or .svg."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Check a data set and show its shape.

    Counts, density, lengths of histories, popularity of items, how many items have text.

    Examples:
      penchant describe --events events.csv --items items.jsonl
      penchant describe --config penchant.toml --picture shape.png
    """
    if picture:
        check_file(picture, ".png", ".svg")
    shape = reading.open().describe()
    if as_json:
        document(shape.to_json())
    else:
        print(shape)
    if picture:
        shape.picture(picture)
        note(f"drew {picture}")
