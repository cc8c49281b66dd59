"""The newest events of one user are a set, whatever happened to it on the way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penchant.live import History, Kept

TIMES = st.one_of(st.integers(0, 5).map(float), st.floats(0, 2e9))
IDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)


@st.composite
def events(draw: st.DrawFn) -> list[Kept]:
    ids = draw(st.lists(IDS, unique=True, max_size=30))
    return [
        Kept(draw(TIMES), name, draw(IDS), draw(st.sampled_from(["click", "buy"])), seq)
        for seq, name in enumerate(ids, 1)
    ]


@given(events(), st.integers(1, 12), st.data())
def test_any_order_and_any_repetition_give_the_newest_of_the_set(
    given_events: list[Kept], keep: int, data: st.DataObject
):
    shuffled = data.draw(st.permutations(given_events * 2))
    history = History()
    for event in shuffled:
        history = history.with_event(event, keep)
    newest = sorted(given_events)[-keep:]
    assert list(history) == newest
    assert history == History.of(shuffled, keep)
    assert history.version == max((event.seq for event in newest), default=0)
    assert history.columns == (
        [event.item_id for event in newest],
        [event.time for event in newest],
        [event.kind for event in newest],
    )
    assert len(history) == len(newest)


def test_what_changes_nothing_gives_the_same_object():
    history = History.of([Kept(5.0, "b", "i1", "click", 1), Kept(6.0, "c", "i2", "click", 2)], 2)
    assert history.with_event(Kept(5.0, "b", "i1", "click", 1), 2) is history
    assert history.with_event(Kept(5.0, "a", "i9", "click", 3), 2) is history, "too old"
    assert history.with_event(Kept(5.0, "ba", "i9", "click", 3), 2) is not history


def test_events_of_one_moment_are_sorted_by_their_ids():
    kept = [Kept(5.0, name, name.upper(), "click", seq) for seq, name in enumerate("cab", 1)]
    history = History()
    for event in kept:
        history = history.with_event(event, 200)
    assert history.columns[0] == ["A", "B", "C"]


def test_the_version_changes_whenever_the_events_do():
    newest = Kept(9.0, "e1", "i1", "click", 7)
    history = History.of([newest], 1)
    assert history.with_event(Kept(8.0, "e2", "i2", "click", 8), 1).version == 7
    assert history.with_event(Kept(10.0, "e3", "i3", "click", 9), 1).version == 9
    # the event stored last is pushed out by others that were stored earlier
    late = History.of([Kept(1.0, "e4", "i4", "click", 50), newest], 2)
    assert late.version == 50
    assert late.with_event(Kept(10.0, "e3", "i3", "click", 9), 2).version == 9


def test_an_event_takes_less_than_100_bytes():
    kept = [Kept(1.8e9 + n, f"{n:032x}", f"B00{n:07d}", "click", n) for n in range(200)]
    history = History.of(kept, 200)
    assert history.size < 400 + 200 * 100
