"""MovieLens of GroupLens: 100K (1998), 1M (2003) and the later ones in CSV."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Unpack

import polars as pl

from ..assemble import make
from ..columns import EVENT, ITEM, TIME, USER, VALUE
from ..csvs import read_csv
from ..dataset import Dataset
from ..problems import Problems
from ..settings import Options, checked
from ..table import Table
from .found import pick
from .parts import Layout, read_fields, readable, with_frame

RATING = (USER, ITEM, VALUE, TIME)
GENRES = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
]
"""The flags of u.item, in their order."""

LAYOUTS = {
    "u.data": Layout(RATING),
    "u.item": Layout((ITEM, "title", "release_date", "video_date", "url", *GENRES), "|", "latin-1"),
    "u.user": Layout((USER, "age", "gender", "occupation", "zip_code"), "|", "latin-1"),
    "ratings.dat": Layout(RATING, "::"),
    "movies.dat": Layout((ITEM, "title", "genres"), "::", "latin-1"),
    "users.dat": Layout((USER, "gender", "age", "occupation", "zip_code"), "::"),
}
OURS = {"userId": USER, "movieId": ITEM, "rating": VALUE}
VARIANTS = {
    "MovieLens 100K": ("u.data", "u.item"),
    "MovieLens 1M": ("ratings.dat", "movies.dat"),
    "MovieLens latest": ("ratings.csv", "movies.csv"),
}


def read_movielens(folder: str | os.PathLike[str], **options: Unpack[Options]) -> Dataset:
    """MovieLens in its original files: ``u.data``, ``ratings.dat`` or ``ratings.csv`` and the films.

    Every rating is an event of the kind ``rating``; ``feedback="rating >= 4"`` keeps what was
    liked. Items have ``title`` and ``genres``.

    Args:
        folder: holds the files, unpacked.
        **options: the settings of :func:`penchant.data.read`.

    Raises:
        DataError: with everything that is wrong.
        UsageError: a wrong setting.
    """
    settings = checked(options)
    folder = Path(folder)
    ratings, films = pick(folder, VARIANTS)
    problems = Problems()
    events, items = (_opened(folder / name, problems) for name in (ratings, films))
    extra = folder / {"u.data": "u.user", "ratings.dat": "users.dat"}.get(ratings, "")
    users = _opened(extra, problems) if extra.is_file() else None
    return make(
        with_frame(events, events.frame.with_columns(pl.lit("rating").alias(EVENT)))
        if events
        else None,
        with_frame(items, _films(items.frame)) if items else None,
        problems,
        settings,
        users=users,
        name=folder.resolve().name,
    )


def _opened(path: Path, problems: Problems) -> Table | None:
    if path.name in LAYOUTS:
        return read_fields(path, LAYOUTS[path.name], problems)
    data = readable(path, "utf-8", problems)
    table = read_csv(data, str(path), problems) if data is not None else None
    return with_frame(table, table.frame.rename(OURS, strict=False)) if table else None


def _films(films: pl.DataFrame) -> pl.DataFrame:
    """Genres as a list, from one flag each or from names between bars."""
    if "genres" in films.columns:
        named = pl.when(pl.col("genres") != "(no genres listed)").then(pl.col("genres"))
        return films.with_columns(named.str.split("|"))
    flags = [
        pl.when(pl.col(name) == "1").then(pl.lit(name)) for name in GENRES if name != "unknown"
    ]
    return films.select(
        ITEM,
        "title",
        "release_date",
        "url",
        pl.concat_list(flags).list.drop_nulls().alias("genres"),
    )
