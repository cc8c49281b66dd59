"""What real files and frames hold besides the usual: read all the same, or refused in words."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import polars as pl
import pytest

import penchant
from penchant import data
from penchant.core import DataError, UsageError
from penchant.data import files, problems

ITEMS = pl.DataFrame({"item_id": ["a", "b", "c"], "title": ["Alien", "Heat", "Up"]})
EVENTS = pl.DataFrame({"user_id": ["u"], "item_id": ["a"], "timestamp": [1]})


def events(**columns):
    rows = len(next(iter(columns.values())))
    return pl.DataFrame({"user_id": ["u"] * rows, "item_id": ["a", "b", "c"][:rows], **columns})


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-31",
        "2024-05-31 00:00",
        "2024-05-31T00:00",
        "2024-05-31T00:00Z",
        "2024-05-31T08:00+08:00",
        "2024-05-31T08:00:00+08:00",
        "2024-05-31 00:00:00.000",
        "1717113600",
    ],
)
def test_times_in_every_usual_form(text):
    made = data.read(events(timestamp=[text]), ITEMS)
    assert made.interactions.events.time.tolist() == [1_717_113_600.0]


def test_times_with_a_zone_are_the_same_moment():
    there = pl.Series([datetime(2024, 5, 31, 8)]).dt.replace_time_zone("Asia/Shanghai")  # noqa: DTZ001
    made = data.read(events(timestamp=there), ITEMS)
    assert made.interactions.events.time.tolist() == [1_717_113_600.0]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"timestamp": [timedelta(days=1)]}, "timestamp holds Duration"),
        ({"timestamp": [time(3)]}, "timestamp holds Time"),
        ({"timestamp": [[1]]}, "timestamp holds List"),
        ({"timestamp": [20240531, 20231224]}, "20240531 looks like a date"),
        (
            {"timestamp": [10**9, 10**9 + 1, 10**12]},
            "3: timestamp: 1000000000000 lies in the future",
        ),
        ({"position": [[1]]}, "position holds List"),
        ({"position": [1], "event": [["click"]]}, "event holds List"),
        ({"position": [1], "value": [{"stars": 5}]}, "value holds Struct"),
    ],
)
def test_columns_that_are_none_are_refused_once(column, words):
    with pytest.raises(DataError) as caught:
        data.read(events(**column), ITEMS)
    assert words in str(caught.value)
    assert len(caught.value.problems) == 1


def test_thousands_of_kinds_are_a_mistake():
    many = pl.DataFrame(
        {"user_id": "u", "item_id": "a", "position": range(1001), "event": map(str, range(1001))}
    )
    with pytest.raises(DataError, match="event holds 1,001 kinds of events"):
        data.read(many, ITEMS)


def test_an_empty_value_is_no_value():
    made = data.read(events(position=[1, 2], value=["", "3"]), ITEMS)
    assert str(made.interactions.events.value.tolist()) == "[nan, 3.0]"


def test_two_columns_cannot_become_one():
    with pytest.raises(UsageError, match="'position' and 'x' cannot both be 'timestamp'"):
        data.read(
            events(position=[1], x=[1]), ITEMS, columns={"position": "timestamp", "x": "timestamp"}
        )


def test_frames_that_cannot_be_taken_over_are_refused_in_words():
    import pandas as pd

    with pytest.raises(UsageError, match=r"events: the pandas frame cannot be taken over: .*int"):
        data.read(pd.DataFrame({"user_id": ["u", 1]}), ITEMS)
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(UsageError, match=r"[^.]\. Give each column a name of its own"):
        data.read(twice, ITEMS)


@pytest.mark.parametrize("name", ["genre:token", "meta.genre", "genre!", "[genre]", "流派", "a b"])
def test_columns_of_any_name_are_text(name):
    items = pl.DataFrame({"item_id": ["a"], "title": ["Alien"], name: ["Horror"]})
    assert data.read(EVENTS, items).catalogue.texts == ("Alien. Horror",)
    one = data.read(EVENTS, items, template="{{{" + name + "}}}")
    assert one.catalogue.texts == ("{Horror}",)


def test_a_column_with_braces_in_its_name_is_left_alone():
    items = pl.DataFrame({"item_id": ["a"], "title": ["Alien"], "{x}": ["Horror"]})
    assert data.read(EVENTS, items).catalogue.texts == ("Alien",)


@pytest.mark.parametrize(
    "odd",
    [
        pl.Series([float("inf")] * 2),
        pl.Series([1e300] * 2),
        pl.Series([b"\xff\xd8"] * 2),
        pl.Series([{"bytes": b"\xff\xd8"}] * 2),
        pl.Series([[b"\xff\xd8"]] * 2),
    ],
)
def test_pictures_and_infinite_numbers_do_no_harm(odd, tmp_path):
    items = pl.DataFrame({"item_id": ["a", "a"], "title": ["Alien"] * 2, "odd": odd})
    made = data.read(EVENTS, items)
    assert made.catalogue.texts == ("Alien",)
    assert made.notes == ("items frame: dropped 1 repeated line of items.",)


@pytest.mark.parametrize(
    "odd",
    [
        pl.Series([{}], dtype=pl.Struct([])),
        pl.Series([[{}]], dtype=pl.List(pl.Struct([]))),
        pl.Series([object()], dtype=pl.Object),
    ],
)
def test_what_no_file_can_hold_is_left_out_before_hours_of_training(odd, tmp_path):
    items = pl.DataFrame({"item_id": ["a"], "title": ["Alien"], "odd": odd})
    made = data.read(EVENTS, items)
    assert made.notes == ("items frame: left out 'odd': nothing in there can be stored.",)
    penchant.Popularity().fit(made).save(tmp_path / "run")
    assert penchant.load(tmp_path / "run").catalogue.table.columns == ["item_id", "title"]


def test_feedback_on_a_column_of_lists_is_refused():
    with pytest.raises(UsageError, match="the column holds List"):
        data.read(events(position=[1], tags=[["x"]]), ITEMS, feedback="tags > 3")


@pytest.mark.parametrize("piece", [4, 5, 7, 1 << 24])
def test_long_files_are_checked_a_piece_at_a_time(piece, monkeypatch):
    monkeypatch.setattr(files, "PIECE", piece)
    good = "a\né雨😀\n".encode() * 3
    found = problems.Problems()
    assert files.text(good, "x.csv", "utf-8", found) == good
    assert found.found == []
    assert files.text(good + b"\x80\n", "x.csv", "utf-8", found) is None
    assert str(found.found[0]).startswith("x.csv:7: byte 0x80 is not utf-8 text")
