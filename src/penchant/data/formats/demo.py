"""MovieLens-100K, from the package that already distributes it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Unpack

import polars as pl

from penchant.core import MissingDependency

from ..assemble import make
from ..columns import EVENT, ITEM, VALUE
from ..csvs import read_csv
from ..dataset import Dataset
from ..files import contents, text
from ..problems import Problems
from ..settings import Options, checked
from ..table import Table


def read_demo(**options: Unpack[Options]) -> Dataset:
    """MovieLens-100K: 943 users, 1,682 films, 100,000 ratings, each of which is an event.

    The files lie in the package ``recbole``, which is read as a folder and never imported. Events
    are of the kind ``rating``, so ``feedback="rating >= 4"`` keeps what was liked.

    Args:
        **options: the settings of :func:`penchant.data.read`.

    Raises:
        MissingDependency: the package is not installed.
        DataError: its files are damaged.
        UsageError: a wrong setting.
    """
    settings = checked(options)
    folder = demo_folder()
    problems = Problems()
    events, items, users = (
        _opened(folder / f"ml-100k.{what}", problems) for what in ("inter", "item", "user")
    )
    return make(
        _events(events) if events else None,
        _items(items) if items else None,
        problems,
        settings,
        users=users,
        name="ml-100k",
    )


def demo_folder() -> Path:
    """Where the demo data lie.

    Raises:
        MissingDependency: the package that holds them is not installed.
    """
    found = importlib.util.find_spec("recbole")
    for place in (found.submodule_search_locations or ()) if found else ():
        folder = Path(place) / "dataset_example" / "ml-100k"
        if folder.is_dir():
            return folder
    raise MissingDependency(
        "the demo data (MovieLens-100K) lie in the package recbole: pip install --no-deps recbole"
    )


def _opened(path: Path, problems: Problems) -> Table | None:
    data = contents(path, problems)
    readable = text(data, str(path), "utf-8", problems) if data is not None else None
    table = read_csv(readable, str(path), problems) if readable is not None else None
    if table is None:
        return None
    bare = {name: name.partition(":")[0] for name in table.columns}  # "user_id:token"
    return Table(table.frame.rename(bare), table.where, table.line)


def _events(table: Table) -> Table:
    frame = table.frame.rename({"rating": VALUE}).with_columns(pl.lit("rating").alias(EVENT))
    return Table(frame, table.where, table.line)


def _items(table: Table) -> Table:
    year = pl.col("release_year").cast(pl.Int32, strict=False)
    title = pl.col("movie_title")
    frame = table.frame.select(
        ITEM,
        pl.when(year.is_null())
        .then(title)
        .otherwise(pl.format("{} ({})", title, year))
        .alias("title"),
        year.alias("year"),
        pl.col("class").str.split(" ").alias("genres"),
    )
    return Table(frame, table.where, table.line)
