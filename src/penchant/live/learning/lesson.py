"""What a candidate learns from, and what it is asked afterwards."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from penchant.core import Holdout
from penchant.data import Dataset, Extended, extended, questions_at
from penchant.engine import Recommender

from ..trust import judge
from .config import LearnConfig
from .heard import Heard


@dataclass(frozen=True, slots=True)
class Lesson:
    """Everything that is known, cut at a moment.

    Attributes:
        whole: what the model was trained on, with all that was heard since.
        panel: which of its events were heard of users who are never learned from, (events,).
        end: ``arrived`` of the last event that a candidate may learn; the later ones judge it.
        disbelieved: how many users' events were left out or weighed down, by the reason.
    """

    whole: Extended
    panel: NDArray[np.bool_]
    end: int
    disbelieved: Mapping[str, int] = field(default_factory=dict)

    @property
    def learned(self) -> NDArray[np.bool_]:
        """Which events a candidate may learn, (events,)."""
        return (self.whole.arrived <= self.end) & ~self.panel

    @property
    def train(self) -> Extended:
        """What a candidate may learn."""
        return self.whole.where(self.learned)

    def newest(self, most: int, seed: int = 0) -> Holdout:
        """Questions about the newest events, which neither model has learned."""
        return self._asked(self.whole.arrived > self.end, most, seed, "newest")

    def older(self, most: int, seed: int = 0) -> Holdout:
        """Questions about earlier events of the panel, which neither model has learned either."""
        return self._asked(self.panel & (self.whole.arrived <= self.end), most, seed, "older")

    def _asked(self, which: NDArray[np.bool_], most: int, seed: int, name: str) -> Holdout:
        people = self.whole.data.interactions
        return questions_at(people, np.flatnonzero(which), self.learned, most, seed, name)


def lesson(serving: Recommender, heard: Heard, config: LearnConfig) -> Lesson:
    """What there is to learn beyond what the serving model knows.

    Args:
        serving: the model that answers now.
        heard: the log.
        config: which events count, who is in the panel, and the share that is held out.

    Raises:
        UsageError: a feedback rule names what is not there.
    """
    whole, disbelieved = believed(serving, heard, config)
    people = whole.data.interactions
    panel = whole.new & in_panel(people.users, config.panel)[people.events.row]
    arrived = np.sort(whole.arrived[whole.new & ~panel])
    held = int(np.ceil(config.held * len(arrived)))
    end = int(arrived[-held - 1]) if len(arrived) > held else 0
    return Lesson(whole, panel, end, disbelieved)


def believed(
    serving: Recommender, heard: Heard, config: LearnConfig
) -> tuple[Extended, dict[str, int]]:
    """What the serving model learned and what was heard since, as far as it is believed.

    Returns:
        the events, weighed, and how many users that leaves out or weighs down, by the reason.
    """
    known = Dataset(serving.interactions, serving.catalogue)
    whole = extended(known, heard.events, heard.items, config.feedback)
    if config.trust is None:
        return whole, {}
    found = judge(whole.data.interactions, config.trust)
    if (found.weights == 1.0).all():
        return whole, {}
    people = whole.data.interactions
    weight = (people.events.weight * found.weights).astype(np.float32)
    weighed = people.with_events(replace(people.events, weight=weight))
    left = replace(whole, data=replace(whole.data, interactions=weighed))
    return left.where(found.weights > 0), dict(
        Counter(reason for _, reason in {(s.user_id, s.reason) for s in found.suspects})
    )


def in_panel(users: Iterable[str], share: float) -> NDArray[np.bool_]:
    """Which users are in the panel, (users,): the same whenever and wherever it is asked.

    Args:
        users: external ids.
        share: of all users, from 0 to 1.
    """
    below = int(share * 2**64)
    return np.array([_drawn(user) < below for user in users], np.bool_)


def _drawn(user_id: str) -> int:
    name = user_id.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(name, digest_size=8, person=b"panel").digest(), "big")
