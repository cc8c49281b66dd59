"""Sparse matrices of who did what, shared by the models that count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penchant.core import Interactions, Sequences

from .base import places_from_end

if TYPE_CHECKING:
    from scipy.sparse import csr_array


BLOCK = 1024
"""Items worked out at a time."""


def row_matrix(rows: Sequences, items: int, decay: float = 1.0) -> csr_array:
    """Rows of events as a sparse matrix.

    Args:
        rows: one list of events a row.
        items: number of items.
        decay: an event counts ``decay ** n`` times its weight, n being the number of events of the
            same row after it; 1 keeps the weights.

    Returns:
        (rows, items) float32, columns ascending; an item that occurs several times in a row counts
        once, by its greatest value.
    """
    from scipy.sparse import csr_array  # here, as `import penchant` must stay light

    value = rows.weight
    if decay != 1.0:
        value = value * np.power(decay, places_from_end(rows), dtype=np.float32)
    order = np.lexsort((-value, rows.item, rows.row))
    row, item, value = rows.row[order], rows.item[order], value[order]
    first = np.ones(len(item), bool)
    first[1:] = (row[1:] != row[:-1]) | (item[1:] != item[:-1])
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[first], minlength=len(rows)))])
    return csr_array((value[first], item[first], indptr), shape=(len(rows), items))


def warm_items(interactions: Interactions) -> NDArray[np.int32]:
    """The codes of the items with training events, ascending, (warm,)."""
    return np.flatnonzero(interactions.counts()).astype(np.int32)


def spread(scores: NDArray[np.float32], warm: NDArray[np.int32], items: int) -> NDArray[np.float32]:
    """Scores of the whole catalogue from those of its warm items.

    Args:
        scores: (rows, warm).
        warm: item code of each column, ascending, (warm,).
        items: number of items.

    Returns:
        (rows, items); the other items get the lowest score of their row.
    """
    if len(warm) == items:
        return scores
    if not len(warm):
        return np.zeros((len(scores), items), np.float32)
    full = np.repeat(scores.min(axis=1, keepdims=True), items, axis=1)
    full[:, warm] = scores
    return full


def similar_items(x: csr_array, shrinkage: float, neighbours: int) -> csr_array:
    """The nearest items of each item by the cosine of who chose them.

    ``x_i . x_j / (|x_i| |x_j| + shrinkage)`` for the columns of x, worked out for a block of items
    at a time: what is alive is one block's similarities and the neighbours kept.

    Args:
        x: (users, items) weights.
        shrinkage: draws similarities that few events support towards zero.
        neighbours: how many to keep of each item; of equal ones those with the lower code.

    Returns:
        (items, items) float32: row i holds the neighbours of i; an item is none of its own.
    """
    from scipy.sparse import csr_array

    columns = csr_array(x.T)
    norm = np.sqrt(columns.multiply(columns).sum(axis=1)).astype(np.float32)
    data, indices, kept = [], [], []
    for start in range(0, columns.shape[0], BLOCK):
        block = csr_array(columns[start : start + BLOCK] @ x)  # (block, items)
        block.sort_indices()
        row = start + np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        value = block.data / (norm[row] * norm[block.indices] + shrinkage)
        value[row == block.indices] = 0.0
        keep = _strongest(value, block.indptr, neighbours)
        data.append(value[keep])
        indices.append(block.indices[keep])
        kept.append(np.bincount(row[keep] - start, minlength=block.shape[0]))
    shape = (columns.shape[0], columns.shape[0])
    if not data:
        return csr_array(shape, dtype=np.float32)
    indptr = np.concatenate([[0], np.cumsum(np.concatenate(kept))]).astype(np.int64)
    return csr_array((np.concatenate(data), np.concatenate(indices), indptr), shape=shape)


def _strongest(
    value: NDArray[np.float32], indptr: NDArray[np.integer], most: int
) -> NDArray[np.bool_]:
    """Which entries are above zero and among the ``most`` greatest of their row, (entries,)."""
    keep: NDArray[np.bool_] = value > 0
    for row in np.flatnonzero(np.diff(indptr) > most):
        part = slice(indptr[row], indptr[row + 1])
        edge = np.partition(value[part], -most)[-most]
        above = value[part] > edge
        equal = np.flatnonzero(value[part] == edge)[: most - int(above.sum())]
        above[equal] = True
        keep[part] &= above
    return keep
