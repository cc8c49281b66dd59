"""The answer of a test: which items it holds for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Rows = slice | NDArray[np.integer]
"""Some items, as a slice of the catalogue or as codes."""

Mask = NDArray[np.bool_]

Holds = Callable[[Rows], Mask]
"""A test: some items -> whether it holds for each of them, in their order."""

ALL = slice(None)


def how_many(rows: Rows, items: int) -> int:
    """The number of items that ``rows`` stands for, out of ``items``."""
    return len(range(items)[rows]) if isinstance(rows, slice) else len(rows)
