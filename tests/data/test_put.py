"""Items put into a catalogue one by one."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penchant
from penchant.core import UsageError
from penchant.data import put_items, read_items

ROWS = [
    {
        "item_id": "a",
        "title": "Alien",
        "genres": ["Horror"],
        "price": 3,
        "made": datetime(1979, 5, 25, tzinfo=UTC),
    },
    {"item_id": "b", "title": "Heat", "genres": ["Crime", "Drama"], "price": 4, "made": None},
]


@pytest.fixture
def catalogue():
    return read_items(pl.DataFrame(ROWS), "{title}. {genres}")


def test_a_new_item_is_read_by_the_template_of_the_others(catalogue):
    more, codes = put_items(catalogue, [{"item_id": "c", "title": "Big", "genres": ["Comedy"]}])
    assert codes.tolist() == [2]
    assert more.items.ids == ("a", "b", "c")
    assert more.texts == (*catalogue.texts, "Big. Comedy")
    assert more.titles[2] == "Big"
    assert more.table["price"].to_list() == [3, 4, None]
    assert len(catalogue) == 2


def test_a_row_takes_the_place_of_all_that_was_known_of_an_item(catalogue):
    row = {"item_id": "a", "title": "Alien", "genres": ["Horror", "Space"]}
    more, codes = put_items(catalogue, [row])
    assert codes.tolist() == [0]
    assert more.texts == ("Alien. Horror, Space", "Heat. Crime, Drama")
    assert more.table["price"].to_list() == [None, 4]
    assert more.table["item_id"].to_list() == ["a", "b"]


def test_a_field_can_be_emptied(catalogue):
    more, _ = put_items(catalogue, [{"item_id": "a", "title": "Alien", "genres": None}])
    assert more.texts[0] == "Alien"


def test_of_several_rows_of_an_item_the_last_counts(catalogue):
    rows = [{"item_id": "c", "title": "Big", "price": 2}, {"item_id": "c", "title": "Bigger"}]
    more, codes = put_items(catalogue, rows)
    assert codes.tolist() == [2]
    assert more.table.row(2, named=True)["price"] is None
    assert more.texts[2] == "Bigger"


def test_a_new_field_becomes_a_column(catalogue):
    more, _ = put_items(catalogue, [{"item_id": "b", "colour": "red"}])
    assert more.table["colour"].to_list() == [None, "red"]


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("price", 3.5, 3.5),
        ("price", "cheap", None),
        ("price", [1, 2], None),
        ("price", 10**30, 1e30),
        ("genres", [], []),
        ("genres", "Horror", None),
        ("genres", ["Horror", None], ["Horror", None]),
        ("made", "1995-12-15T00:00:00Z", datetime(1995, 12, 15, tzinfo=UTC)),
        ("made", "soon", None),
        ("title", 7, "7"),
        ("title", {"en": "x"}, None),
    ],
)
def test_values_take_the_kind_of_their_column_or_are_missing(catalogue, field, value, kept):
    more, _ = put_items(catalogue, [{"item_id": "c", field: value}])
    found = more.table[field].to_list()[2]
    assert found == kept or (kept is None and field == "title")
    assert more.table[field].to_list()[:2] == catalogue.table[field].to_list()


def test_a_template_may_name_columns_that_nobody_has(catalogue):
    from dataclasses import replace

    wide = replace(catalogue, template="{title}. {description}")
    more, _ = put_items(wide, [{"item_id": "c", "title": "Big", "description": "A boy grows"}])
    assert more.texts[2] == "Big. A boy grows"
    more, _ = put_items(wide, [{"item_id": "c", "title": "Big"}])
    assert more.texts[2] == "Big"


@pytest.mark.parametrize("row", [{}, {"item_id": ""}, {"item_id": 7}, {"item_id": None}])
def test_a_row_without_an_id_is_refused(catalogue, row):
    with pytest.raises(UsageError, match="item_id"):
        put_items(catalogue, [row])


def test_nothing_put_changes_nothing(catalogue):
    more, codes = put_items(catalogue, [])
    assert (more.items.ids, more.texts, len(codes)) == (catalogue.items.ids, catalogue.texts, 0)
    assert more.table.equals(catalogue.table)


ITEMS = st.sampled_from(["a", "b", "c", "d", "e"])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["Alien", "Heat", "Big", ""]),
        "genres": st.lists(st.sampled_from(["Drama", "Crime"]), max_size=2),
        "price": st.one_of(st.integers(0, 9), st.floats(0, 9, allow_nan=False)),
    },
)


@given(st.lists(st.tuples(ITEMS, FIELDS), max_size=6))
def test_one_by_one_is_the_same_as_all_at_once(puts):
    catalogue = read_items(pl.DataFrame(ROWS[:1]).drop("made"), "{title}. {genres}")
    rows = [{"item_id": item} | fields for item, fields in puts]
    whole, _ = put_items(catalogue, rows)
    step = catalogue
    for row in rows:
        step, _ = put_items(step, [row])
    assert (step.items.ids, step.texts, step.titles) == (whole.items.ids, whole.texts, whole.titles)
    assert step.table["price"].to_list() == whole.table["price"].to_list()
    assert penchant.PenchantError  # no other error


def test_a_put_leaves_the_rest_of_the_memory_where_it_is(catalogue):
    """So that an item among a million costs milliseconds; after many the pieces are joined."""
    name = catalogue.items.name(0)
    first, _ = put_items(catalogue, [{"item_id": "new", "title": "New"}])
    again, _ = put_items(first, [{"item_id": name, "title": "Other"}])
    assert first.items.ids._room is catalogue.items.ids._room
    assert first.texts._room is not catalogue.texts
    assert again.items.ids._room is first.items.ids._room
    most = 0
    for number in range(100):
        again, _ = put_items(again, [{"item_id": name, "title": f"Title {number}"}])
        most = max(most, *again.table.n_chunks("all"))
    assert most <= 64
    assert again.titles[0] == "Title 99"
    assert again.table["item_id"].to_list() == list(again.items)
