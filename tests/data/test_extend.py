"""Later events and items joined to a data set."""

import numpy as np
import polars as pl
import pytest

from penchant.core import UsageError
from penchant.data import extended, questions_at
from penchant.testing import tiny_dataset


def later(*rows):
    """Rows of user, item, time, in the order in which they came."""
    return pl.DataFrame(
        [(*row, "buy", None, n) for n, row in enumerate(rows, 1)],
        schema={
            "user_id": pl.String,
            "item_id": pl.String,
            "timestamp": pl.Float64,
            "event": pl.String,
            "value": pl.Float64,
            "arrived": pl.Int64,
        },
        orient="row",
    )


def histories(data):
    people = data.interactions
    events = people.events
    return {
        name: [
            (people.items.name(item), time)
            for item, time in zip(
                events.item[events.indptr[row] : events.indptr[row + 1]].tolist(),
                events.time[events.indptr[row] : events.indptr[row + 1]].tolist(),
                strict=True,
            )
        ]
        for row, name in enumerate(people.users)
    }


def test_nothing_later_changes_nothing():
    data = tiny_dataset()
    found = extended(data, later())
    assert found.data.digest == data.digest
    assert not found.new.any()


def test_later_events_stand_where_their_time_puts_them():
    data = tiny_dataset()
    before = histories(data)
    item, other = data.catalogue.items.name(0), data.catalogue.items.name(1)
    first = before["u3"][0][1]
    found = extended(data, later(("u3", item, first - 5), ("new", other, 2e9), ("u3", other, 3e9)))
    after = histories(found.data)
    assert after["u3"] == [(item, first - 5), *before["u3"], (other, 3e9)]
    assert after["new"] == [(other, 2e9)]
    assert {k: v for k, v in after.items() if k not in ("u3", "new")} == {
        k: v for k, v in before.items() if k != "u3"
    }
    assert sorted(found.arrived[found.new].tolist()) == [1, 2, 3]
    assert found.data.interactions.kinds == ("view", "buy")


def test_codes_known_before_stay():
    data = tiny_dataset()
    row = {"item_id": "a new one", "title": "A new film"}
    found = extended(data, later(("z", "a new one", 2e9)), [row]).data
    assert list(found.catalogue.items)[: len(data.catalogue)] == list(data.catalogue.items)
    assert list(found.interactions.users)[: len(data.interactions.users)] == list(
        data.interactions.users
    )
    assert found.interactions.items is found.catalogue.items
    assert found.catalogue.items.code("a new one") == len(data.catalogue)


def test_what_was_there_before_counts_once_and_unknown_items_are_told():
    data = tiny_dataset()
    item, time = histories(data)["u2"][0]
    found = extended(data, later(("u2", item, time), ("u2", "nowhere", 2e9), ("u2", item, 2e9)))
    assert (found.repeated, found.unknown, int(found.new.sum())) == (1, 1, 1)


def test_without_times_later_events_stand_behind():
    from dataclasses import replace

    data = tiny_dataset()
    events = data.interactions.events
    place = np.arange(len(events.item)) - np.repeat(events.indptr[:-1], events.lengths)
    bare = replace(events, time=place.astype(float))
    data = replace(data, interactions=replace(data.interactions, events=bare, timed=False))
    known = {item for item, _ in histories(data)["u2"]}
    one, other = [name for name in data.catalogue.items if name not in known][:2]
    found = extended(data, later(("u2", one, 9.0), ("u2", other, 8.0)))
    history = histories(found.data)["u2"]
    n = len(history)
    assert [item for item, _ in history[-2:]] == [other, one]
    assert [time for _, time in history] == list(range(n))


def test_without_times_each_event_of_before_stands_for_one_later():
    from dataclasses import replace

    data = tiny_dataset()
    events = data.interactions.events
    place = np.arange(len(events.item)) - np.repeat(events.indptr[:-1], events.lengths)
    bare = replace(events, time=place.astype(float))
    data = replace(data, interactions=replace(data.interactions, events=bare, timed=False))
    item = histories(data)["u2"][0][0]
    often = sum(name == item for name, _ in histories(data)["u2"])
    rows = [("u2", item, 1e9 + n) for n in range(often + 2)]
    found = extended(data, later(*rows))
    assert (found.repeated, int(found.new.sum())) == (often, 2)


def test_feedback_rules_leave_out_and_weigh():
    data = tiny_dataset()
    name = data.catalogue.items.name(0)
    frame = later(("u1", name, 2e9), ("u1", name, 3e9)).with_columns(
        pl.Series("event", ["buy", "look"])
    )
    found = extended(data, frame, feedback=["buy * 3"])
    assert found.data.interactions.events.weight[found.new].tolist() == [3.0]


def test_missing_columns_are_named():
    with pytest.raises(UsageError, match="timestamp"):
        extended(tiny_dataset(), later().drop("timestamp"))


def test_a_question_knows_what_came_strictly_before():
    data = tiny_dataset()
    names = data.catalogue.items
    fresh = [c for c in range(len(names)) if names.name(c) not in dict(histories(data)["u3"])][:2]
    rows = [("u3", names.name(fresh[0]), 2e9), ("u3", names.name(fresh[1]), 3e9)]
    found = extended(data, later(*rows))
    test = questions_at(found.data.interactions, np.flatnonzero(found.new), ~found.new)
    assert test.truth.item.tolist() == fresh
    lengths = test.requests.history.lengths
    assert lengths[1] == lengths[0] + 1
    assert test.requests.history.items_of(1)[-1] == fresh[0]
    assert set(test.slices) == {"known-user"}


def test_repeats_and_beginnings_are_no_questions_and_new_users_are_told_apart():
    data = tiny_dataset()
    item = histories(data)["u3"][0][0]
    a, b = data.catalogue.items.name(0), data.catalogue.items.name(1)
    found = extended(data, later(("u3", item, 2e9), ("new", a, 2e9), ("new", b, 3e9)))
    test = questions_at(found.data.interactions, np.flatnonzero(found.new), ~found.new)
    assert test.request_ids == ("new-user:new",)
    assert test.requests.user.tolist() == [-1]
