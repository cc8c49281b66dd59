"""What the platform knows: the events that models learn from, and the questions they are asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penchant.core import IdMap, Interactions, Requests, Sequences

from .world import World

if TYPE_CHECKING:
    from penchant.data import Dataset

DAY = 86_400.0
BEGAN = 1_000_000_000.0
"""Seconds since 1970 at which round 0 is; what was before it is real."""


class Memory:
    """Clicks on top of the real events that the first people begin with.

    Args:
        dataset: the real data.
        world: its people.
        history: real events of each person at most, the newest; those of items that have not come
            in are left out.
    """

    def __init__(self, dataset: Dataset, world: World, history: int) -> None:
        self.dataset = dataset
        real = dataset.interactions.events[world.real]
        real = real.where(world.released[real.item] == 0).last(history)
        place = np.arange(len(real.item)) - real.indptr[1:][real.row]
        self._person = [real.row.astype(np.int64)]
        self._item = [real.item.astype(np.int64)]
        self._time = [BEGAN + 60.0 * place]

    def add(self, people: NDArray[np.integer], items: NDArray[np.integer], round_: int) -> None:
        """Clicks of a round, in the order of the lists, (clicks,) each."""
        self._person.append(people.astype(np.int64))
        self._item.append(items.astype(np.int64))
        self._time.append(BEGAN + DAY * round_ + np.arange(len(items)) % 3600.0)

    def events(self, people: int) -> Sequences:
        """Everything so far, a row a person."""
        person, item = np.concatenate(self._person), np.concatenate(self._item)
        time = np.concatenate(self._time)
        order = np.lexsort((time, person))
        lengths = np.bincount(person, minlength=people)
        return Sequences.of_items(lengths, item[order], time[order])

    def data(self, people: int) -> Dataset:
        """A data set to train on."""
        users = IdMap(f"person-{n}" for n in range(people))
        items = self.dataset.catalogue.items
        made = Interactions(users, items, self.events(people), ("click",), timed=True)
        return replace(self.dataset, interactions=made, users=None, notes=(), name="simulated")

    def requests(self, people: NDArray[np.integer], total: int) -> Requests:
        """A question for each of some people, with everything they did."""
        users = IdMap(f"person-{n}" for n in range(total))
        items = self.dataset.catalogue.items
        return Requests(users, items, people.astype(np.int32), self.events(total)[people])
