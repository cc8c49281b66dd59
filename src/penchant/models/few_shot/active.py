"""Which examples to label next."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
By = Literal["margin", "entropy", "coreset"]
BY: tuple[By, ...] = ("margin", "entropy", "coreset")


def most_uncertain(chance: Array, n: int, by: By = "margin") -> NDArray[np.int64]:
    """The ``n`` rows that the model knows least about, least known first.

    ``margin`` is the distance of the two labels' probabilities, ``entropy`` that of the answer; of
    two labels they name the same order (Settles 2009). Ties keep the order of the pool.

    Args:
        chance: of a like, (pool,).
        n: how many; all where there are fewer.
        by: margin or entropy.
    """
    if by == "margin":
        doubt = -np.abs(2 * chance - 1)
    else:
        safe = np.clip(chance, 1e-12, 1 - 1e-12)
        doubt = -(safe * np.log(safe) + (1 - safe) * np.log(1 - safe))
    return np.argsort(-doubt, kind="stable")[:n].astype(np.int64)


def k_centre(pool: Array, labelled: Array, n: int) -> NDArray[np.int64]:
    """The ``n`` rows that leave no row of the pool far from a labelled one, farthest first.

    Greedy k-centre: the row farthest from everything labelled or chosen so far, again and again,
    which is within a factor of two of the best cover (O. Sener and S. Savarese, "Active Learning
    for Convolutional Neural Networks: A Core-Set Approach", 2018).

    Args:
        pool: features, (pool, features).
        labelled: features of what has labels, (labelled, features); may be empty.
        n: how many; all where there are fewer.
    """
    distance = np.full(len(pool), np.inf)
    for centre in labelled:
        distance = np.minimum(distance, ((pool - centre) ** 2).sum(1))
    chosen: list[int] = []
    for _ in range(min(n, len(pool))):
        far = int(distance.argmax())
        chosen.append(far)
        distance = np.minimum(distance, ((pool - pool[far]) ** 2).sum(1))
        distance[chosen] = -1
    return np.array(chosen, np.int64)
