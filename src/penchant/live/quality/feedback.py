"""What became of the lists that were shown: clicks and conversions, by place and by model."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from penchant.store.log import EventStored, ImpressionStored, UserErased

CONVERSIONS = frozenset(["purchase", "buy", "bought", "order", "conversion", "subscribe"])
"""Kinds of events that count as conversions, and as clicks too; all others are clicks."""

PLACES = 10
"""Places of a list that have figures of their own; the ones below share one."""

VERSIONS = 50
"""Versions of models that have figures of their own at a time; the others share one."""

OTHER = "other"
"""What the others are counted as."""

Key = tuple[str, str]
"""Place (``1`` to ``10``, or ``over 10``) and version of the model, or ``other``."""


@dataclass(slots=True)
class Count:
    """Impressions of one place and model; each counts half after every half-life.

    Attributes:
        shown: impressions.
        clicked: those whose user did something with the item afterwards.
        converted: those whose user bought it, or the like.
    """

    shown: float = 0.0
    clicked: float = 0.0
    converted: float = 0.0


@dataclass(slots=True)
class _Shown:
    key: Key
    at: float
    clicked: bool = False
    converted: bool = False


@dataclass(slots=True)
class _List:
    at: float
    request_id: str
    places: dict[str, int] = field(default_factory=dict)
    clicked: bool = False


class Feedback:
    """Joins events to the impressions before them: same user, same item, soon enough.

    What is held of impressions is bounded: the newest ``most``. An impression is counted when it is
    heard of and again when it is clicked, so rates are a little low while people still read. Which
    model made a list is the client's word: what is not ``known``, and what is beyond ``VERSIONS``,
    counts as ``other``, so that nobody makes figures without end.

    Args:
        within: seconds from an impression to an event that counts as its fruit.
        half_life: seconds after which an impression counts half.
        most: impressions that wait for an event.
        known: whether there is, or was, a version of that name; any by default.

    Attributes:
        counts: by place and model.
        ended: whether lists were clicked, told when their user got the next one; to be emptied.
    """

    def __init__(
        self,
        within: float = 86_400.0,
        half_life: float = 86_400.0,
        most: int = 100_000,
        known: Callable[[str], bool] = lambda version: True,
    ) -> None:
        self.counts: dict[Key, Count] = {}
        self._within, self._half_life, self._most = within, half_life, most
        self._known = known
        self._waiting: OrderedDict[tuple[str, str], _Shown] = OrderedDict()
        self.ended: deque[bool] = deque(maxlen=most)
        self._lists: OrderedDict[str, _List] = OrderedDict()
        self._now: float | None = None

    def age(self, now: float) -> None:
        """Let what was counted before count less; seconds since 1970."""
        if self._now is not None and now > self._now:
            factor = 2.0 ** ((self._now - now) / self._half_life)
            for key, count in list(self.counts.items()):
                count.shown *= factor
                count.clicked *= factor
                count.converted *= factor
                if count.shown < 0.5:  # of a model that has long gone
                    del self.counts[key]
        self._now = max(now, self._now or now)

    def shown(self, rows: Iterable[ImpressionStored]) -> None:
        """Take in impressions."""
        for row in rows:
            one = row.impression
            place = str(one.position + 1) if one.position < PLACES else f"over {PLACES}"
            key = place, self._version(place, one.model_version)
            self.counts.setdefault(key, Count()).shown += 1
            if one.user_id is None:
                continue
            self._waiting[one.user_id, one.item_id] = _Shown(key, one.shown_at)
            self._waiting.move_to_end((one.user_id, one.item_id))
            listed = self._remember(one.user_id, one.request_id, one.shown_at)
            listed.places[one.item_id] = one.position
        while len(self._waiting) > self._most:
            self._waiting.popitem(last=False)
        while len(self._lists) > self._most // 10:
            self._lists.popitem(last=False)

    def heard(self, stored: EventStored) -> None:
        """Take in an event."""
        event = stored.event
        found = self._waiting.get((event.user_id, event.item_id))
        if found is None or not 0 <= stored.time - found.at <= self._within:
            return
        count = self.counts.setdefault(found.key, Count())
        if not found.clicked:
            found.clicked = True
            count.clicked += 1
            listed = self._lists.get(event.user_id)
            if listed is not None and event.item_id in listed.places:
                listed.clicked = True
        if event.event in CONVERSIONS and not found.converted:
            found.converted = True
            count.converted += 1

    def list_before(self, stored: EventStored) -> tuple[str, ...] | None:
        """The list that the user of an event saw last before it, best first; None where none."""
        found = self._lists.get(stored.event.user_id)
        if found is None or not 0 <= stored.time - found.at <= self._within:
            return None
        return tuple(sorted(found.places, key=found.places.__getitem__))

    def erased(self, erased: UserErased) -> None:
        """Let go of what is held of somebody who was erased."""
        for user_id in [user_id for user_id in self._lists if erased.is_of(user_id)]:
            del self._lists[user_id]
        for pair in [pair for pair in self._waiting if erased.is_of(pair[0])]:
            del self._waiting[pair]

    def _version(self, place: str, told: str) -> str:
        """What a version is counted as."""
        if not self._known(told):
            return OTHER
        if (place, told) in self.counts:
            return told
        counted = {version for _, version in self.counts} - {OTHER}
        return told if told in counted or len(counted) < VERSIONS else OTHER

    def _remember(self, user_id: str, request_id: str, at: float) -> _List:
        known = self._lists.get(user_id)
        if known is None or known.request_id != request_id:
            if known is not None:
                self.ended.append(known.clicked)
            known = self._lists[user_id] = _List(at, request_id)
        self._lists.move_to_end(user_id)
        return known
