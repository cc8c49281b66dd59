"""``penchant predict --events``: a probability or a rating for every event of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.core import UsageError
from penchant.store import atomic_file

from .output import document, note
from .settings import pairs

if TYPE_CHECKING:
    import polars as pl
    from numpy import float32
    from numpy.typing import NDArray

    from penchant.core import Interactions


@dataclass(frozen=True)
class Foretold:
    """What is asked for; each field is an option of the command."""

    events: Path
    items: Path | None
    column: list[str]
    causal: bool
    out: Path


def foretell(run: Path, requests: Path | None, asked: Foretold, as_json: bool) -> None:
    """Read events, foretell each, and write a CSV file.

    Raises:
        UsageError: requests were given too, no items, or the place is that of an input.
    """
    from penchant.data import read
    from penchant.engine import load

    from .evaluate import widened

    if requests is not None:
        raise UsageError("--requests and --events: give one of them.")
    if asked.items is None:
        raise UsageError("--items: missing. Give the catalogue of the events.")
    if asked.out.resolve() in {asked.events.resolve(), asked.items.resolve()}:
        raise UsageError(f"--out {asked.out}: that is what is read. Name another file.")
    fitted = load(run)
    columns = pairs("--column", asked.column)
    template = fitted.catalogue.template or None
    data = read(asked.events, asked.items, columns=columns, template=template)
    for line in data.notes:
        note(f"note: {line}")
    found = widened(fitted, data.catalogue).predict(data, causal=asked.causal)
    _write(asked.out, _table(data.interactions, found))
    if as_json:
        document({"scored": str(asked.out), "events": len(found), "causal": asked.causal})
    else:
        print(f"scored {len(found):,} events: {asked.out}")


def _table(events: Interactions, found: NDArray[float32]) -> pl.DataFrame:
    import polars as pl

    happened = events.events
    time = pl.Series("timestamp" if events.timed else "position", happened.time)
    whole = time.cast(pl.Int64)
    return pl.DataFrame(
        {
            "user_id": events.users.names(happened.row.tolist()),
            "item_id": events.items.names(happened.item.tolist()),
            time.name: whole if (whole.cast(pl.Float64) == time).all() else time,
            "prediction": found,
        }
    )


def _write(path: Path, table: pl.DataFrame) -> None:
    import gzip

    text = table.write_csv().encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        file.write(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
