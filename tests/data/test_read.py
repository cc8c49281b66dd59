"""Any source gives the same data set."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from penchant import data

EVENTS = pl.DataFrame(
    {
        "user_id": ["u2", "u1", "u2", "u1"],
        "item_id": ["007", "a", "b", "b"],
        "timestamp": [30, 20, 10, 20],
        "event": ["click", "buy", "click", "click"],
        "value": [1.5, None, 2.0, 3.0],
    }
)
ITEMS = pl.DataFrame({"item_id": ["a", "b", "007"], "title": ["Alien", "Heat", "Dr. No"]})


def written(frame, path):
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    if plain.suffix == ".parquet":
        frame.write_parquet(plain)
    elif plain.suffix == ".jsonl":
        frame.write_ndjson(plain)
    else:
        separator = "\t" if plain.suffix == ".tsv" else ";" if "semicolon" in plain.name else ","
        frame.write_csv(plain, separator=separator)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(plain.read_bytes()))
    return path


@pytest.mark.parametrize(
    "ending",
    [".csv", ".tsv", "-semicolon.csv", ".jsonl", ".parquet", ".csv.gz", ".jsonl.gz", ".parquet.gz"],
)
def test_every_format_gives_the_same_data(ending, tmp_path):
    read = data.read(
        written(EVENTS, tmp_path / f"events{ending}"), written(ITEMS, tmp_path / f"items{ending}")
    )
    assert read.digest == data.read(EVENTS, ITEMS).digest


@pytest.mark.parametrize("library", ["pandas", "pyarrow", "lazy"])
def test_every_frame_gives_the_same_data(library):
    convert = {"pandas": pl.DataFrame.to_pandas, "pyarrow": pl.DataFrame.to_arrow}.get(
        library, pl.DataFrame.lazy
    )
    assert data.read(convert(EVENTS), convert(ITEMS)).digest == data.read(EVENTS, ITEMS).digest


def test_events_of_a_user_stand_in_the_order_of_time_then_of_the_file():
    made = data.read(EVENTS, ITEMS).interactions
    assert made.users.ids == ("u2", "u1")  # first appearance
    assert made.items.ids == ("a", "b", "007")  # the catalogue's order
    assert [made.items.names(made.events.items_of(row)) for row in (0, 1)] == [
        ["b", "007"],
        ["a", "b"],
    ]
    assert made.events.time.tolist() == [10, 30, 20, 20]
    assert [made.kinds[kind] for kind in made.events.kind] == ["click", "click", "buy", "click"]
    np.testing.assert_array_equal(made.events.value, np.float32([2.0, 1.5, np.nan, 3.0]))
    assert made.timed


def test_positions_order_events_where_there_are_no_times():
    frame = EVENTS.rename({"timestamp": "position"})
    made = data.read(frame, ITEMS).interactions
    assert made.events.time.tolist() == [10, 30, 20, 20]
    assert not made.timed


def test_ids_stay_as_they_are_written(tmp_path):
    assert "007" in data.read(written(EVENTS, tmp_path / "events.csv"), ITEMS).interactions.items


def test_whole_numbers_are_ids_too():
    events = pl.DataFrame({"user_id": [1], "item_id": [7], "timestamp": [1]})
    made = data.read(events, pl.DataFrame({"item_id": [7]})).interactions
    assert (made.users.ids, made.items.ids) == (("1",), ("7",))


def test_other_names_of_columns():
    theirs = EVENTS.rename({"user_id": "userId", "item_id": "movieId"})
    read = data.read(theirs, ITEMS, columns={"userId": "user_id", "movieId": "item_id"})
    assert read.digest == data.read(EVENTS, ITEMS).digest


@pytest.mark.parametrize(
    "times",
    [
        ["2020-01-01T00:00:00Z", "2020-01-02 00:00:00"],
        ["2020-01-01", "2020-01-02T02:00:00+02:00"],
        ["1577836800", "1577923200.0"],
        [1577836800, 1577923200],
        [1577836800_000, 1577923200_000],
        [1577836800_000_000, 1577923200_000_000],
        [1577836800_000_000_000, 1577923200_000_000_000],
        [datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC)],
        [datetime(2020, 1, 1), datetime(2020, 1, 2)],  # noqa: DTZ001 - without zone: UTC
    ],
)
def test_times_in_many_forms_are_seconds(times):
    events = pl.DataFrame({"user_id": ["u", "u"], "item_id": ["a", "b"], "timestamp": times})
    made = data.read(events, ITEMS).interactions
    assert made.events.time.tolist() == [1577836800.0, 1577923200.0]


def test_milliseconds_are_noted():
    events = pl.DataFrame({"user_id": ["u"], "item_id": ["a"], "timestamp": [1577836800_000]})
    assert data.read(events, ITEMS).notes == (
        "events frame: timestamp holds milliseconds; divided by 1,000.",
    )


def test_exact_copies_count_once_and_repeats_at_other_times_stay():
    events = pl.DataFrame(
        {"user_id": ["u"] * 4, "item_id": ["a"] * 4, "timestamp": [1, 1, 2, 1]}
    ).with_columns(event=pl.Series(["click", "click", "click", "buy"]))
    read = data.read(events, ITEMS)
    assert len(read.interactions) == 3
    assert read.notes == ("events frame: dropped 1 exact copy of events.",)


def test_unknown_items_are_dropped_and_counted_on_request():
    strange = pl.DataFrame({"user_id": ["u", "u"], "item_id": ["x", "y"], "timestamp": [1, 2]})
    events = pl.concat([EVENTS.select(strange.columns), strange])
    read = data.read(events, ITEMS, unknown_items="drop")
    assert len(read.interactions) == 4
    assert read.notes == ("events frame: dropped 2 events of 2 items outside the catalogue.",)


def test_items_without_text_are_counted():
    items = ITEMS.with_columns(title=pl.Series(["Alien", "", " "]))
    read = data.read(EVENTS, items)
    assert read.notes == ("items frame: 2 items without text: 'b', '007'.",)
    assert read.catalogue.titles == ("Alien", "b", "007")


def test_a_repeated_item_with_the_same_text_is_dropped_and_counted():
    read = data.read(EVENTS, pl.concat([ITEMS, ITEMS[:1]]))
    assert read.catalogue.items.ids == ("a", "b", "007")
    assert read.notes == ("items frame: dropped 1 repeated line of items.",)


def test_other_encodings(tmp_path):
    path = tmp_path / "items.csv"
    path.write_bytes("item_id,title\na,Amélie\nb,爱\n007,x\n".encode("gb18030"))
    assert data.read(EVENTS, path, encoding="gb18030").catalogue.titles[:2] == ("Amélie", "爱")


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    path = tmp_path / "items.csv"
    path.write_bytes("\ufeffitem_id,title\r\na,Alien\r\nb,Heat\r\n007,Dr. No\r\n".encode())
    assert data.read(EVENTS, path).digest == data.read(EVENTS, ITEMS).digest


def test_quotes_within_fields_are_taken_as_python_takes_them(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text('item_id,title\na,Al"ien\nb,"He said ""Heat"""\n007,"x, y"\n')
    assert data.read(EVENTS, path).catalogue.titles == ('Al"ien', 'He said "Heat"', "x, y")


