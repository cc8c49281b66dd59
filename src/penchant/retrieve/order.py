"""The order of a list: higher score first, lower code first among equals."""

from __future__ import annotations

import numpy as np

from .protocols import Codes, Found, Vectors


def in_order(codes: Codes, scores: Vectors, k: int) -> Found:
    """The first k of each row (rows, k), in order; what is missing has ``-inf`` and comes last."""
    order = np.lexsort((codes, -scores), axis=1)[:, :k]
    rows = np.arange(len(codes))[:, None]  # 3 times as fast as take_along_axis on short lists
    return codes[rows, order], scores[rows, order]


def ranked(codes: Codes, scores: Vectors) -> Found:
    """The same rows in order, where the scores fall already: a look whether any are equal."""
    if (scores[:, 1:] == scores[:, :-1]).any():
        return in_order(codes, scores, codes.shape[1])
    return codes, scores
