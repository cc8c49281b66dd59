"""What the lists look like, whoever they are for: breadth, concentration, novelty, diversity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_CELLS = 1 << 22  # numbers held at once for the vectors of listed items


def exposure(codes: NDArray[np.integer], items: int) -> NDArray[np.int64]:
    """How often each item is listed, (items,); negative codes are not counted."""
    listed = codes[codes >= 0]
    return np.bincount(listed, minlength=items).astype(np.int64)


def coverage(shown: NDArray[np.integer]) -> float:
    """The share of the items that is listed at least once.

    >>> coverage(np.array([5, 0, 1, 0]))
    0.5

    Args:
        shown: how often each item is listed, (items,), as ``exposure`` counts it.
    """
    return float(np.count_nonzero(shown) / len(shown)) if len(shown) else 0.0


def gini(shown: NDArray[np.integer]) -> float:
    """How unequally the places are shared among the items: 0 equally, near 1 all to one item.

    The Gini coefficient over all items, those never listed included.

    Args:
        shown: how often each item is listed, (items,).
    """
    n, total = len(shown), float(shown.sum())
    if not n or not total:
        return 0.0
    rank = np.arange(1, n + 1)
    return float((2 * rank - n - 1) @ np.sort(shown) / (n * total))


def novelty(codes: NDArray[np.integer], counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Mean self-information of the listed items, in bits: rare items are news (Zhou et al., 2010).

    An item with n of the N training events has -log2((n + 1) / (N + items)) bits; the ones added
    keep an item without events finite.

    Args:
        codes: listed items (rows, k); negative codes are left out.
        counts: training events of each item, (items,).

    Returns:
        (rows,); 0 for an empty list.
    """
    bits = -np.log2((counts + 1) / (counts.sum() + len(counts)))
    listed = codes >= 0
    total = np.where(listed, bits[codes], 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(listed.sum(axis=1), 1), np.float64)


def intra_list_diversity(
    codes: NDArray[np.integer], vectors: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Mean of 1 - cosine over the pairs of each list: 0 where all are alike (Ziegler et al., 2005).

    Args:
        codes: listed items (rows, k); negative codes are left out.
        vectors: one vector an item, (items, dim), of any length; a zero vector is like no other.

    Returns:
        (rows,); 0 for a list of fewer than two items.
    """
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, norm, out=np.zeros_like(vectors), where=norm > 0)
    own = (norm[:, 0] > 0).astype(np.float64)
    out = np.zeros(len(codes))
    step = max(1, _CELLS // max(1, codes.shape[1] * vectors.shape[1]))
    for start in range(0, len(codes), step):
        part = codes[start : start + step]
        listed = part >= 0
        stacked = np.where(listed[..., None], unit[part], 0)  # (rows, k, dim)
        length = np.square(stacked.sum(axis=1, dtype=np.float64)).sum(axis=1)
        # the square of a sum of unit vectors holds every pair's cosine twice, and each vector once
        twice = length - np.where(listed, own[part], 0.0).sum(axis=1)
        n = listed.sum(axis=1)
        pairs = n * (n - 1)
        out[start : start + step] = np.where(pairs > 0, 1 - twice / np.maximum(pairs, 1), 0.0)
    return out
