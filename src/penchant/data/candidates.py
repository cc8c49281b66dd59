"""The only items that may be ranked, from a file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from penchant.core import UNKNOWN, Catalogue

from .files import contents, text
from .problems import Problems, some


def read_candidates(path: str | os.PathLike[str], catalogue: Catalogue) -> NDArray[np.int32]:
    """Read the only items that may be ranked: one JSON list of ids.

    Args:
        path: the file, packed with gzip or not.
        catalogue: what the ids are looked up in.

    Returns:
        codes (candidates,), ascending and distinct.

    Raises:
        DataError: the file is no such list, or names an item that is not in the catalogue.
    """
    problems = Problems()
    where = str(path)
    data = contents(Path(path), problems)
    readable = text(data, where, "utf-8", problems) if data is not None else None
    names = _listed(readable, where, problems) if readable is not None else []
    found = catalogue.items.codes(names)
    strange = [name for name, code in zip(names, found, strict=True) if code == UNKNOWN]
    if strange:
        what = f"{some(strange)} not in the catalogue"
        problems.add(where, None, what, "Leave them out.", len(strange))
    if problems.found:
        raise problems.error()
    return np.unique(found)


def _listed(readable: bytes, where: str, problems: Problems) -> list[str]:
    remedy = 'Write a list of item ids, such as ["i7", "i9"].'
    try:
        names = json.loads(readable)
    except ValueError as error:
        line = getattr(error, "lineno", None)
        problems.add(where, line, f"not JSON ({getattr(error, 'msg', error)})", remedy)
        return []
    if not isinstance(names, list) or not all(isinstance(name, str | int) for name in names):
        problems.add(where, None, "not a list of item ids", remedy)
        return []
    if not names:
        problems.add(where, None, "the list is empty", remedy)
    return [str(name) for name in names]
