"""What a data set looks like."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from penchant import data
from penchant.core import UsageError

EVENTS = pl.DataFrame(
    {
        "user_id": ["u1", "u1", "u1", "u2", "u2", "u2"],
        "item_id": ["a", "b", "a", "a", "c", "b"],
        "timestamp": np.arange(6) * 86_400,
        "event": ["click", "click", "buy", "click", "click", "click"],
        "value": [1, 5, 5, 5, None, None],
    }
)
ITEMS = pl.DataFrame({"item_id": ["a", "b", "c", "d"], "title": ["Alien", "Heat", None, "Up"]})


def test_the_page_fits_80_columns_whatever_the_data():
    kinds = pl.Series(
        "event", ["click", "a kind of event with a name that goes on and on and on " * 2] * 3
    )
    long = {f"a_column_of_text_with_a_long_name_{n}": ["some words"] * 4 for n in range(6)}
    whole = pl.concat([EVENTS.with_columns(kinds)] * 2)
    shape = data.read(
        whole, ITEMS.with_columns(**{k: pl.lit("some words") for k in long})
    ).describe()
    assert shape.notes
    assert max(map(len, str(shape).splitlines())) <= 80


@pytest.fixture
def shape():
    return data.read(EVENTS, ITEMS).describe()


def test_counts(shape):
    assert (shape.users, shape.items, shape.events) == (2, 4, 6)
    assert shape.kinds == {"click": 5, "buy": 1}
    assert shape.density == 5 / 8  # distinct pairs
    assert shape.repeats == 1 / 6
    assert shape.items_without_events == 1
    assert shape.items_with_text == 3
    assert (shape.first, shape.last) == ("1970-01-01", "1970-01-06")
    assert shape.values == {"1": 1, "5": 3}
    assert shape.popularity == (3, 2, 1, 0)
    assert shape.top_tenth == 0.5  # one of four items
    assert sum(shape.activity) == 6


def test_gini_is_the_mean_difference_of_all_pairs_over_twice_the_mean(shape):
    counts = np.array(shape.popularity)
    differences = np.abs(counts[:, None] - counts[None, :]).mean()
    assert shape.gini == pytest.approx(differences / (2 * counts.mean()))


def test_spreads_count_everything_once(shape):
    assert shape.user_events.bins == {"2-3": 2}
    assert shape.item_events.bins == {"1": 1, "2-3": 2}
    assert (shape.item_events.median, shape.item_events.mean, shape.item_events.most) == (2, 2, 3)
    assert shape.text_length.bins == {"2-4": 2, "5": 1}


def test_the_page_says_it_in_words_and_bars(shape):
    lines = str(shape).splitlines()
    assert lines[0] == "data: 2 users, 4 items, 6 events"
    assert lines[1] == "from 1970-01-01 to 1970-01-06"
    assert "  click  5  " + "█" * 40 in lines
    assert "    buy  1  " + "█" * 8 in lines


def test_json_is_plain_values(shape):
    document = json.loads(json.dumps(shape.to_json()))
    assert document["events"] == 6
    assert document["user_events"]["bins"] == {"2-3": 2}
    assert "popularity" not in document


@pytest.mark.parametrize("ending", [".png", ".svg"])
def test_the_picture_is_the_same_every_time(ending, shape, tmp_path):
    for name in ("one", "two"):
        shape.picture(tmp_path / f"{name}{ending}")
    content = (tmp_path / f"one{ending}").read_bytes()
    assert content == (tmp_path / f"two{ending}").read_bytes()
    assert content.startswith(b"\x89PNG" if ending == ".png" else b"<?xml")


def test_a_picture_needs_a_known_ending(shape, tmp_path):
    with pytest.raises(UsageError, match=r"name it \.png or \.svg"):
        shape.picture(tmp_path / "shape.jpg")


def test_data_without_times_or_text_can_be_described_and_drawn(tmp_path):
    events = EVENTS.select("user_id", "item_id", position=pl.int_range(6))
    shape = data.read(events, ITEMS.select("item_id")).describe()
    assert (shape.first, shape.activity, shape.values) == (None, (), {})
    assert "no times: the order of events is given by position" in str(shape)
    shape.picture(tmp_path / "shape.png")
    assert (tmp_path / "shape.png").stat().st_size > 1000
