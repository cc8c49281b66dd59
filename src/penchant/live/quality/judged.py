"""Lists as people get them: whether they hold what is chosen next, and what they look like."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.metrics import hit_rate, ndcg

LENGTH = 10
"""Places that are judged."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One list, judged by what its user did next.

    Attributes:
        items: of the list, best first.
        source: ``shown`` to the user, or ``asked`` for in their name, before the event was learned.
        hit: 1 where the item that was chosen is among them, else 0: HR@10.
        gain: NDCG@10 of it.
        novelty: mean self-information of the items, bits.
        cold: share of the items that the model was trained on no event of.
        repeats: share of the items that were in the user's list before.
    """

    items: tuple[str, ...]
    source: str
    hit: float
    gain: float
    novelty: float
    cold: float
    repeats: float


@dataclass(frozen=True, slots=True)
class Quality:
    """What the newest lists are like.

    Attributes:
        lists: how many were judged, by source.
        hits: mean HR@10, by source.
        gains: mean NDCG@10, by source.
        coverage: share of the catalogue that is in one of them.
        novelty: mean self-information of what they hold, bits.
        cold: share of their items without a training event.
        repeats: share of their items that their user's list before held too.
        empty: share of them that hold nothing.
    """

    lists: Mapping[str, int]
    hits: Mapping[str, float]
    gains: Mapping[str, float]
    coverage: float = 0.0
    novelty: float = 0.0
    cold: float = 0.0
    repeats: float = 0.0
    empty: float = 0.0


class Prequential:
    """The newest lists, each judged by an event that the model had not heard of when it was made.

    "Predictive sequential" (Dawid, 1984; Gama, Sebastião and Rodrigues, 2013): every event is a test
    before it is an example, so the figures are of today and no event has to be held out.

    Args:
        window: lists that the figures are of.
    """

    def __init__(self, window: int = 1_000) -> None:
        self._lists: deque[Judged] = deque(maxlen=window)
        self._before: dict[int, frozenset[int]] = {}  # of users that were asked for, by hash

    def judge(
        self,
        user_id: str,
        items: Sequence[str],
        chosen: str,
        source: str,
        known: Mapping[str, int],
        events: int,
    ) -> Judged:
        """Judge a list.

        Args:
            user_id: whose it is; only a hash of the id is kept.
            items: best first.
            chosen: what the user chose next.
            source: ``shown`` or ``asked``.
            known: training events of the listed items; those without are cold.
            events: all training events.
        """
        listed = tuple(items[:LENGTH])
        places = np.array([[item == chosen for item in listed] + [False] * (LENGTH - len(listed))])
        one = np.ones(1, np.int64)
        count = max(len(listed), 1)
        bits = [math.log2((events + 1) / (known.get(item, 0) + 1)) for item in listed]
        now, before = (
            frozenset(map(hash, listed)),
            self._before.get(hash((user_id, source)), frozenset()),
        )
        self._before[hash((user_id, source))] = now
        if len(self._before) > 10_000:
            del self._before[next(iter(self._before))]
        found = Judged(
            listed,
            source,
            float(hit_rate(places, one)[0]),
            float(ndcg(places, one)[0]),
            sum(bits) / count,
            sum(not known.get(item) for item in listed) / count,
            len(now & before) / count,
        )
        self._lists.append(found)
        return found

    def quality(self, catalogue: Collection[str] | int) -> Quality:
        """The figures.

        Args:
            catalogue: what can be recommended, or how many items that is.
        """
        lists, size = list(self._lists), catalogue if isinstance(catalogue, int) else len(catalogue)
        sources = sorted({one.source for one in lists})
        of = {source: [one for one in lists if one.source == source] for source in sources}
        full = [one for one in lists if one.items]
        return Quality(
            {source: len(some) for source, some in of.items()},
            {source: _mean([one.hit for one in some]) for source, some in of.items()},
            {source: _mean([one.gain for one in some]) for source, some in of.items()},
            len({item for one in lists for item in one.items}) / max(size, 1),
            _mean([one.novelty for one in full]),
            _mean([one.cold for one in full]),
            _mean([one.repeats for one in full]),
            _mean([float(not one.items) for one in lists]),
        )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
