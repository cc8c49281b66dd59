"""Open whatever the user has: files of several formats, data frames of several libraries."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from penchant.core import MissingDependency, UsageError

from .csvs import read_csv
from .files import contents, text
from .jsonl import read_jsonl
from .problems import Problems
from .table import Table, row_number

Source = str | os.PathLike[str] | pl.DataFrame | pl.LazyFrame | Any
"""A path, or a data frame of Polars, pandas or Arrow."""

TEXT_FORMATS: dict[str, Callable[[bytes, str, Problems], Table | None]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
}
FORMATS = (*TEXT_FORMATS, ".parquet")


def open_table(source: Source, name: str, encoding: str, problems: Problems) -> Table | None:
    """A table with the way back to its lines; None where a problem was found.

    Args:
        source: a path or a data frame.
        name: what the table holds, such as ``"events"``: names a frame in messages.
        encoding: of text files.
        problems: takes what is wrong.

    Raises:
        UsageError: ``source`` is neither a path nor a data frame.
    """
    if isinstance(source, str | os.PathLike):
        return _of_file(Path(source), encoding, problems)
    frame = _of_frame(source, name)
    if not frame.height:
        problems.add(f"{name} frame", None, "the frame has no rows", "Pass one that has rows.")
        return None
    return Table(frame, f"{name} frame", row_number)


def _of_file(path: Path, encoding: str, problems: Problems) -> Table | None:
    suffixes = [s.lower() for s in path.suffixes if s.lower() != ".gz"]
    suffix = suffixes[-1] if suffixes else ""
    data = contents(path, problems)
    if data is None:
        return None
    where = str(path)
    if suffix not in FORMATS:
        names = ", ".join(FORMATS)
        remedy = f"Save it as one of {names}, packed as .gz or not."
        if suffix == ".json":
            remedy = "Write one object a line, and name it .jsonl."
        problems.add(where, None, f"unknown format {suffix or path.name!r}", remedy)
        return None
    table = _parquet(data, where, problems) if suffix == ".parquet" else None
    if suffix != ".parquet":
        readable = text(data, where, encoding, problems)
        table = TEXT_FORMATS[suffix](readable, where, problems) if readable is not None else None
    if table is not None and not table.frame.height:
        problems.add(where, None, "a header and no rows", "Write the data again, with its rows.")
        return None
    return table


def _parquet(data: bytes, where: str, problems: Problems) -> Table | None:
    try:
        return Table(pl.read_parquet(io.BytesIO(data)), where, row_number)
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        problems.add(where, None, f"not a Parquet file: {reason}", "Write or copy it again.")
        return None


def _of_frame(source: Any, name: str) -> pl.DataFrame:
    if isinstance(source, pl.DataFrame):
        return source
    if isinstance(source, pl.LazyFrame):
        return source.collect()
    library = type(source).__module__.partition(".")[0]
    try:
        if library == "pandas" and hasattr(source, "columns"):
            return pl.DataFrame(pl.from_pandas(source))
        if hasattr(source, "__arrow_c_stream__"):
            return pl.DataFrame(source)
    except ImportError as error:
        raise MissingDependency(
            f"reading a {library} frame needs pyarrow: pip install pyarrow ({error})"
        ) from error
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:  # Arrow's are of these
        raise UsageError(
            f"{name}: the {library} frame cannot be taken over: {str(error).splitlines()[0].rstrip('.')}. "
            "Give each column a name of its own and values of one type."
        ) from error
    raise UsageError(
        f"{name}: {type(source).__name__} is neither a path nor a data frame. "
        "Pass a file name or a frame of Polars, pandas or Arrow."
    )
