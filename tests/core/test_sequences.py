"""Ragged rows, against lists of lists."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.core import IdMap, Interactions, Requests, Sequences

ragged = st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=8)


def sequences(rows):
    flat = np.array([item for row in rows for item in row], np.int64)
    return Sequences.of_items(np.array([len(row) for row in rows], np.int64), flat)


def rows_of(sequences):
    return [sequences.items_of(row).tolist() for row in range(len(sequences))]


@given(ragged)
def test_rows_go_in_and_come_out(rows):
    made = sequences(rows)
    assert rows_of(made) == rows
    assert made.lengths.tolist() == [len(row) for row in rows]
    assert made.row.tolist() == [n for n, row in enumerate(rows) for _ in row]
    assert made.time.tolist() == [place for row in rows for place in range(len(row))]


@given(ragged, st.integers(0, 7))
def test_the_last_events_and_the_others(rows, n):
    made = sequences(rows)
    assert rows_of(made.last(n)) == [row[len(row) - min(n, len(row)) :] for row in rows]
    assert rows_of(made.without_last(n)) == [row[: len(row) - min(n, len(row))] for row in rows]


@given(ragged, st.data())
def test_rows_are_picked_in_the_order_asked_for(rows, draw):
    made = sequences(rows)
    places = st.lists(st.integers(0, len(rows) - 1)) if rows else st.just([])
    chosen = np.array(draw.draw(places), np.int64)
    assert rows_of(made[chosen]) == [rows[place] for place in chosen]
    assert made[chosen].time.tolist() == [t for p in chosen for t in range(len(rows[p]))]
    mask = np.array(
        draw.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), bool
    )
    assert rows_of(made[mask]) == [row for row, keep in zip(rows, mask, strict=True) if keep]
    assert rows_of(made[1:3]) == rows[1:3]


@given(ragged)
def test_events_whose_new_code_is_negative_are_dropped(rows):
    made = sequences(rows)
    moved = made.with_items(np.where(made.item % 2, -1, made.item * 10).astype(np.int32))
    assert rows_of(moved) == [[item * 10 for item in row if not item % 2] for row in rows]


def test_requests_move_to_the_codes_of_other_maps():
    users, items = IdMap(["u", "v"]), IdMap(["a", "b", "c"])
    asked = Requests(users, items, np.array([1, -1, 0], np.int32), sequences([[0, 2], [1], []]))
    moved = asked.aligned(IdMap(["v"]), IdMap(["c", "b"]))
    assert moved.user.tolist() == [0, -1, -1]
    assert rows_of(moved.history) == [[0], [1], []]


def test_the_digest_names_the_kinds_of_events():
    users, items, events = IdMap("u"), IdMap("ab"), sequences([[0, 1]])
    plain = Interactions(users, items, events)
    assert plain.digest == Interactions(users, items, sequences([[0, 1]])).digest
    assert plain.digest != Interactions(users, items, sequences([[1, 0]])).digest
    one = Interactions(users, items, events, ("click", "buy"))
    kinds = Sequences(
        events.indptr,
        events.item,
        events.time,
        events.weight,
        np.array([0, 1], np.int16),
        events.value,
    )
    other = one.with_events(kinds)
    assert len({plain.digest, one.digest, other.digest}) == 3
