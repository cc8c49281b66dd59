"""The history of a user who is not in memory."""

from __future__ import annotations

from .followed import Followed
from .history import History
from .state import State, kept_of


def read_back(followed: Followed, state: State, user_id: str) -> History:
    """Exactly the history that a user would have, had it stayed in memory.

    The log sorts by the times that events came with, a history by times that are bounded: an event
    of the far future comes first there and belongs further back here. So more and more is read
    until nothing that was not read could be among the newest.

    Args:
        followed: the log.
        state: how far the log was followed; what came later is left out.
        user_id: external id.
    """
    keep = limit = state.config.keep
    while True:
        stored = followed.events_of(user_id, limit)
        own = (kept_of(one) for one in stored if one.seq <= state.cursor)
        history = History.of(own, keep)
        if len(stored) < limit:
            return history
        if len(history) == keep and history.times[0] > stored[-1].event.event_time:
            return history
        limit *= 4
