"""Bad files and calls, each with the message it must give: what is wrong, where, and what to do."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from penchant import data
from penchant.core import DataError, PenchantError, UsageError

EVENTS = "user_id,item_id,timestamp\nu,a,1\nu,b,2\n"
ITEMS = "item_id,title\na,Alien\nb,Heat\n"
NOW = 1_700_000_000.0
TIME = "Write seconds since 1970 or ISO 8601, such as 2024-05-31T18:00:00Z."
PACKED = gzip.compress((EVENTS * 2000).encode())


@dataclass(frozen=True)
class Case:
    """Files beside a good ``events.csv`` and ``items.csv``, the call, and what it must say."""

    name: str
    says: str
    files: dict[str, str | bytes] = field(default_factory=dict)
    call: dict[str, Any] = field(default_factory=dict)
    error: type[PenchantError] = DataError


FILES = [
    Case(
        "no such file",
        "event.csv: no such file. Did you mean events.csv?",
        call={"events": "event.csv"},
    ),
    Case(
        "no such folder",
        "nowhere/e.csv: no such file. The folder nowhere does not exist either.",
        call={"events": "nowhere/e.csv"},
    ),
    Case(
        "a folder",
        "logs: a folder, not a file; it holds x.csv. Name one file in it.",
        {"logs/x.csv": EVENTS},
        {"events": "logs"},
    ),
    Case(
        "an empty file", "events.csv: the file is empty. Write the data again.", {"events.csv": ""}
    ),
    Case(
        "blank lines only",
        "items.csv: the file is empty. Write the data again.",
        {"items.csv": "\n \n"},
    ),
    Case(
        "a header only",
        "events.csv: a header and no rows. Write the data again, with its rows.",
        {"events.csv": "user_id,item_id,timestamp\n"},
    ),
    Case(
        "a truncated gzip",
        f"events.csv.gz: the gzip file is cut short after {len(PACKED) - 20} bytes. "
        "Copy or download it again.",
        {"events.csv.gz": PACKED[:-20]},
        {"events": "events.csv.gz"},
    ),
    Case(
        "a damaged gzip",
        "events.csv.gz: the gzip file is damaged: "
        "Error -3 while decompressing data: invalid distance too far back. "
        "Copy or download it again.",
        {"events.csv.gz": PACKED[:40] + b"xxxxxxx" + PACKED[47:]},
        {"events": "events.csv.gz"},
    ),
    Case(
        "no gzip",
        "events.csv.gz: named .gz but not gzip. Rename it, or pack it with gzip.",
        {"events.csv.gz": EVENTS},
        {"events": "events.csv.gz"},
    ),
    Case(
        "latin-1",
        "items.csv:3: byte 0xe9 is not utf-8 text. "
        "Pass encoding='latin-1' if that is how it was written, or save the file as UTF-8.",
        {"items.csv": "item_id,title\na,Alien\nb,Amélie\n".encode("latin-1")},
    ),
    Case(
        "utf-16",
        "items.csv:1: the text is utf-16, not utf-8. Pass encoding='utf-16'.",
        {"items.csv": ITEMS.encode("utf-16")},
    ),
    Case(
        "not the encoding it was said to be",
        "items.csv:2: byte 0xc3 is not ascii text. "
        "Pass encoding='utf-8' if that is how it was written, or save the file as UTF-8.",
        {"items.csv": "item_id,title\nb,Amélie\n"},
        {"encoding": "ascii"},
    ),
    Case(
        "zero bytes",
        "events.csv:2: a zero byte: this is no text. Check which file this is.",
        {"events.csv": b"user_id\n\x00\x01\x02"},
    ),
    Case(
        "a spreadsheet",
        "events.xlsx: unknown format '.xlsx'. "
        "Save it as one of .csv, .tsv, .jsonl, .ndjson, .parquet, packed as .gz or not.",
        {"events.xlsx": b"PK\x03\x04"},
        {"events": "events.xlsx"},
    ),
    Case(
        "one JSON document",
        "items.json: unknown format '.json'. Write one object a line, and name it .jsonl.",
        {"items.json": "[]"},
        {"items": "items.json"},
    ),
    Case(
        "no Parquet",
        "events.parquet: not a Parquet file: parquet: File out of specification: "
        "The file must end with PAR1 or PARE. Write or copy it again.",
        {"events.parquet": EVENTS},
        {"events": "events.parquet"},
    ),
]

STRUCTURE = [
    Case(
        "other people's names",
        "events.csv:1: no column 'user_id'; it has userId, movieId, timestamp. "
        "Rename 'userId', or pass columns={'userId': 'user_id'}.\n"
        "events.csv:1: no column 'item_id'; it has userId, movieId, timestamp. "
        "Rename 'movieId', or pass columns={'movieId': 'item_id'}.",
        {"events.csv": "userId,movieId,timestamp\nu,a,2\n"},
    ),
    Case(
        "a misspelt column",
        "events.csv:1: no column 'item_id'; it has user_id, itme_id, timestamp. "
        "Rename 'itme_id', or pass columns={'itme_id': 'item_id'}.",
        {"events.csv": "user_id,itme_id,timestamp\nu,a,2\n"},
    ),
    Case(
        "a catalogue without ids",
        "items.csv:1: no column 'item_id'; it has asin, title. "
        "Rename 'asin', or pass columns={'asin': 'item_id'}.",
        {"items.csv": "asin,title\na,Alien\n"},
    ),
    Case(
        "neither time nor position",
        "events.csv:1: no column 'timestamp' or 'position'; it has user_id, item_id. "
        "Add one: when it happened, or 0, 1, 2, ... for each user.",
        {"events.csv": "user_id,item_id\nu,a\n"},
    ),
    Case(
        "time by another name",
        "events.csv:1: no column 'timestamp' or 'position'; "
        "it has user_id, item_id, unixReviewTime. "
        "Rename 'unixReviewTime', or pass columns={'unixReviewTime': 'timestamp'}.",
        {"events.csv": "user_id,item_id,unixReviewTime\nu,a,2\n"},
    ),
    Case(
        "the same column twice",
        "events.csv:1: column 'user_id' stands 2 times. Rename all but one.",
        {"events.csv": "user_id,user_id,item_id,timestamp\nu,u,a,1\n"},
    ),
    Case(
        "too many fields",
        "events.csv:4: 4 fields where the header has 3 (and 1 more like it). "
        'Put fields with a comma in "quotes".',
        {"events.csv": EVENTS + "u,a,3,4\nu,b,5,6,7\n"},
    ),
    Case(
        "an open quote",
        "items.csv:2: a quote opens here and never closes. Close it, or double it.",
        {"items.csv": 'item_id,title\na,"Alien\nb,Heat\n'},
    ),
    Case(
        "a line cut short",
        'items.jsonl:2: not JSON (Expecting value): {"item_id":. '
        'Write {"key": value} on each line.',
        {"items.jsonl": '{"item_id":"a"}\n{"item_id":\n'},
        {"items": "items.jsonl"},
    ),
    Case(
        "lines that are no objects",
        'items.jsonl:2: not a JSON object: ["b"] (and 1 more like it). '
        'Write {"key": value} on each line.',
        {"items.jsonl": '{"item_id":"a"}\n["b"]\n5\n'},
        {"items": "items.jsonl"},
    ),
    Case(
        "half a surrogate pair",
        'items.jsonl:1: not JSON (cannot be parsed): {"item_id":"a","title":"\\ud800"}. '
        'Write {"key": value} on each line.',
        {"items.jsonl": '{"item_id":"a","title":"\\ud800"}\n'},
        {"items": "items.jsonl"},
    ),
]

VALUES = [
    Case(
        "no user",
        "events.csv:4: no user_id (and 1 more like it). Write the id.",
        {"events.csv": EVENTS + ",a,3\n,b,4\n"},
    ),
    Case("no item", "items.csv:4: no item_id. Write the id.", {"items.csv": ITEMS + ",Up\n"}),
    Case(
        "ids with a decimal point",
        "events frame: user_id holds numbers with a decimal point. "
        "Write ids as text or whole numbers.",
        call={"events": pl.DataFrame({"user_id": [1.5], "item_id": ["a"], "timestamp": [1]})},
    ),
    Case(
        "lists as ids",
        "items.jsonl: item_id holds List(String). Write ids as text or whole numbers.",
        {"items.jsonl": '{"item_id":["a"],"title":"x"}\n'},
        {"items": "items.jsonl"},
    ),
    Case(
        "words for a time",
        f"events.csv:4: timestamp: 'yesterday' is no time (and 1 more like it). {TIME}",
        {"events.csv": EVENTS + "u,a,yesterday\nu,b,soon\n"},
    ),
    Case(
        "not a number for a time",
        f"events.csv:4: timestamp: 'NaN' is no time. {TIME}",
        {"events.csv": EVENTS + "u,a,NaN\n"},
    ),
    Case(
        "a line without its time",
        f"events.csv:4: no timestamp. {TIME}",
        {"events.csv": EVENTS + "u,a\n"},
    ),
    Case(
        "a bad time after a title over two lines and a blank line",
        f"events.csv:7: timestamp: 'x' is no time. {TIME}",
        {
            "events.csv": 'user_id,item_id,note,timestamp\nu,a,"two\nlines",1\n\n'
            "u,a,,3\nu,b,,2\nu,b,,x\n"
        },
    ),
    Case(
        "a bad time after blank lines at the top",
        f"events.csv:5: timestamp: 'x' is no time. {TIME}",
        {"events.csv": "\n\nuser_id,item_id,timestamp\nu,a,1\nu,b,x\n"},
    ),
    Case(
        "a bad time where lines end as in old spreadsheets",
        f"events.csv:3: timestamp: 'x' is no time. {TIME}",
        {"events.csv": "user_id,item_id,timestamp\ru,a,1\ru,b,x\r"},
    ),
    Case(
        "the future",
        "events.csv:4: timestamp: '1900000000' lies in the future. "
        "Today is 2023-11-14; remove the event or mend its time.",
        {"events.csv": EVENTS + "u,a,1900000000\n"},
    ),
    Case(
        "before 1970",
        "events.csv:4: timestamp: '-5' lies before 1970. Remove the event or mend its time.",
        {"events.csv": EVENTS + "u,a,-5\n"},
    ),
    Case(
        "seconds among milliseconds",
        "events.csv:3: timestamp: '1600000001' is not in milliseconds as other times are. "
        "Write all times in seconds.",
        {"events.csv": "user_id,item_id,timestamp\nu,a,1600000000000\nu,b,1600000001\n"},
    ),
    Case(
        "words for a position",
        "events.csv:2: position: 'first' is no number. Write 0, 1, 2, ...",
        {"events.csv": "user_id,item_id,position\nu,a,first\n"},
    ),
    Case(
        "words for a value",
        "events.csv:2: value: 'good' is no number. Write a number, or leave it empty.",
        {"events.csv": "user_id,item_id,timestamp,value\nu,a,1,good\n"},
    ),
    Case(
        "a value that is not a number",
        "events.csv:2: value: 'nan' is no number. Write a number, or leave it empty.",
        {"events.csv": "user_id,item_id,timestamp,value\nu,a,1,nan\n"},
    ),
    Case(
        "unknown items",
        "events.csv:4: item_id: 'c' is not in the catalogue (and 1 more like it). "
        "Add the item, or leave such events out with unknown_items='drop'.",
        {"events.csv": EVENTS + "u,c,3\nu,d,4\n"},
    ),
    Case(
        "one item with two texts",
        "items.csv:4: item_id: 'a' stands here again with other text. Keep one line for each item.",
        {"items.csv": ITEMS + "a,Aliens\n"},
    ),
    Case(
        "one user twice",
        "users.csv:3: user_id: 'u' stands here again. Keep one line each.",
        {"users.csv": "user_id,age\nu,1\nu,2\n"},
        {"users": "users.csv"},
    ),
    Case(
        "nothing left",
        "events.csv: no events are left. "
        "What was left out: events.csv: feedback value >= 9 leaves out 1 event.",
        {"events.csv": "user_id,item_id,timestamp,value\nu,a,1,2\n"},
        {"feedback": "value >= 9"},
    ),
]

CALLS = [
    Case(
        "an unknown encoding",
        "encoding='base64': unknown. Write 'utf-8', 'latin-1', 'gb18030', 'cp1252', ...",
        call={"encoding": "base64"},
        error=UsageError,
    ),
    Case(
        "no source",
        "events: int is neither a path nor a data frame. "
        "Pass a file name or a frame of Polars, pandas or Arrow.",
        call={"events": 5},
        error=UsageError,
    ),
    Case(
        "a misspelt column in a template",
        "template '{titel}': no column 'titel'. Did you mean {title}?",
        call={"template": "{titel}"},
        error=UsageError,
    ),
    Case(
        "a template without columns",
        "template 'title' names no column. Write columns as {title}.",
        call={"template": "title"},
        error=UsageError,
    ),
    Case(
        "a template with an open brace",
        "template '{title': a lone {. Write columns as {title}.",
        call={"template": "{title"},
        error=UsageError,
    ),
    Case(
        "code for feedback",
        "feedback \"__import__('os')\": not understood. Write a kind of event or a column, "
        "such as 'click', 'rating >= 4' or 'purchase * 3'.",
        call={"feedback": "__import__('os')"},
        error=UsageError,
    ),
    Case(
        "a kind of event that is not there",
        "feedback 'clik': no such kind of event or column. Did you mean 'click'?",
        {"events.csv": "user_id,item_id,timestamp,event\nu,a,1,click\n"},
        {"feedback": "clik"},
        UsageError,
    ),
    Case(
        "a weight below zero",
        "feedback 'click * -1': a weight must be above 0.",
        call={"feedback": "click * -1"},
        error=UsageError,
    ),
    Case(
        "values that are not there",
        "feedback 'event': its events have no numbers to compare. "
        "Give them in a column 'value', or write 'event' alone.",
        call={"feedback": "event >= 3"},
        error=UsageError,
    ),
    Case(
        "a negative k-core",
        "k_core=-1: write 0 for no filter, or a number of events such as 5.",
        call={"k_core": -1},
        error=UsageError,
    ),
    Case(
        "another way with unknown items",
        "unknown_items='ignore': write 'error' or 'drop'.",
        call={"unknown_items": "ignore"},
        error=UsageError,
    ),
    Case(
        "a column to rename that is not there",
        "columns: no table has a column 'usr'.",
        call={"columns": {"usr": "user_id"}},
        error=UsageError,
    ),
]

CASES = [*FILES, *STRUCTURE, *VALUES, *CALLS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_reading_says_what_is_wrong_where_and_what_to_do(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, content in {"events.csv": EVENTS, "items.csv": ITEMS, **case.files}.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    call = {"events": "events.csv", "items": "items.csv", "now": NOW, **case.call}

    with pytest.raises(PenchantError) as caught:
        data.read(**call)

    assert str(caught.value) == case.says
    assert type(caught.value) is case.error


def test_everything_wrong_is_said_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("events.csv").write_text("user_id,item_id,timestamp,value\n,a,1,1\nu,zz,x,y\nu,a,-1,\n")
    Path("items.csv").write_text(ITEMS + "a,Other\n")

    with pytest.raises(DataError) as caught:
        data.read("events.csv", "items.csv")

    found = [(p.where, p.line, p.what.split(":")[0]) for p in caught.value.problems]
    assert found == [
        ("events.csv", 2, "no user_id"),
        ("events.csv", 3, "timestamp"),
        ("events.csv", 3, "value"),
        ("events.csv", 3, "item_id"),
        ("events.csv", 4, "timestamp"),
        ("items.csv", 4, "item_id"),
    ]


@pytest.mark.parametrize(
    ("protocol", "says"),
    [
        ("leave-one-out", "no such protocol. Did you mean leave-last-out?"),
        ("time:x", "needs a number, such as time:0.1."),
        ("time", "needs a number, such as time:0.1."),
        ("ratio:2", "the share must lie between 0 and 1."),
        ("ratio:nan", "the share must lie between 0 and 1."),
        ("few-shot:inf", "needs a whole number from 1, such as few-shot:5."),
        ("few-shot:nan", "needs a whole number from 1, such as few-shot:5."),
        ("few-shot:0.5", "needs a whole number from 1, such as few-shot:5."),
        ("leave-last-out:3", "leave-last-out takes no number."),
    ],
)
def test_a_bad_split_is_refused(protocol, says):
    events = pl.DataFrame({"user_id": ["u"], "item_id": ["a"], "timestamp": [1]})
    dataset = data.read(events, pl.DataFrame({"item_id": ["a"]}))
    with pytest.raises(UsageError) as caught:
        dataset.split(protocol)
    assert str(caught.value) == f"split {protocol!r}: {says}"


def test_a_split_by_time_needs_times():
    events = pl.DataFrame({"user_id": ["u"], "item_id": ["a"], "position": [1]})
    dataset = data.read(events, pl.DataFrame({"item_id": ["a"]}))
    with pytest.raises(UsageError, match="needs times; this data set has positions only"):
        dataset.split("time:0.1")
