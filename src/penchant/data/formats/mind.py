"""MIND: clicks on news of Microsoft News (Wu et al. 2020)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Unpack

import polars as pl

from ..assemble import make
from ..columns import EVENT, ITEM, TIME, USER
from ..dataset import Dataset
from ..problems import Problems, several
from ..settings import Options, checked
from ..table import Table
from .found import pick
from .parts import Layout, read_fields

VARIANTS = {"MIND": ("behaviors.tsv", "news.tsv")}
BEHAVIORS = Layout(("impression_id", USER, TIME, "history", "impressions"))
NEWS = Layout(
    (ITEM, "category", "subcategory", "title", "abstract", "url", "title_entities", "body_entities")
)
CLOCK = "%m/%d/%Y %I:%M:%S %p"
"""Such as 11/12/2019 2:14:46 PM; the data set names no time zone, it is taken as UTC."""


def read_mind(folder: str | os.PathLike[str], **options: Unpack[Options]) -> Dataset:
    """MIND in its original files ``behaviors.tsv`` and ``news.tsv``.

    Events of the kind ``click`` are the news that a user clicked in an impression, at its time,
    and the news of the user's history. These have no times in the files: they get the seconds just
    before the user's first impression, in their order.

    Args:
        folder: holds the files, unpacked.
        **options: the settings of :func:`penchant.data.read`.

    Raises:
        DataError: with everything that is wrong.
        UsageError: a wrong setting.
    """
    settings = checked(options)
    folder = Path(folder)
    pick(folder, VARIANTS)
    problems = Problems()
    behaviors = read_fields(folder / "behaviors.tsv", BEHAVIORS, problems)
    news = read_fields(folder / "news.tsv", NEWS, problems)
    events = _clicks(behaviors, problems) if behaviors is not None else None
    return make(events, news, problems, settings, name=folder.resolve().name)


def _clicks(table: Table, problems: Problems) -> Table | None:
    """History and clicks, an event each, with the way back to the line of the impression."""
    rows = table.frame.with_row_index("row")
    time = rows[TIME].str.to_datetime(CLOCK, strict=False, time_unit="ms").dt.epoch("ms") / 1000
    if problems.rows(
        table,
        TIME,
        time.is_null().to_numpy(),
        "{value} is no time",
        "Write it as 11/12/2019 2:14:46 PM.",
    ):
        return None
    rows = rows.with_columns(time.alias(TIME))
    shown = rows.select("row", USER, TIME, pl.col("impressions").str.split(" ")).explode(
        "impressions"
    )
    clicked = shown.filter(pl.col("impressions").str.ends_with("-1")).select(
        "row", USER, TIME, pl.col("impressions").str.head(-2).alias(ITEM)
    )
    first = rows.sort(TIME, maintain_order=True).unique(USER, keep="first", maintain_order=True)
    before = (
        first.filter(pl.col("history").is_not_null())
        .select("row", USER, TIME, pl.col("history").str.split(" "))
        .with_columns(pl.int_ranges(-pl.col("history").list.len().cast(pl.Int64), 0).alias("ago"))
        .explode("history", "ago")
        .select("row", USER, pl.col(TIME) + pl.col("ago"), pl.col("history").alias(ITEM))
    )
    problems.note(
        f"{table.where}: {several(before.height, 'click')} of histories have no time; "
        "put just before each user's first impression."
    )
    events = pl.concat([before, clicked]).sort("row", maintain_order=True)
    lines = events["row"]
    frame = events.drop("row").with_columns(pl.lit("click").alias(EVENT))
    return Table(frame, table.where, lambda row: table.line(int(lines[row])))
