"""Last.fm of HetRec 2011: who listened to which artist how often (Cantador et al. 2011)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Unpack

import polars as pl

from penchant.core import generator

from ..assemble import make
from ..columns import EVENT, ITEM, POSITION, USER, VALUE
from ..dataset import Dataset
from ..problems import Problems
from ..settings import Options, checked
from .found import pick
from .parts import Layout, read_fields, with_frame

VARIANTS = {"Last.fm HetRec": ("user_artists.dat", "artists.dat")}
PLAYS = Layout((USER, ITEM, VALUE), header=True)
ARTISTS = Layout((ITEM, "name", "url", "picture_url"), header=True)


def read_lastfm(folder: str | os.PathLike[str], **options: Unpack[Options]) -> Dataset:
    """Last.fm HetRec 2011 in its original files ``user_artists.dat`` and ``artists.dat``.

    An event of the kind ``listen`` is one artist of one user; its value is how often the user
    listened, so ``feedback="listen >= 5"`` leaves out what was hardly heard.

    The data set has no times, and its files are sorted by the number of plays. So the order of a
    user's events is drawn by chance, always the same: ``leave-last-out`` holds out a random artist.

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
    plays = read_fields(folder / "user_artists.dat", PLAYS, problems)
    artists = read_fields(folder / "artists.dat", ARTISTS, problems)
    if plays is not None:
        drawn = generator(0, "order of Last.fm").permutation(plays.frame.height)
        problems.note(f"{plays.where}: no times; the order of events is drawn by chance.")
        plays = with_frame(
            plays,
            plays.frame.with_columns(pl.Series(POSITION, drawn), pl.lit("listen").alias(EVENT)),
        )
    return make(plays, artists, problems, settings, name=folder.resolve().name)
