"""Columns of a catalogue as arrays, and what becomes of them as items are put."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.core import Catalogue, IdMap, UsageError
from penchant.rank import ItemFields, filter_of


def codes(fields: ItemFields, **tests: object) -> list[int]:
    return np.flatnonzero(filter_of(tests, fields).mask()).tolist()


def test_the_columns_of_a_catalogue_are_read_as_they_are():
    table = pl.DataFrame(
        {
            "item_id": ["a", "b"],
            "genres": [["War", "Drama"], []],
            "price": [3, None],
            "available": [True, False],
            "day": [pl.date(2026, 1, 1), None],
            "kind": pl.Series(["x", "y"], dtype=pl.Categorical),
        }
    )
    table = table.with_columns(day=pl.Series(["2026-01-01", None]).str.to_date())
    fields = ItemFields.of(Catalogue(IdMap(["a", "b"]), ("", ""), ("a", "b"), table, ""))
    assert fields.names == ("genres", "price", "available", "day", "kind")
    assert codes(fields, genres="Drama") == [0]
    assert codes(fields, price={"max": 3}) == [0]
    assert codes(fields, available=False) == [1]
    assert codes(fields, day={"min": "2025-12-31"}) == [0]
    assert codes(fields, kind="y") == [1]


def test_text_may_hold_several_words():
    fields = ItemFields(IdMap(["a", "b"]), {"genres": ["War|Drama ", "War"]})
    assert codes(fields, genres="War") == [1]
    several = fields.separated({"genres": "|"})
    assert codes(several, genres="War") == [0, 1]
    assert codes(several, genres="Drama") == [0]
    assert codes(fields, genres="War") == [1]
    with pytest.raises(UsageError, match="did you mean 'genres'"):
        fields.separated({"genre": "|"})


def test_empty_text_nan_and_empty_lists_are_missing():
    columns = {"brand": ["", "x"], "price": [float("nan"), 1.0], "tags": [[], ["x"]]}
    fields = ItemFields(IdMap(["a", "b"]), columns)
    assert all(codes(fields, **{name: None}) == [0] for name in columns)


def test_a_column_without_a_value_is_blank_until_one_is_put():
    items = IdMap(["a"])
    fields = ItemFields(items, {"price": [None]})
    assert codes(fields, price=3) == codes(fields, price={"max": 3}) == []
    more = items.extended(["b"])
    fields = fields.with_items([{"item_id": "b", "price": 3}], more)
    assert codes(fields, price={"max": 3}) == [1]


def test_new_items_and_changed_ones():
    items = IdMap(["a", "b"])
    fields = ItemFields(items, {"price": [1, 2], "tags": [["x"], ["y"]]})
    assert codes(fields, tags="x") == [0]  # made before the items come
    more = items.extended(["c"])
    put = [{"item_id": "b", "tags": ["x", "z"]}, {"item_id": "c", "brand": "new"}]
    changed = fields.with_items(put, more)
    assert codes(changed, tags="x") == [0, 1]
    assert codes(changed, tags="y") == []
    assert codes(changed, price=2) == [], "it was not named"
    assert codes(changed, price=None) == [1, 2]
    assert codes(changed, brand="new") == [2]
    assert codes(fields, tags="x") == [0]
    assert fields.names == ("price", "tags")


def test_values_that_do_not_fit_are_told_and_count_as_missing():
    items = IdMap(["a"])
    fields = ItemFields(items, {"price": [1.0], "tags": [["x"]], "none": [None]})
    row = {"item_id": "a", "price": "12,99", "tags": {"x": 1}, "none": {"x": 1}, "new": 3}
    assert [problem.split(" = ")[0] for problem in fields.problems(row)] == [
        "price",
        "tags",
        "none",
    ]
    assert fields.problems({"item_id": "a", "price": None, "tags": "x", "none": 3}) == ()
    changed = fields.with_items([row], items)
    assert codes(changed, price=None) == codes(changed, tags=None) == [0]


def test_rows_of_unknown_items_are_a_mistake_of_the_caller():
    items = IdMap(["a"])
    with pytest.raises(ValueError, match="'b' is not among the ids"):
        ItemFields(items, {}).with_items([{"item_id": "b"}], items)
    with pytest.raises(ValueError, match="price has 2 values for 1 items"):
        ItemFields(items, {"price": [1, 2]})


VALUES = {
    "price": st.one_of(st.none(), st.integers(0, 3)),
    "tags": st.one_of(st.none(), st.lists(st.sampled_from("xyz"), max_size=3)),
    "kind": st.one_of(st.none(), st.sampled_from("pq")),
}
ROWS = st.lists(
    st.fixed_dictionaries({"item_id": st.sampled_from("abcde")}, optional=VALUES), max_size=8
)


@given(first=st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=3), rows=ROWS, cut=ROWS)
def test_putting_items_gives_what_reading_them_all_gives(first, rows, cut):
    items = IdMap("abc"[: len(first)])
    fields = ItemFields(items, {name: [row[name] for row in first] for name in VALUES})
    codes(fields, tags="x", price=1)  # two columns are made before, one after
    values = {name: dict(zip(items, (row[name] for row in first), strict=True)) for name in VALUES}
    for part in (rows, cut):
        items = items.extended([row["item_id"] for row in part])
        fields = fields.with_items(part, items)
        for row in part:
            for name in VALUES:
                values[name][row["item_id"]] = row.get(name)
    whole = ItemFields(items, {n: [values[n].get(item) for item in items] for n in VALUES})
    for tests in ({"tags": "x"}, {"kind": ["p", "q"]}, {"price": {"max": 1}}, {"tags": None}):
        assert codes(fields, **tests) == codes(whole, **tests)
