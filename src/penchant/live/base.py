"""What the model was trained on, as the oldest part of everybody's past. Nothing of it is copied."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from penchant.core import Interactions
from penchant.engine import Past
from penchant.store.log import hashed

from .erased import Erased
from .history import History


class Base:
    """The training histories of a bundle, looked up in its own arrays when somebody asks."""

    def __init__(self, interactions: Interactions) -> None:
        self.interactions = interactions
        self._hashes: dict[str, NDArray[np.uint64]] = {}  # of the users, by salt
        self._weights: tuple[tuple[float, int], NDArray[np.float64]] | None = None

    def past(self, user_id: str, history: History, keep: int) -> tuple[Past, ...]:
        """The training events of a user and those of the log as one past.

        A training event that the log has too (same item, same time) counts once: the model was
        trained on what the log exported. Where training had times, all are sorted by them; where
        it had positions only, training comes first.

        Args:
            user_id: external id; somebody unknown has no training events.
            history: of the log.
            keep: most events, the newest.

        Returns:
            oldest first.
        """
        later = past_of(history)
        known = {(one.item_id, one.time) for one in later}
        merged = [one for one in self._past(user_id, keep) if (one.item_id, one.time) not in known]
        merged += later
        if self.interactions.timed:
            merged.sort(key=lambda one: one.time)  # stable: of the same time, training first
        return tuple(merged[-keep:])

    def weights(self, half_life: float, erased: Erased) -> NDArray[np.float64]:
        """What each item counted at the end of training, (items,) in the codes of training.

        Kept until somebody else is erased.

        Args:
            half_life: seconds after which an event counts half; of no use where training had
                positions only.
            erased: users that are left out.
        """
        key = half_life, len(erased)  # nobody's erasure is ever taken back
        if self._weights is None or self._weights[0] != key:
            self._weights = key, self._weighted(half_life, erased)
        return self._weights[1]

    def _weighted(self, half_life: float, erased: Erased) -> NDArray[np.float64]:
        events = self.interactions.events
        weight = events.weight.astype(np.float64)
        if self.interactions.timed:
            newest = events.time.max(initial=-np.inf)
            weight *= np.exp2(np.maximum((events.time - newest) / half_life, -900.0))
        if erased:
            weight[self._gone(erased)[events.row]] = 0.0
        counted = np.bincount(events.item, weight, len(self.interactions.items))
        return counted.astype(np.float64)

    def _past(self, user_id: str, keep: int) -> Iterator[Past]:
        row = self.interactions.users.code(user_id)
        if row < 0:
            return
        events, names = self.interactions.events, self.interactions.items.ids
        start, end = events.indptr[row : row + 2].tolist()
        rows = slice(max(start, end - keep), end)
        timed, kinds = self.interactions.timed, self.interactions.kinds
        times = events.time[rows].tolist() if timed else itertools.repeat(math.nan)
        for item, time, kind in zip(events.item[rows], times, events.kind[rows], strict=False):
            yield Past(names[item], time, kinds[kind])

    def _gone(self, erased: Erased) -> NDArray[np.bool_]:
        """Which training users were erased, (users,). Their hashes are kept: 1 µs a user, once."""
        users = self.interactions.users
        gone = np.zeros(len(users), np.bool_)
        for salt in tuple(erased.salts):
            if salt not in self._hashes:
                short = (int(hashed(salt, user_id)[:16], 16) for user_id in users)
                self._hashes[salt] = np.fromiter(short, np.uint64, len(users))
            wanted = [int(name[:16], 16) for own, name in erased.seqs() if own == salt]
            gone |= np.isin(self._hashes[salt], np.array(wanted, np.uint64))
        return gone


def past_of(history: History) -> list[Past]:
    """The events of a history, oldest first."""
    return list(map(Past, *history.columns))
