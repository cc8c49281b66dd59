"""The language of filters: what passes, and what each mistake is told."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.core import IdMap, UsageError
from penchant.rank import ItemFields, filter_of


def codes(fields, tests) -> list[int]:
    return np.flatnonzero(filter_of(tests, fields).mask()).tolist()


@pytest.mark.parametrize(
    ("tests", "passing"),
    [
        ({"category": "Books"}, [0, 1]),
        ({"category": ["Books", "Toys"]}, [0, 1, 2, 3]),
        ({"tags": "new"}, [0, 3, 6]),
        ({"tags": ["new", "blue"]}, [0, 3, 4, 6]),
        ({"price": 30}, [5, 6]),
        ({"price": [5, 8.0]}, [0, 2]),
        ({"price": {"max": 8}}, [0, 2, 7]),
        ({"price": {"min": 8, "max": 30}}, [1, 2, 5, 6]),
        ({"available": False}, [2]),
        ({"item_id": ["i3", "i9"]}, [3]),
        ({"category": "Games", "seller": "cy"}, [5, 6]),
        ({"category": {"not": "Games"}}, [0, 1, 2, 3, 7]),
        ({"category": {"not": ["Games", "Toys"]}}, [0, 1, 7]),
        ({"price": {"not": {"min": 8}}}, [0, 3, 7]),
        ({"price": None}, [3]),
        ({"tags": None}, [2, 5]),
        ({"tags": {"not": None}}, [0, 1, 3, 4, 6, 7]),
        ({"category": "Shoes"}, []),
    ],
)
def test_a_filter_holds_for(shop, tests, passing):
    assert codes(shop.fields(), tests) == passing


def test_dates_are_compared_whatever_they_are_written_as():
    items = IdMap(["old", "new", "none"])
    for values in (
        [date(2020, 1, 1), date(2024, 6, 1), None],
        [datetime(2020, 1, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC), None],
        ["2020-01-01", "2024-06-01T00:00:00Z", None],
        [1577836800, 1717200000, None],
        [1577836800000, 1717200000000, None],
        [2020, 2024, None],
    ):
        fields = ItemFields(items, {"created_at": values})
        assert codes(fields, {"created_at": {"min": "2021-01-01"}}) == [1], values
        assert codes(fields, {"created_at": {"max": date(2021, 1, 1)}}) == [0], values


@pytest.mark.parametrize(
    ("tests", "says"),
    [
        ({"prise": 3}, "no column 'prise'; did you mean 'price'? Columns: item_id, category"),
        ({"price": "cheap"}, "price is asked for 'cheap': write a number"),
        ({"price": {"max": "cheap"}}, "write a date"),
        ({"price": {"maximum": 3}}, "compared by 'maximum'; did you mean 'max'?"),
        ({"price": {}}, "give min, max or both"),
        ({"price": {"min": 1, "not": 3}}, "'not' stands alone"),
        ({"price": {"not": {"not": 3}}}, "'not' inside 'not'"),
        ({"price": True}, "write a number"),
        ({"available": 1}, "write true or false"),
        ({"available": {"min": 0}}, "no min and max"),
        ({"category": 7}, "category is asked for 7: write a value like 'Books'"),
        ({"category": []}, "any of no values"),
        ({"category": [["Books"]]}, "write text, a number"),
        ({"category": {"min": "A"}}, "compare numbers, and dates"),
        ({"item_id": {"min": "i1"}}, "ids, which have no min"),
        ({}, "the filter is empty"),
        ("Books", "a filter is a table"),
    ],
)
def test_a_wrong_filter_is_told(shop, tests, says):
    with pytest.raises(UsageError) as told:
        filter_of(tests, shop.fields())
    assert says in str(told.value)


def test_a_column_of_records_cannot_be_asked():
    fields = ItemFields(IdMap(["a"]), {"size": [{"width": 3}]})
    with pytest.raises(UsageError, match="size holds neither numbers"):
        filter_of({"size": 3}, fields)


def test_a_filter_says_itself_in_words(shop):
    tests = {"category": ["Books", "Toys"], "price": {"max": 20}, "seller": {"not": "ann"}}
    assert str(filter_of(tests, shop.fields())) == (
        "category is 'Books' or 'Toys' and price is at most 20 and not (seller is 'ann')"
    )


SIMPLE = {
    "category": st.sampled_from(["Books", "Toys", "Games", "Shoes"]),
    "tags": st.sampled_from(["new", "red", "blue", "grey"]),
    "seller": st.sampled_from(["ann", "bob", "cy"]),
    "price": st.sampled_from([1.0, 5.0, 8.0, 12.5, 30.0, 31.0]),
    "available": st.booleans(),
}


@st.composite
def filters(draw):
    names = draw(st.lists(st.sampled_from(sorted(SIMPLE)), min_size=1, max_size=3, unique=True))
    found = {}
    for name in names:
        one = SIMPLE[name]
        tests = st.one_of(one, st.lists(one, min_size=1, max_size=3), st.none())
        if name == "price":
            bounds = st.fixed_dictionaries({"min": one}, optional={"max": one})
            tests = st.one_of(tests, bounds)
        found[name] = draw(st.one_of(tests, tests.map(lambda test: {"not": test})))
    return found


@settings(max_examples=60)
@given(tests=filters(), rows=st.lists(st.integers(0, 7), max_size=8))
def test_filters_agree_with_plain_python(shop, tests, rows):
    made = filter_of(tests, shop.fields())
    whole = [shop.passes(code, tests) for code in range(8)]
    assert made.mask().tolist() == whole
    assert made.mask(np.array(rows, int)).tolist() == [whole[row] for row in rows]
