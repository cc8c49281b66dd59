"""Leave out users and items of whom too little is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def k_core(user: NDArray[np.integer], item: NDArray[np.integer], k: int) -> NDArray[np.bool_]:
    """The events of the k-core: users and items that all have at least ``k`` events within it.

    Users and items below ``k`` are removed in turn until none is left (Seidman 1983).

    Args:
        user: user code of each event, (events,).
        item: item code of each event, (events,).
        k: the least number of events of each.

    Returns:
        which events stay, (events,).
    """
    keep = np.ones(len(user), np.bool_)
    while True:
        before = int(keep.sum())
        for codes in (user, item):
            counts = np.bincount(codes[keep], minlength=int(codes.max(initial=-1)) + 1)
            keep &= counts[codes] >= k
        if int(keep.sum()) == before:
            return keep
