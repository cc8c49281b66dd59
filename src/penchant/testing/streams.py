"""Real events as a stream: some to begin with, the others told to a log part by part."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from penchant.core import Event
from penchant.data import Dataset


@dataclass(frozen=True, slots=True)
class Stream:
    """Events cut in the order of their times.

    Attributes:
        data: the first of them, with the whole catalogue.
        parts: the others.
    """

    data: Dataset
    parts: list[list[Event]]


def stream_of(data: Dataset, parts: int, first: float = 0.5) -> Stream:
    """Cut a data set.

    Args:
        data: with times.
        parts: into which what comes later is cut.
        first: share of the events to begin with.
    """
    people, events = data.interactions, data.interactions.events
    order, rows = np.argsort(events.time, kind="stable"), events.row
    begin = round(first * len(order))
    known = np.zeros(len(order), np.bool_)
    known[order[:begin]] = True
    later = [
        Event(
            people.users.name(rows[n]),
            people.items.name(events.item[n]),
            float(events.time[n]),
            f"e{n}",
            people.kinds[events.kind[n]],
            None if np.isnan(events.value[n]) else float(events.value[n]),
        )
        for n in order[begin:].tolist()
    ]
    size = max(1, -(-len(later) // parts))
    cut = [later[start : start + size] for start in range(0, len(later), size)]
    return Stream(replace(data, interactions=people.with_events(events.where(known))), cut)