def test_json_lines_may_mix_types_and_skip_keys(tmp_path):
    path = tmp_path / "items.jsonl"
    path.write_text(
        '{"item_id": 1, "title": "Alien", "tags": ["a", "b"]}\n\n'
        '{"item_id": "2", "title": 1984, "tags": "c", "score": NaN}\n'
    )
    events = pl.DataFrame({"user_id": ["u"], "item_id": ["1"], "timestamp": [1]})
    read = data.read(events, path, template="{title}: {tags}")
    assert read.catalogue.items.ids == ("1", "2")
    assert read.catalogue.texts == ("Alien: a, b", "1984: c")


def test_users_come_along():
    users = pl.DataFrame({"user_id": ["u1", "u2"], "age": [30, 40]})
    assert data.read(EVENTS, ITEMS, users).users.equals(users)


def test_a_k_core_leaves_users_and_items_with_enough_events():
    pairs = [("u1", "a"), ("u1", "b"), ("u2", "a"), ("u2", "b"), ("u3", "b"), ("u3", "c")]
    events = pl.DataFrame(
        [(user, item, place) for place, (user, item) in enumerate(pairs)],
        ["user_id", "item_id", "position"],
        orient="row",
    )
    items = pl.DataFrame({"item_id": ["c", "b", "a", "d"], "title": ["C", "B", "A", "D"]})
    read = data.read(events, items, k_core=2)
    made = read.interactions
    assert (made.users.ids, made.items.ids) == (("u1", "u2"), ("b", "a"))
    assert read.catalogue.titles == ("B", "A")
    assert read.catalogue.table["item_id"].to_list() == ["b", "a"]
    assert [made.items.names(made.events.items_of(row)) for row in (0, 1)] == [["a", "b"]] * 2
    assert read.notes == ("k_core=2 dropped 2 events, 1 user and 2 items.",)


def test_all_of_two_hundred_thousand_events_are_read(shared):
    assert len(data.open_folder(shared("amazon-beauty-2014")).interactions) == 198_502
