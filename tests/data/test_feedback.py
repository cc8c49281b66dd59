"""Which events count, and how much."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import data
from penchant.core import UsageError
from penchant.data.feedback import Rule, parse_feedback
from penchant.data.filters import k_core

EVENTS = pl.DataFrame(
    {
        "user_id": ["u"] * 5,
        "item_id": ["a", "b", "c", "d", "e"],
        "position": range(5),
        "event": ["click", "purchase", "rating", "rating", "click"],
        "value": [None, 2.0, 5.0, 3.0, None],
        "dwell": [1, 2, 3, 4, 50],
    }
)
ITEMS = pl.DataFrame({"item_id": ["a", "b", "c", "d", "e"]})


@pytest.mark.parametrize(
    ("feedback", "counted"),
    [
        (None, {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}),
        ("click", {"a": 1, "e": 1}),
        ("rating >= 4", {"c": 1}),
        ("purchase * 3", {"b": 3}),
        ("rating<4*.5", {"d": 0.5}),
        ("value > 0", {"b": 1, "c": 1, "d": 1}),
        ("dwell > 10", {"e": 1}),
        (["purchase * 3", "click"], {"a": 1, "b": 3, "e": 1}),
        (["value >= 5 * 2", "rating"], {"c": 2, "d": 1}),  # the first rule that holds counts
    ],
)
def test_expressions_choose_and_weigh_events(feedback, counted):
    events = data.read(EVENTS, ITEMS, feedback=feedback).interactions.events
    names = ITEMS["item_id"].to_list()
    got = {names[item]: weight for item, weight in zip(events.item, events.weight, strict=True)}
    assert got == counted


def test_what_does_not_count_is_said():
    assert data.read(EVENTS, ITEMS, feedback="click").notes[-1] == (
        "events frame: feedback click leaves out 3 events."
    )


@pytest.mark.parametrize("words", ["rating >=", "4 < rating", "a b", "a * b", "a >= 4 and b", ""])
def test_other_expressions_are_refused(words):
    with pytest.raises(UsageError, match="not understood"):
        parse_feedback(words)


@given(
    st.from_regex(r"[a-z][a-z_-]{0,9}", fullmatch=True),
    st.sampled_from([">=", "<=", ">", "<", "==", "!="]),
    st.integers(-1000, 1000),
    st.integers(1, 100),
)
def test_every_part_of_an_expression_is_found(name, op, bound, weight):
    assert parse_feedback(f"{name}{op} {bound}*{weight}") == Rule(name, op, bound, weight)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40),
    st.integers(1, 4),
)
def test_a_k_core_is_what_is_left_when_removing_one_at_a_time(pairs, k):
    left = list(enumerate(pairs))
    while True:
        few = next(
            (
                (side, code)
                for side in (0, 1)
                for code in {pair[side] for _, pair in left}
                if sum(pair[side] == code for _, pair in left) < k
            ),
            None,
        )
        if few is None:
            break
        left = [(n, pair) for n, pair in left if pair[few[0]] != few[1]]
    user, item = np.array(pairs).T
    assert np.flatnonzero(k_core(user, item, k)).tolist() == [n for n, _ in left]
