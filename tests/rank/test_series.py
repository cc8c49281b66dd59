"""A column of a table is the same as one of its plain values."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.core import IdMap
from penchant.rank import ItemFields
from penchant.rank.columns import column_of

SERIES = [
    pl.Series("c", [1, None, 3]),
    pl.Series("c", [2**60 + 1, None, -3]),
    pl.Series("c", [1.5, None, float("nan"), float("inf")]),
    pl.Series("c", [True, None, False]),
    pl.Series("c", [date(2026, 1, 31), None, date(1900, 1, 1)]),
    pl.Series(
        "c",
        [datetime(2026, 1, 31, 5, 6, 7, 89, tzinfo=UTC).replace(tzinfo=None), None],
        pl.Datetime("ns"),
    ),
    pl.Series("c", [datetime(2026, 7, 1, 5, tzinfo=UTC), None], pl.Datetime("ms", "Europe/Paris")),
    pl.Series("c", ["War", None, " War", "", " ", "Peace|War"]),
    pl.Series("c", [None, None], pl.String),
    pl.Series("c", [None, None]),
    pl.Series("c", [], pl.Int64),
    pl.Series("c", [["War"], None, [], ["War", "Peace"]]),
    pl.Series("c", ["1.5", None], pl.Decimal(10, 2), strict=False),
    pl.Series("c", [b"x", None]),
]


def parts(column) -> tuple[object, ...]:
    """A column as values that compare."""
    if hasattr(column, "values"):
        return type(column), column.kind, [repr(value) for value in column.values.tolist()]
    if hasattr(column, "sets"):
        return type(column), column.words, column.sets, column.code.tolist(), column.number
    return type(column), column.items


@pytest.mark.parametrize("separator", [None, "|"])
@pytest.mark.parametrize("number", range(len(SERIES)))
def test_a_series_is_read_as_its_plain_values_are(number, separator):
    values = SERIES[number]
    assert parts(column_of("c", values, separator)) == parts(
        column_of("c", values.to_list(), separator)
    )


@given(st.lists(st.one_of(st.none(), st.text(max_size=3))), st.sampled_from([None, "|", " "]))
def test_texts_of_a_series_are_the_same_words(texts, separator):
    made = column_of("c", pl.Series("c", texts, pl.String), separator)
    assert parts(made) == parts(column_of("c", texts, separator))


@given(
    st.lists(st.sampled_from([None, "a", "b", "c"]), max_size=5),
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from([None, "a", "c", "d", 5])), max_size=9),
)
def test_a_put_finds_the_same_column_made_before_it_or_after(texts, puts):
    ids = IdMap(map(str, range(6)))
    texts = [*texts, "a", *[None] * 5][:6]
    before, after = (ItemFields(ids, {"c": pl.Series("c", texts, pl.String)}) for _ in range(2))
    before.column("c")
    for code, value in puts:
        row = {"item_id": str(code), "c": value}
        assert before.problems(row) == after.problems(row)
        before, after = before.with_items([row], ids), after.with_items([row], ids)
    assert np.array_equal(
        before.column("c").missing()(slice(None)), after.column("c").missing()(slice(None))
    )
    for word in "acd":
        holds = [fields.column("c").any_of([word])(slice(None)) for fields in (before, after)]
        assert np.array_equal(*holds)


def test_texts_are_not_looked_at_to_know_what_a_column_takes():
    fields = ItemFields(IdMap("ab"), {"title": pl.Series("title", ["Alien", "Heat"])})
    assert fields.problems({"item_id": "c", "title": "Ran"}) == ()
    assert fields.problems({"item_id": "c", "title": {"no": 1}})[0].endswith("as other items have.")
    assert not fields._made
