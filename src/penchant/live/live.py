"""What people did, as of now: the log on top of what the model was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.core import IdMap, Interactions
from penchant.engine import Past

from .base import Base, past_of
from .follower import Follower
from .history import History


@dataclass(frozen=True, slots=True)
class UserState:
    """One user at one moment.

    Attributes:
        past: what they did, oldest first.
        version: changes with ``past``: whatever was computed from a past of this version holds.
    """

    past: tuple[Past, ...]
    version: int


class Live:
    """Pasts, what is popular and what was put, for the model of one bundle.

    Thread-safe. Several of them, for the models before and after a swap, may share a follower.

    Args:
        follower: of the log.
        training: the events that the model was trained on, as the oldest part of the pasts.
    """

    def __init__(self, follower: Follower, training: Interactions | None = None) -> None:
        self.follower = follower
        self._base = None if training is None else Base(training)

    def over(self, training: Interactions | None) -> Live:
        """The same state on top of the events that another model was trained on."""
        return Live(self.follower, training)

    def catch_up(self) -> int:
        """Take in everything that was acknowledged before this call; how much that was.

        Raises:
            LogError: the log cannot be read now.
        """
        return self.follower.catch_up()

    def user(self, user_id: str) -> UserState:
        """The newest events of a user, training and log together; none of somebody unknown.

        Raises:
            LogError: the log cannot be read now.
        """
        history, erased = self.follower.history(user_id)
        version = version_of(history, erased)
        if self._base is None or erased:
            return UserState(tuple(past_of(history)), version)
        return UserState(self._base.past(user_id, history, self.follower.config.keep), version)

    def past(self, user_id: str) -> tuple[Past, ...]:
        """The newest events of a user, oldest first."""
        return self.user(user_id).past

    def version(self, user_id: str) -> int:
        """A number that changes with the past of a user; see ``UserState``."""
        history, erased = self.follower.history(user_id)
        return version_of(history, erased)

    def items(self) -> Mapping[str, int]:
        """The items that were put, with the ``seq`` of their last put; see ``Log.item``."""
        return dict(self.follower.state.items)

    def withdrawn(self) -> frozenset[str]:
        """Items whose last put says ``"available": false``; in force at once."""
        return frozenset(self.follower.state.withdrawn)

    def popularity(self, items: IdMap) -> NDArray[np.float64]:
        """How often each item was chosen of late, (items,).

        An event counts half after each half-life. The training events count as the log found them:
        the newest of them 1 when the log began, and half as much with each half-life since, so that
        they lead at first, and count next to nothing where a later model was trained on the log.

        Args:
            items: the items to tell of, by code.
        """
        chosen = self.follower.popularity()
        found = np.zeros(len(items))
        codes = items.codes(list(chosen))
        counted = np.fromiter(chosen.values(), np.float64, len(chosen))
        found[codes[codes >= 0]] = counted[codes >= 0]
        if self._base is None:
            return found
        follower, state = self.follower, self.follower.state
        half_life = follower.config.half_life_days * 86_400.0
        weights = self._base.weights(half_life, state.erased)
        age = max(follower.clock() - follower.began(), 0.0) / half_life
        codes = self._base.interactions.items.onto(items)
        found[codes[codes >= 0]] += weights[codes >= 0] * 2.0 ** -min(age, 900.0)  # each code once
        return found


def version_of(history: History, erased: int) -> int:
    """A number that changes with a past.

    Args:
        history: of the log.
        erased: ``seq`` of the last erasure, which also takes the training events away.
    """
    return max(history.version, erased)
