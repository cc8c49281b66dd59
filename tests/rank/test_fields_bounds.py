"""What items that are put take in memory: what they say, and no more."""

from __future__ import annotations

import tracemalloc

import pytest

from penchant.core import IdMap, UsageError
from penchant.rank import ItemFields, filter_of
from penchant.rank.fields import MOST_COLUMNS


def put_one_by_one(puts: int, own: int) -> ItemFields:
    """``puts`` items, each with ``own`` fields that no other has as long as there is room."""
    items = IdMap([])
    fields = ItemFields(items, {})
    for put in range(puts):
        items = items.extended([f"i{put}"])
        row = {f"f{put}-{n}": n for n in range(own)}
        fields = fields.with_items([{"item_id": f"i{put}", **row}], items)
    return fields


def test_a_field_of_one_item_takes_no_room_for_the_others():
    tracemalloc.start()
    try:
        fields = put_one_by_one(300, 3)
        assert tracemalloc.get_traced_memory()[0] < 3_000_000
    finally:
        tracemalloc.stop()
    assert filter_of({"f7-2": 2}, fields).mask().nonzero()[0].tolist() == [7]


def test_an_item_that_is_put_again_and_again_is_kept_a_few_times():
    items = IdMap(["a", "b"])
    fields = ItemFields(items, {})
    for price in range(1_000):
        fields = fields.with_items([{"item_id": "a", "price": price}], items)
    assert sum(map(len, fields._put)) <= 4
    assert filter_of({"price": 999}, fields).mask().tolist() == [True, False]


def test_rows_are_not_all_copied_by_each_put():
    first = put_one_by_one(1_000, 1)
    second = first.with_items([{"item_id": "i0", "f0-0": 5}], first.items)
    assert first._put[0] is second._put[0]
    assert filter_of({"f0-0": 5}, second).mask()[0]
    assert not filter_of({"f0-0": 5}, first).mask()[0]


def test_there_are_so_many_columns_and_no_more():
    fields = put_one_by_one(MOST_COLUMNS // 50 + 2, 50)
    assert len(fields.names) == MOST_COLUMNS
    assert "leave it out" in fields.problems({"item_id": "i0", "one-more": 3})[0]
    assert fields.problems({"item_id": "i0", "f0-0": 3}) == ()
    with pytest.raises(UsageError, match="no column"):
        fields.column(f"f{MOST_COLUMNS // 50 + 1}-0")


def test_a_row_alone_may_not_bring_too_many_columns():
    row = {f"f{n}": n for n in range(MOST_COLUMNS + 2)}
    assert len(ItemFields(IdMap(["a"]), {}).problems({"item_id": "a", **row})) == 2


def test_what_was_put_first_says_what_a_column_takes():
    items = IdMap(["a"])
    fields = ItemFields(items, {"none": [None]})
    fields = fields.with_items([{"item_id": "a", "new": 3, "none": "x"}], items)
    assert fields.problems({"item_id": "a", "new": "x"}) == (
        "new = 'x': write a number, as other items have.",
    )
    assert fields.problems({"item_id": "a", "new": 4.5, "none": "y"}) == ()
