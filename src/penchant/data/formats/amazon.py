"""Amazon reviews: 2014 (McAuley et al.), 2018 (Ni et al.) and 2023 (Hou et al.)."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path
from typing import Any, Unpack

import polars as pl

from penchant.core import DataError

from ..assemble import make
from ..columns import EVENT, ITEM, TIME, USER, VALUE
from ..csvs import read_csv
from ..dataset import Dataset
from ..jsonl import read_jsonl
from ..problems import Problems
from ..settings import Options, checked
from ..table import Table
from .found import holds, nothing
from .parts import Layout, one_file, read_fields, readable, with_frame

META = ("meta_*.json", "meta_*.json.gz", "meta_*.jsonl", "meta_*.jsonl.gz")
REVIEWS = ("*.jsonl", "*.jsonl.gz", "*.json", "*.json.gz", "*.csv", "*.csv.gz")
VARIANTS = {"Amazon reviews": ("meta_*.json*",)}
OURS = {
    "reviewerID": USER,
    "overall": VALUE,
    "rating": VALUE,
    "unixReviewTime": TIME,
}
EVENT_COLUMNS = (USER, ITEM, VALUE, TIME)
ITEM_COLUMNS = [
    "title",
    "categories",
    "category",
    "main_category",
    "brand",
    "store",
    "description",
    "features",
    "feature",
    "price",
    "imUrl",
]
"""What is kept of an item: the rest (also bought, ranks, pictures) is several times as large."""


def read_amazon(folder: str | os.PathLike[str], **options: Unpack[Options]) -> Dataset:
    """Amazon reviews of 2014, 2018 or 2023 in their original files, one category.

    The folder holds ``meta_NAME`` with the items and one file of reviews or ratings: JSON lines
    (in 2014 partly written as Python), or CSV, with a header (2023) or without (2014, 2018), packed
    with gzip or not. Every review is an event of the kind ``rating``.

    The metadata name many items that nobody reviewed: ``k_core=1`` leaves them out. They also lack
    some that were reviewed: ``unknown_items="drop"`` leaves those events out.

    Args:
        folder: holds the two files.
        **options: the settings of :func:`penchant.data.read`.

    Raises:
        DataError: with everything that is wrong.
        UsageError: a wrong setting.
    """
    settings = checked(options)
    folder = Path(folder)
    reviews = [p for p in sorted(folder.glob("*")) if _is_reviews(p)] if folder.is_dir() else []
    meta = one_file(folder, META)
    if meta is None or not reviews:
        wanted = {"Amazon reviews": ("meta_NAME.json[l]", "NAME.json[l] or NAME.csv")}
        raise DataError([nothing(folder, wanted)])
    problems = Problems()
    items = _items(meta, problems)
    if len(reviews) > 1:
        names = ", ".join(path.name for path in reviews)
        problems.add(str(folder), None, f"several files of reviews: {names}", "Keep one of them.")
    events = _events(reviews[0], items, problems)
    return make(events, items, problems, settings, name=reviews[0].name.partition(".")[0])


def is_amazon(folder: Path) -> bool:
    """Whether a folder holds metadata and reviews."""
    return holds(folder, VARIANTS["Amazon reviews"]) and any(map(_is_reviews, folder.iterdir()))


def literal(line: str) -> Any:
    """A line of 2014's metadata: JSON, or the same written as Python.

    Raises:
        ValueError: neither.
        SyntaxError: neither.
    """
    try:
        return json.loads(line)
    except ValueError:
        return ast.literal_eval(line)


def _is_reviews(path: Path) -> bool:
    return any(path.match(p) for p in REVIEWS) and not path.name.startswith("meta_")


def _items(path: Path, problems: Problems) -> Table | None:
    data = readable(path, "utf-8", problems)
    table = read_jsonl(data, str(path), problems, literal) if data is not None else None
    if table is None:
        return None
    key = "parent_asin" if "parent_asin" in table.columns else "asin"
    frame = table.frame.rename({key: ITEM}, strict=False)
    kept = [name for name in (ITEM, *ITEM_COLUMNS) if name in frame.columns]
    return with_frame(table, frame.select(kept).with_columns(_flat(frame)))


def _flat(frame: pl.DataFrame) -> list[pl.Expr]:
    """2014 has lists of paths of categories: one list of the distinct names, in their order."""
    column = frame.schema.get("categories")
    if isinstance(column, pl.List) and isinstance(column.inner, pl.List):
        return [
            pl.col("categories").list.eval(pl.element().explode()).list.unique(maintain_order=True)
        ]
    return []


def _events(path: Path, items: Table | None, problems: Problems) -> Table | None:
    data = readable(path, "utf-8", problems)
    if data is None:
        return None
    if ".csv" not in path.suffixes:
        table = read_jsonl(data, str(path), problems, literal)
    elif b"user_id" in data.split(b"\n", 1)[0]:
        table = read_csv(data, str(path), problems)
    else:
        table = _bare_ratings(path, items, problems)
    if table is None:
        return None
    frame = table.frame
    key = "parent_asin" if "parent_asin" in frame.columns else "asin"
    frame = frame.rename({key: ITEM, **OURS}, strict=False)
    kept = [name for name in EVENT_COLUMNS if name in frame.columns]
    return with_frame(table, frame.select(kept).with_columns(pl.lit("rating").alias(EVENT)))


def _bare_ratings(path: Path, items: Table | None, problems: Problems) -> Table | None:
    """Ratings without a header: the user stands first in 2014, the item in 2018."""
    table = read_fields(path, Layout((USER, ITEM, VALUE, TIME), ","), problems)
    if table is None or items is None or ITEM not in items.columns:
        return table
    known = items.frame[ITEM].implode()
    swapped = table.frame[USER].is_in(known).sum() > table.frame[ITEM].is_in(known).sum()
    other = {USER: ITEM, ITEM: USER}
    return with_frame(table, table.frame.rename(other)) if swapped else table
