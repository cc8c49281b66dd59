"""``penchant predict``."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, cast

import numpy as np
import typer

from penchant.core import UsageError, bar
from penchant.store import atomic_file

from . import options
from .foretell import Foretold, foretell
from .output import document, note
from .places import check_file

if TYPE_CHECKING:
    from penchant.data import RequestFile
    from penchant.engine import Recommender


def predict(  # noqa: PLR0913 - an option each
    *,
    run: options.Run,
    requests: Annotated[
        Path | None,
        typer.Option(
            "--requests",
            metavar="R",
            help="JSON lines: request_id, and user_id, history or query, or several.",
        ),
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option(
            "--events", metavar="E", help="Instead: events, for a probability or a rating each."
        ),
    ] = None,
    items: Annotated[
        Path | None,
        typer.Option("--items", metavar="I", help="With --events: the catalogue."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="THEIRS=OURS",
            help="With --events: a column of theirs by our name; repeatable.",
        ),
    ] = None,
    causal: Annotated[
        bool,
        typer.Option("--causal", help="With --events: state goes on, looking back only."),
    ] = False,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="RANKED", help="The file to write (.gz too)."),
    ],
    candidates: Annotated[
        Path | None,
        typer.Option("--candidates", metavar="C", help="A JSON list of the only items to rank."),
    ] = None,
    k: options.Length = 10,
    drop_unknown: Annotated[
        bool, typer.Option("--drop-unknown", help="Leave out history items the run lacks.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Rank items for requests, or foretell clicks and ratings.

    Writes one JSON line for each request, in the same order: request_id, items (best first),
    scores. Items of a request's history are never listed. For events it writes a CSV file:
    user_id, item_id, timestamp or position, prediction; by user, then by time.

    Examples:
      penchant predict --run runs/first --requests asked.jsonl --out ranked.jsonl
      penchant predict --run runs/c --events test.csv --items I --out scored.csv
    """
    from penchant.data import read_candidates, read_requests
    from penchant.engine import load

    check_file(out)
    ranking = {"--candidates": candidates, "--drop-unknown": drop_unknown}
    foretelling = {"--items": items, "--column": column, "--causal": causal}
    refuse("--requests", ranking) if events is not None else refuse("--events", foretelling)
    if events is not None:
        foretell(run, requests, Foretold(events, items, column or [], causal, out), as_json)
        return
    if requests is None:
        raise UsageError("--requests: missing. Give the file of requests, or --events.")
    if out.resolve() in {place.resolve() for place in (requests, candidates) if place}:
        raise UsageError(f"--out {out}: that is what is read. Name another file.")
    fitted = load(run)
    asked = read_requests(requests, fitted.catalogue, "drop" if drop_unknown else "error")
    for line in asked.notes:
        note(f"note: {line}")
    only = read_candidates(candidates, fitted.catalogue) if candidates else None
    strangers = _strangers(fitted, asked)
    if strangers:
        note(
            f"note: {strangers:,} requests are of users that the run does not know, without history "
            "or query: their lists are what suits everybody."
        )
    k = min(k, len(fitted.catalogue))
    empty = _write(out, fitted, asked, k, only)
    if empty:
        note(f"note: {empty:,} requests have an empty list; {fitted.name} cannot answer them.")
    if as_json:
        document({"ranked": str(out), "requests": len(asked.ids), "empty": empty, "k": k})
    else:
        print(f"ranked {len(asked.ids):,} requests: {out}")


def refuse(needs: str, given: Mapping[str, object]) -> None:
    """Refuse options that would do nothing.

    Raises:
        UsageError: one of them is set; it goes with the option ``needs``.
    """
    for option, value in given.items():
        if value:
            raise UsageError(f"{option} goes with {needs}. Leave it out.")


def _strangers(fitted: Recommender, asked: RequestFile) -> int:
    """Requests that name somebody unknown and nothing else."""
    users = asked.requests.users
    met = np.append(users.onto(fitted.interactions.users) >= 0, False)  # nobody, -1, is the last
    silent = (asked.requests.history.lengths == 0) & ~met[asked.requests.user]
    if asked.requests.queries is not None:
        silent &= np.array([not query for query in asked.requests.queries], np.bool_)
    return int(silent.sum())


def _write(out: Path, fitted: Recommender, asked: RequestFile, k: int, only: options.Codes) -> int:
    """Write a line a request; how many lists are empty."""
    empty = 0
    with written_whole(out) as file, bar(len(asked.ids), "predict", "request") as shown:
        for ids, listed, scores in _lists(fitted, asked, k, only):
            row = {"request_id": ids, "items": listed, "scores": scores}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            empty += not listed
            shown.update()
    return empty


def _lists(
    fitted: Recommender, asked: RequestFile, k: int, only: options.Codes
) -> Iterator[tuple[str, list[str], list[float]]]:
    names = fitted.catalogue.items.ids
    for rows, codes, scores in fitted.rank(asked.requests, k, only):
        for place, (found, values) in enumerate(zip(codes, scores, strict=True), rows.start):
            listed = found >= 0
            # by way of text: the shortest digits that give the same float32 back
            numbers = [float(str(value)) for value in values[listed]]
            yield asked.ids[place], [names[code] for code in found[listed]], numbers


@contextmanager
def written_whole(path: Path) -> Iterator[IO[str]]:
    """A text file to write to that appears under its name only when all of it is on the disk.

    Args:
        path: the file to be; packed with gzip where it ends in ``.gz``. Its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as raw:
        packed = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if path.suffix == ".gz" else raw
        file = io.TextIOWrapper(cast("IO[bytes]", packed), encoding="utf-8", newline="\n")
        yield file
        file.detach()  # flushed, and the file below stays open
        if packed is not raw:
            packed.close()
