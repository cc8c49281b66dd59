"""Splits keep what is to be found away from what may be learned."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import data

PROTOCOLS = [
    "leave-last-out",
    "time:0.3",
    "ratio:0.4",
    "cold-items:0.5",
    "new-users:0.5",
    "few-shot:2",
]
ITEMS = pl.DataFrame({"item_id": [f"i{n}" for n in range(8)]})

logs = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 7)), min_size=1, max_size=60
)  # who did what, in the order of time: times are all distinct, so they name the events


def read(log):
    rows = [(f"u{user}", f"i{item}", time) for time, (user, item) in enumerate(log)]
    return data.read(pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row"), ITEMS)


def ids(test):
    """Requests as readable rows: name, known user or not, history, answers."""
    names = test.requests.items.names
    return {
        request: (names(test.requests.history.items_of(row)), names(test.truth.items_of(row)))
        for row, request in enumerate(test.request_ids)
    }


@given(logs, st.sampled_from(PROTOCOLS), st.integers(0, 3))
def test_no_event_is_both_learned_and_asked(log, protocol, seed):
    whole = read(log)
    train, test = whole.split(protocol, seed)
    learned = set(train.interactions.events.time)
    assert learned <= set(whole.interactions.events.time)
    assert not learned & set(test.truth.time)
    if protocol.startswith("cold-items"):
        assert not set(train.interactions.events.item) & set(test.truth.item)


@given(logs, st.sampled_from(PROTOCOLS))
def test_every_question_has_a_history_and_new_distinct_answers(log, protocol):
    _, test = read(log).split(protocol)
    for history, answers in ids(test).values():
        assert history
        assert answers
        assert len(set(answers)) == len(answers)
        assert not set(history) & set(answers)


@given(
    logs,
    st.sampled_from(["leave-last-out", "time:0.3", "ratio:0.4", "new-users:0.5", "few-shot:2"]),
)
def test_answers_come_after_the_history(log, protocol):
    _, test = read(log).split(protocol)
    for row in range(len(test)):
        assert test.requests.history[[row]].time.max() < test.truth[[row]].time.min()


@given(logs, st.sampled_from(PROTOCOLS), st.integers(0, 3))
def test_a_seed_gives_one_split_and_codes_agree(log, protocol, seed):
    whole = read(log)
    train, test = whole.split(protocol, seed)
    again, test_again = whole.split(protocol, seed)
    assert train.digest == again.digest
    assert ids(test) == ids(test_again)
    made = train.interactions
    assert made.users is whole.interactions.users is test.requests.users
    assert made.items is whole.catalogue.items is test.requests.items
    for row, user in enumerate(test.requests.user):
        name = test.request_ids[row].partition(":")[2]
        assert user == (
            made.users.code(name) if len(made.events.items_of(made.users.code(name))) else -1
        )


@given(logs, st.integers(1, 3), st.integers(0, 3))
def test_validation_takes_the_last_event_of_a_few_users_only(log, most, seed):
    whole = read(log)
    train, test = data.validation_split(whole, most, seed)
    assert len(test) <= most
    assert len(train.interactions) == len(whole.interactions) - len(test)
    asked = set(test.requests.user)
    before, after = whole.interactions.events, train.interactions.events
    for row in range(len(before)):
        taken = before.items_of(row)[-1:] if row in asked else before.items_of(row)[:0]
        assert (
            np.concatenate([after.items_of(row), taken]).tolist() == before.items_of(row).tolist()
        )


LOG = [(0, 0), (0, 1), (0, 2), (1, 3), (0, 3), (0, 4), (1, 4), (2, 5), (2, 0), (2, 1)]
"""u0: i0 i1 i2 i3 i4; u1: i3 i4; u2: i5 i0 i1"""


@pytest.mark.parametrize(
    ("protocol", "asked", "learned"),
    [
        (
            "leave-last-out",
            {
                "warm-user:u0": (["i0", "i1", "i2", "i3"], ["i4"]),
                "warm-user:u2": (["i5", "i0"], ["i1"]),
            },
            8,
        ),
        (
            "ratio:0.4",
            {
                "warm-user:u0": (["i0", "i1", "i2"], ["i3", "i4"]),
                "warm-user:u2": (["i5", "i0"], ["i1"]),
            },
            7,
        ),
        (
            "few-shot:1",
            {"warm-user:u0": (["i3"], ["i4"]), "warm-user:u2": (["i0"], ["i1"])},
            3,  # u1 has no question and keeps its last event
        ),
        (
            "time:0.5",
            {"warm-user:u0": (["i0", "i1", "i2", "i3"], ["i4"]), "warm-user:u1": (["i3"], ["i4"])},
            5,
        ),
    ],
)
def test_what_each_protocol_cuts(protocol, asked, learned):
    train, test = read(LOG).split(protocol)
    assert ids(test) == asked
    assert len(train.interactions) == learned


def test_new_users_give_four_fifths_of_their_events():
    whole = read([(user, item) for user in range(5) for item in range(6)])
    train, test = whole.split("new-users:0.6")
    lengths = train.interactions.events.lengths
    assert set(test.slices) == {"new-user"}
    assert (test.requests.user == -1).all()
    assert {name.partition(":")[2] for name in test.request_ids} == {
        train.interactions.users.name(row) for row in np.flatnonzero(lengths == 0)
    }
    assert len(test) > 0
    for history, answers in ids(test).values():
        assert (history, answers) == (["i0", "i1", "i2", "i3"], ["i4", "i5"])


def test_another_seed_draws_other_items():
    whole = read([(0, item) for item in range(8)])
    drawn = {tuple(whole.split("cold-items:0.5", seed)[1].candidates) for seed in range(4)}
    assert len(drawn) > 1


def test_a_repeated_last_item_is_no_question_but_is_not_learned():
    train, test = read([(0, 0), (0, 1), (0, 0)]).split("leave-last-out")
    assert len(test) == 0
    assert len(train.interactions) == 2
