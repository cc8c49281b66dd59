"""``penchant compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.core import UsageError

from . import options
from .evaluate import lengths, required_split
from .output import document, note
from .places import check_file
from .reading import Reading, takes_data

MODELS = "popularity, item-knn, ease, als, sasrec, text-sequence"


@takes_data
def compare(  # noqa: PLR0913 - an option each
    reading: Reading,
    *,
    split: options.Split = None,
    models: Annotated[
        str, typer.Option("--models", metavar="A,B", help="Which models, by name.")
    ] = MODELS,
    trials: Annotated[
        int,
        typer.Option("--trials", metavar="N", min=0, help="Settings to try for each model first."),
    ] = 0,
    k: options.Lengths = "10",
    seed: options.FileSeed = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write an HTML report with pictures."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    r"""Train several models alike, judge them on the same events.

    With --trials each model first tries as many settings on a validation part of the
    training events; the held-out events are used once, at the end.

    Example:
      penchant compare --events events.csv --items items.jsonl \
          --split leave-last-out --models popularity,ease,text-sequence \
          --trials 20 --report report.html
    """
    from penchant.engine import by_name

    names = [name.strip() for name in models.split(",") if name.strip()]
    if not names or len(set(names)) != len(names):
        raise UsageError(f"--models {models}: name each model once, with commas between.")
    chosen = [by_name(name) for name in names]
    ks = lengths(k)
    if report:
        check_file(report, ".html", ".htm")
    seed = reading.file.get("seed", 0) if seed is None else seed
    protocol = required_split(split, reading)
    train, test = reading.open().split(protocol, seed=seed)
    from penchant.lab import compare as judge

    found = judge(chosen, train, test, trials=trials, ks=ks, seed=seed)
    if as_json:
        document(found.to_json())
    else:
        print(found)
    if report:
        found.report(report)
        note(f"wrote {report}")
