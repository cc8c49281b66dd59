"""How well each ranked list answers its request.

Every metric takes ``hits`` (rows, k) bool: whether the item at each place answers the request, best
place first; and ``relevant`` (rows,): how many items would have. It returns one value a request
(rows,) float64 between 0 and 1, 0 where nothing is relevant. Binary relevance throughout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Hits = NDArray[np.bool_]
Counts = NDArray[np.integer]
Values = NDArray[np.float64]


def hits(
    codes: NDArray[np.integer], indptr: NDArray[np.integer], item: NDArray[np.integer]
) -> Hits:
    """Where the listed items are among the answers.

    >>> hits(np.array([[3, 1], [2, -1]]), np.array([0, 2, 3]), np.array([1, 7, 5])).tolist()
    [[False, True], [False, False]]

    Args:
        codes: listed items (rows, k); negative codes answer nothing.
        indptr: where each row starts and ends in ``item``, (rows + 1,).
        item: the answers of all rows, one row after the other.

    Returns:
        (rows, k) bool.
    """
    rows = len(codes)
    lengths = np.diff(indptr)
    if not len(item):
        return np.zeros(codes.shape, np.bool_)
    if (lengths == 1).all():
        return np.asarray((codes == item[:, None]) & (codes >= 0))
    span = int(max(item.max(), codes.max(initial=0))) + 1
    answers = np.repeat(np.arange(rows, dtype=np.int64), lengths) * span + item
    answers.sort()
    listed = np.arange(rows, dtype=np.int64)[:, None] * span + codes  # (rows, k)
    place = np.minimum(np.searchsorted(answers, listed), len(answers) - 1)
    return np.asarray((answers[place] == listed) & (codes >= 0))


def hit_rate(hits: Hits, relevant: Counts) -> Values:
    """Whether any of the k items answers."""
    return (hits.any(axis=1) & (relevant > 0)).astype(np.float64)


def precision(hits: Hits, relevant: Counts) -> Values:
    """The share of the k places that answer; a list shorter than k loses its empty places."""
    return _share(hits.sum(axis=1), np.where(relevant > 0, hits.shape[1], 0))


def recall(hits: Hits, relevant: Counts) -> Values:
    """The share of the answers that are listed."""
    return _share(hits.sum(axis=1), relevant)


def mrr(hits: Hits, relevant: Counts) -> Values:
    """One over the place of the first answer; 0 where none is listed."""
    return np.where(relevant > 0, (hits / _places(hits)).max(axis=1, initial=0.0), 0.0)


def ndcg(hits: Hits, relevant: Counts) -> Values:
    """Normalised discounted cumulative gain: 1 where the first places are all answers.

    An answer at place r gains 1/log2(r + 1); the sum is divided by that of the best list possible,
    which has min(relevant, k) answers on top (Järvelin and Kekäläinen, 2002).
    """
    gains = 1 / np.log2(_places(hits) + 1)
    ideal = np.concatenate([[0.0], np.cumsum(gains)])
    return _share(hits @ gains, ideal[np.minimum(relevant, hits.shape[1])])


def average_precision(hits: Hits, relevant: Counts) -> Values:
    """Mean of the precision at each answer's place, over min(relevant, k); its mean is MAP."""
    at_each = np.cumsum(hits, axis=1) / _places(hits)  # (rows, k)
    return _share((hits * at_each).sum(axis=1), np.minimum(relevant, hits.shape[1]))


def _places(hits: Hits) -> Values:
    return np.arange(1, hits.shape[1] + 1, dtype=np.float64)


def _share(part: NDArray[np.number], whole: NDArray[np.number]) -> Values:
    out = np.zeros(len(part))
    np.divide(part, whole, out=out, where=whole > 0)
    return out
