"""Recognise what a folder holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from penchant.core import DataError, UsageError

from ..columns import near
from ..dataset import Dataset
from ..read import read
from ..settings import Options
from . import amazon, lastfm, mind, movielens
from .found import holds, nothing
from .parts import one_file

Variants = Mapping[str, tuple[str, ...]]
OWN = {"our own layout": ("events.*", "items.*")}


def _read_own(folder: str | os.PathLike[str], **options: Unpack[Options]) -> Dataset:
    """A folder with ``events``, ``items`` and perhaps ``users``, each in any format."""
    files = [one_file(Path(folder), (f"{name}.*",)) for name in ("events", "items", "users")]
    if files[0] is None or files[1] is None:
        raise DataError([nothing(Path(folder), OWN)])
    return read(files[0], files[1], files[2], **options)


@dataclass(frozen=True)
class Format:
    """One original format.

    Attributes:
        variants: what it looks for in a folder, by name.
        read: reads such a folder.
    """

    variants: Variants
    read: Callable[..., Dataset]


FORMATS: Mapping[str, Format] = {
    "penchant": Format(OWN, _read_own),
    "movielens": Format(movielens.VARIANTS, movielens.read_movielens),
    "mind": Format(mind.VARIANTS, mind.read_mind),
    "lastfm": Format(lastfm.VARIANTS, lastfm.read_lastfm),
    "amazon": Format(amazon.VARIANTS, amazon.read_amazon),
}


def load_format(name: str, folder: str | os.PathLike[str], **options: Unpack[Options]) -> Dataset:
    """Read a folder in a named format.

    Args:
        name: ``movielens``, ``mind``, ``lastfm``, ``amazon``, or ``penchant`` for a folder with
            ``events`` and ``items``.
        folder: holds the files.
        **options: the settings of :func:`penchant.data.read`.

    Raises:
        UsageError: no such format, or a wrong setting.
        DataError: with everything that is wrong.
    """
    if name not in FORMATS:
        guess = near(name, FORMATS)
        hint = f"Did you mean {guess!r}?" if guess else f"Formats: {', '.join(FORMATS)}."
        raise UsageError(f"format {name!r}: no such format. {hint}")
    return FORMATS[name].read(folder, **options)


def open_folder(path: str | os.PathLike[str], **options: Unpack[Options]) -> Dataset:
    """Read a folder in whichever format it is.

    Args:
        path: a folder with the files of MovieLens, MIND, Last.fm HetRec or Amazon reviews, or with
            ``events`` and ``items`` in our own layout.
        **options: the settings of :func:`penchant.data.read`.

    Raises:
        DataError: with everything that is wrong; where the folder is not recognised, what was
            looked for.
        UsageError: a wrong setting.
    """
    folder = Path(path)
    for one in FORMATS.values():
        if any(holds(folder, names) for names in one.variants.values()):
            return one.read(folder, **options)
    every = {title: names for one in FORMATS.values() for title, names in one.variants.items()}
    raise DataError([nothing(folder, every)])
