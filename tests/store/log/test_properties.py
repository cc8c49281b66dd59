"""Properties of any history: order and repetition do not matter, and all logs agree."""

from __future__ import annotations

import tempfile
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.core import Event
from penchant.store.log import EventStored, UserErased, open_log
from penchant.testing import MemoryLog

TEXT = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=9
)
TIMES = st.floats(0, 4e9)
EVENTS = st.builds(
    Event,
    user_id=st.sampled_from(["u", "v", "ü"]),
    item_id=TEXT,
    event_time=TIMES,
    event_id=TEXT,
    event=TEXT,
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    session_id=st.none() | TEXT,
)
CHUNKS = st.lists(EVENTS, max_size=12, unique_by=lambda event: event.event_id).flatmap(
    lambda events: st.tuples(
        st.just(events),
        st.permutations(events * 2).flatmap(
            lambda shuffled: st.lists(st.integers(0, len(shuffled)), max_size=4).map(
                lambda cuts: _cut(shuffled, sorted(cuts))
            )
        ),
    )
)


def _cut(events: list[Event], cuts: list[int]) -> list[list[Event]]:
    ends = [0, *cuts, len(events)]
    return [events[start:end] for start, end in pairwise(ends)]


@settings(max_examples=25)
@given(CHUNKS)
def test_any_order_and_repetition_of_the_same_events_gives_the_same_set(drawn):
    events, chunks = drawn
    with tempfile.TemporaryDirectory() as folder, open_log(folder) as log:
        for chunk in chunks:
            log.append(chunk)
        held = [change.event for change in log.changes()]
        assert sorted(held, key=lambda event: event.event_id) == sorted(
            events, key=lambda event: event.event_id
        )
        for user in ("u", "v", "ü"):
            times = [stored.event.event_time for stored in log.events_of(user)]
            assert times == sorted(
                (e.event_time for e in events if e.user_id == user), reverse=True
            )


FIELDS = st.dictionaries(
    TEXT, st.none() | st.booleans() | st.integers() | TEXT | st.lists(TEXT), max_size=3
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.lists(EVENTS, max_size=4)),
        st.tuples(st.just("items"), st.dictionaries(st.sampled_from("abc"), FIELDS, max_size=3)),
        st.tuples(st.just("users"), st.dictionaries(st.sampled_from("uv"), FIELDS, max_size=2)),
        st.tuples(st.just("erase"), st.sampled_from("uv")),
    ),
    max_size=8,
)


@settings(max_examples=25)
@given(STEPS)
def test_sqlite_does_what_dictionaries_do(steps):
    with tempfile.TemporaryDirectory() as folder, open_log(folder, clock=lambda: 1e9) as log:
        model = MemoryLog(clock=lambda: 1e9)
        for step, what in steps:
            assert _do(log, step, what) == _do(model, step, what)
            assert list(map(_told, log.changes())) == list(map(_told, model.changes()))
        assert log.last_seq() == model.last_seq()
        for user in ("u", "v", "ü"):
            assert log.events_of(user, 3) == model.events_of(user, 3)
            assert log.user(user) == model.user(user)


def _do(log, step: str, what):
    if step == "append":
        return log.append(what)
    if step == "erase":
        return log.erase(what)
    key = step.removesuffix("s") + "_id"
    things = [{**fields, key: name} for name, fields in what.items()]
    return log.put_items(things) if step == "items" else log.put_users(things)


def _told(change):
    """A change, without the hash that is each log's own."""
    if isinstance(change, UserErased):
        return "erased", change.seq, [user for user in "uv" if change.is_of(user)]
    return change if isinstance(change, EventStored) else (change, dict(change.fields))
