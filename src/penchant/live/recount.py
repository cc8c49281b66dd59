"""What is popular, counted from the log again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from penchant.store.log import Change, EventStored, UserErased

from .followed import Followed
from .state import State, kept_of

PAGE = 10_000
"""Changes read at a time."""


def recount(
    followed: Followed,
    state: State,
    fold: Callable[[Sequence[Change]], None],
    lock: AbstractContextManager[bool],
) -> bool:
    """Replace the counters of a state that could not take an erased user's events out.

    Most of the log is read without holding anybody up; what came meanwhile is read, and folded,
    under the lock.

    Args:
        followed: the log.
        state: to mend.
        fold: takes changes into the state.
        lock: of the state.

    Returns:
        whether it worked: not where somebody else was erased meanwhile. Try again then.
    """
    began = followed.last_seq()
    popularity = state.popularity.anew()
    cursor, erased = 0, False

    def count(changes: Sequence[Change]) -> None:
        nonlocal cursor, erased
        for change in changes:
            cursor = change.seq
            erased |= isinstance(change, UserErased) and change.seq > began
            if isinstance(change, EventStored):
                event = kept_of(change)
                popularity.add(event.item_id, event.time, event.kind, user_id=change.event.user_id)

    while len(page := followed.changes(cursor, PAGE)) == PAGE:
        count(page)
    count(page)
    with lock:
        while page := followed.changes(cursor, PAGE):
            count(page)
            fold(page)
        if erased or state.recount > began:
            return False
        state.popularity, state.recount = popularity, 0
        return True
