"""What users of an experiment did, counted from the log: nothing is kept, so nothing can be lost.

A user is the unit: lists of one user are not independent, and it is users who were split. A user is in
the experiment from the first list of it that was told as shown (``Impression.policy``), and counts in
the arm that the hash gives them, whatever they were shown later. What they did within ``window`` of that
list counts, if it is an event of the experiment's kinds with an item that the experiment had shown them.
When the window is over the user is counted, once: so users are independent observations, in the order
in which their windows end, and the tests hold whenever they are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.core import Impression
from penchant.rank import draft_teams
from penchant.store.log import Change, EventStored, ImpressionStored

from .experiment import Experiment

MOST = 100
"""Successes of one user that are counted: who does more is no person, and would be most of the mean."""
SLACK = 60.0
"""Seconds by which a client's clock may be behind the one that told what was shown."""
LONGEST = 1000
"""Places of the longest list that is answered."""
_PAGE = 10_000


class Readable(Protocol):
    """A log that tells what was shown and done, such as ``penchant.store.log.Log``."""

    def changes(self, after: int = 0, limit: int = 10_000) -> Sequence[Change]:
        """Changes with a higher ``seq``, ascending."""
        ...

    def impressions(self, after: int = 0, limit: int = 10_000) -> Sequence[ImpressionStored]:
        """Impressions with a higher ``number``, ascending."""
        ...


@dataclass(frozen=True, slots=True)
class Tally:
    """Users of an experiment, a row each, by the time at which their windows end.

    Attributes:
        arm: codes of their arms, (users,).
        ends: when their windows end, seconds since 1970 (UTC), (users,).
        successes: events that count, at most ``MOST``, (users,).
        sides: of an interleaving, those with items of the first list and of the second, (users, 2).
        waiting: users whose windows are not over, a number an arm.
        crossed: users who were told lists of another arm than theirs: there is something wrong with
            what tells impressions.
        nameless: impressions of the experiment without a user, which cannot count.
    """

    arm: NDArray[np.int64]
    ends: NDArray[np.float64]
    successes: NDArray[np.int64]
    sides: NDArray[np.int64]
    waiting: tuple[int, ...]
    crossed: int = 0
    nameless: int = 0

    def __len__(self) -> int:
        return len(self.arm)

    def values(self, arm: int, upto: float, measure: str) -> NDArray[np.float64]:
        """The outcome of each user of an arm whose window ended by then, (some,)."""
        chosen = self.successes[(self.arm == arm) & (self.ends <= upto)]
        counted = np.minimum(chosen, 1) if measure == "users" else chosen
        return np.asarray(counted, np.float64)


@dataclass(slots=True)
class _User:
    """Somebody in an experiment.

    Attributes:
        arm: code.
        first: when the first list was shown.
        shown: when and on whose behalf each item was, by item.
        successes: so far.
        sides: so far, of the two lists.
        crossed: whether a list of another arm was told.
    """

    arm: int
    first: float
    shown: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    successes: int = 0
    sides: list[int] = field(default_factory=lambda: [0, 0])
    crossed: bool = False


def tally(experiment: Experiment, log: Readable, now: float) -> Tally:
    """Count what users did, up to a moment.

    Reads what the log holds since the experiment began: some 3 seconds a million rows. Holds about 150
    bytes for each item that was shown to a user.

    Args:
        experiment: which.
        log: of the service.
        now: seconds since 1970 (UTC); after an experiment was stopped, that moment is taken.

    Raises:
        LogError: the log cannot be read.
    """
    if experiment.stopped_at is not None:
        now = min(now, experiment.stopped_at)
    users, nameless = _shown(experiment, log, now)
    _count(experiment, log, users)
    over = [user for user in users.values() if user.first + experiment.window <= now]
    over.sort(key=lambda user: user.first)
    waiting = [0] * len(experiment.arms)
    for user in users.values():
        waiting[user.arm] += user.first + experiment.window > now
    return Tally(
        np.array([user.arm for user in over], np.int64),
        np.array([user.first + experiment.window for user in over], np.float64),
        np.array([min(user.successes, MOST) for user in over], np.int64),
        np.array([user.sides for user in over], np.int64).reshape(-1, 2),
        tuple(waiting),
        sum(user.crossed for user in users.values()),
        nameless,
    )


def _shown(experiment: Experiment, log: Readable, now: float) -> tuple[dict[str, _User], int]:
    """Who was shown what by the experiment."""
    users: dict[str, _User] = {}
    nameless = 0
    merged = experiment.kind == "interleave"
    codes = {experiment.policy(code): code for code in range(len(experiment.arms))}
    for row in _impressions(log, experiment.after[0]):
        if row.policy not in codes or row.position >= LONGEST:
            continue
        if not experiment.started_at - SLACK <= row.shown_at <= now:
            continue
        if row.user_id is None:
            nameless += 1
            continue
        user = users.get(row.user_id)
        if user is None:
            arm = experiment.arm_of(row.user_id)
            if arm is None:  # not in it: somebody told a wrong policy
                continue
            user = users[row.user_id] = _User(arm, row.shown_at)
        user.first = min(user.first, row.shown_at)
        user.crossed |= not merged and codes[row.policy] != user.arm
        side = team_of(experiment, row) if merged else 0
        user.shown.setdefault(row.item_id, []).append((row.shown_at, side))
    return users, nameless


def _count(experiment: Experiment, log: Readable, users: dict[str, _User]) -> None:
    """Add what users did with what they were shown."""
    kinds = frozenset(experiment.events)
    after = experiment.after[1]
    while page := log.changes(after, _PAGE):
        after = page[-1].seq
        for change in page:
            if not isinstance(change, EventStored) or change.event.event not in kinds:
                continue
            user = users.get(change.event.user_id)
            if (
                user is None
                or not user.first - SLACK <= change.time <= user.first + experiment.window
            ):
                continue
            before = [
                at
                for at in user.shown.get(change.event.item_id, ())
                if at[0] <= change.time + SLACK
            ]
            if before:
                user.successes += 1
                user.sides[max(before)[1]] += 1  # the list that showed it last


def team_of(experiment: Experiment, row: Impression) -> int:
    """Which of two lists put an item into a merged one: 0 or 1, from the request and the place."""
    return int(draft_teams(row.request_id, row.position + 1, experiment.salt)[row.position])


def _impressions(log: Readable, after: int) -> Iterator[Impression]:
    while page := log.impressions(after, _PAGE):
        after = page[-1].number
        for stored in page:
            yield stored.impression


def last_number(log: Readable) -> int:
    """The ``number`` of the last impression of a log; a few dozen questions."""
    high = 1
    while log.impressions(high, 1):
        high *= 2
    low = 0  # there is something after it, or nothing at all
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if log.impressions(middle, 1) else (low, middle)
    return low
