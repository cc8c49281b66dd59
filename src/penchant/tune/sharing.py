"""A batch shared among the processes that train together."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from penchant.core import Unsupported


def share_of(batch: Any, rank: int, count: int) -> tuple[Any, bool]:
    """One process's rows of a batch: every ``count``-th, from the ``rank``-th on.

    Returns:
        The rows, and True; or where there is no row for this process, the first row and False: it
        must take part in the exchange of gradients, with a weight of zero.

    Raises:
        Unsupported: a batch of this type has no rows to be picked.
    """
    if count == 1:
        return batch, True
    rows = np.arange(_length(batch))[rank::count]
    return rows_of(batch, rows if len(rows) else np.arange(1)), bool(len(rows))


def rows_of(batch: Any, rows: NDArray[np.int64]) -> Any:
    """Some rows of a batch: of anything that takes row numbers, of a list, or of each part of a tuple.

    Raises:
        Unsupported: a batch of this type has no rows to be picked.
    """
    if isinstance(batch, tuple):
        return tuple(rows_of(part, rows) for part in batch)
    if isinstance(batch, dict):
        return {name: rows_of(part, rows) for name, part in batch.items()}
    if isinstance(batch, list):
        return [batch[row] for row in rows]
    if isinstance(batch, Tensor):
        return batch[torch.from_numpy(rows).to(batch.device)]
    try:
        return batch[rows]
    except (TypeError, IndexError, KeyError) as error:
        raise _no_rows(batch) from error


def _length(batch: Any) -> int:
    try:
        parts = batch.values() if isinstance(batch, dict) else batch
        return len(next(iter(parts))) if isinstance(batch, tuple | dict) else len(batch)
    except (TypeError, StopIteration) as error:
        raise _no_rows(batch) from error


def _no_rows(batch: Any) -> Unsupported:
    return Unsupported(
        f"a batch of the type {type(batch).__name__} cannot be shared among processes: it has no "
        "rows. Give arrays, tensors, Sequences, or lists, tuples and dicts of them."
    )
