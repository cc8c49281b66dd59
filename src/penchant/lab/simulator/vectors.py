"""Items and real users as vectors of one space, in which the people of a simulation have tastes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penchant.core import Interactions, UsageError, generator

if TYPE_CHECKING:
    from penchant.data import Dataset


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of length one; zeros stay."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1.0), np.float64)


def from_events(interactions: Interactions, dim: int, seed: int) -> NDArray[np.float64]:
    """Item vectors (items, dim) of length one, from the truncated SVD of who chose what.

    Users and items are scaled by the root of their events, and the first direction is left out, so
    that it is not popularity again (correspondence analysis; PureSVD of Cremonesi et al., RecSys
    2010, is the same without the scaling). An item without events has a random direction.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import svds

    events = interactions.events
    users, items = len(events), len(interactions.items)
    wide = min(dim + 1, min(users, items) - 1)
    if wide < 2 or not len(events.item):
        raise UsageError(
            "simulate: there are too few events to learn tastes from. Use tastes = 'text'."
        )
    key = np.unique(events.row.astype(np.int64) * items + events.item)
    row, item = key // items, key % items
    by_user = np.bincount(row, minlength=users)
    by_item = np.bincount(item, minlength=items)
    value = 1.0 / np.sqrt(by_user[row] * by_item[item])
    rng = generator(seed, "simulator vectors")
    matrix = csr_array((value, (row, item)), shape=(users, items))
    _, sizes, right = svds(matrix, k=wide, v0=rng.standard_normal(min(users, items)))
    order = np.argsort(-sizes)[1:]
    found = (right[order] * sizes[order, None]).T
    found = np.column_stack([found, np.zeros((items, dim - found.shape[1]))])
    found[by_item == 0] = rng.standard_normal((int((by_item == 0).sum()), dim))
    return unit(found)


def from_texts(texts: NDArray[np.float32], dim: int, seed: int) -> NDArray[np.float64]:
    """Item vectors (items, dim) of length one: text vectors, centred, on their main directions.

    Args:
        texts: what a language model makes of each text, (items, text dim); zeros for blanks.
        dim: numbers wanted.
        seed: of the directions of items without text.
    """
    table = texts.astype(np.float64)
    written = np.abs(table).sum(axis=1) > 0
    if not written.any():
        raise UsageError("simulate: no item has text. Use tastes = 'events'.")
    centred = table - table[written].mean(axis=0)
    _, axes = np.linalg.eigh(centred[written].T @ centred[written])
    found = centred @ axes[:, ::-1][:, :dim]
    found = np.column_stack([found, np.zeros((len(found), dim - found.shape[1]))])
    rng = generator(seed, "simulator vectors")
    found[~written] = rng.standard_normal((int((~written).sum()), dim))
    return unit(found)


def item_vectors(dataset: Dataset, tastes: str, dim: int, seed: int) -> NDArray[np.float64]:
    """Item vectors of a data set (items, dim), by events or by text.

    Raises:
        UsageError: there is nothing to make them of.
        ModelNotFound: the language model cannot be found.
    """
    if tastes == "events":
        return from_events(dataset.interactions, dim, seed)
    from penchant.language import DEFAULT_MODEL, encode_texts, load_encoder  # heavy

    texts = encode_texts(load_encoder(DEFAULT_MODEL), dataset.catalogue.texts)
    texts[[not text.strip() for text in dataset.catalogue.texts]] = 0.0
    return from_texts(texts, dim, seed)
