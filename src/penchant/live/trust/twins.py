"""Profiles that were copied: users who share most of the rarest items they chose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .profiles import Profiles

RAREST = 5
SHARED = 4
"""Who shares 4 of the 5 least-known items of a profile with somebody else is that one's twin."""


def twins(profiles: Profiles) -> NDArray[np.bool_]:
    """Which users have a twin, (users,).

    Lived profiles of a real catalogue hardly ever share their rarest items; those written from one
    list, or copied from somebody, do: the co-rating groups of Zhang & Wang (2015), found without
    comparing every two users.
    """
    count = profiles.counts()
    order = np.lexsort((profiles.item, count[profiles.item], profiles.row))
    row, item = profiles.row[order], profiles.item[order]
    lengths = profiles.lengths
    place = np.arange(len(row)) - (np.cumsum(lengths) - lengths)[row]
    few = place < RAREST
    row, item, place = row[few], item[few], place[few]
    table = np.full((profiles.users, RAREST), -1, np.int64)
    table[row, place] = item
    found = np.zeros(profiles.users, np.bool_)
    full = np.flatnonzero((table >= 0).all(axis=1))
    chosen = np.concatenate(  # all choices of 4 of 5, each user's after the other's
        [np.delete(table[full], left_out, axis=1) for left_out in range(RAREST)]
    )
    _, which, many = np.unique(
        np.sort(chosen, axis=1), axis=0, return_inverse=True, return_counts=True
    )
    found[np.tile(full, RAREST)[many[which.reshape(-1)] > 1]] = True
    return found
