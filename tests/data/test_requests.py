"""Requests and candidates from files."""

from __future__ import annotations

import gzip

import polars as pl
import pytest

from penchant import data
from penchant.core import DataError


@pytest.fixture
def catalogue():
    events = pl.DataFrame({"user_id": ["u"], "item_id": ["a"], "position": [0]})
    return data.read(events, pl.DataFrame({"item_id": ["a", "b"]})).catalogue


def test_requests_name_users_histories_and_words(catalogue, tmp_path):
    path = tmp_path / "requests.jsonl.gz"
    lines = (
        '{"request_id": 1, "user_id": "u", "history": ["b", "a"], "slice": "warm-user"}\n'
        '{"request_id": "2", "query": "a slow film"}\n\n'
        '{"request_id": "3", "history": ["a"]}\n'
        '{"request_id": "4", "user_id": 7, "history": []}\n'
    )
    path.write_bytes(gzip.compress(lines.encode()))

    found = data.read_requests(path, catalogue)

    assert found.ids == ("1", "2", "3", "4")
    requests = found.requests
    assert requests.users.ids == ("u", "7")
    assert requests.user.tolist() == [0, -1, -1, 1]
    assert requests.items is catalogue.items
    assert [requests.history.items_of(row).tolist() for row in range(4)] == [[1, 0], [], [0], []]
    assert requests.queries == (None, "a slow film", None, None)


def test_without_words_there_are_no_queries(catalogue, tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text('{"request_id": 1, "history": ["a"]}\n')
    assert data.read_requests(path, catalogue).requests.queries is None


def test_unknown_history_items_are_dropped_and_counted_on_request(catalogue, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.jsonl").write_text('{"request_id": 1, "history": ["a", "x", "b", "y"]}\n')
    found = data.read_requests("r.jsonl", catalogue, unknown_items="drop")
    assert found.requests.history.item.tolist() == [0, 1]
    assert found.notes == ("r.jsonl: dropped 2 history items outside the catalogue.",)


EXAMPLE = '{"request_id": "r1", "history": ["i7", "i9"]}'


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("", "r.jsonl: the file is empty. Write the data again."),
        (
            '{"id": 1, "history": ["a"]}',
            f"r.jsonl: no key 'request_id'; it has id, history. Give each line one, such as {EXAMPLE}.",
        ),
        (
            '{"request_id": 1, "query": "x"}\n\n{"request_id": 1, "query": "y"}',
            "r.jsonl:3: request_id: 1 stands here again. Give each its own name.",
        ),
        (
            '{"request_id": 1}\n{"request_id": 2, "history": []}',
            "r.jsonl:1: request_id: 1 has neither user_id nor history nor query (and 1 more like it). "
            f"Write one of them, such as {EXAMPLE}.",
        ),
        (
            '{"request_id": 1, "history": ["a"]}\n{"request_id": 2, "history": "a"}',
            f"r.jsonl:2: history: 'a' is not a list. Write a list of item ids, such as {EXAMPLE}.",
        ),
        (
            '{"request_id": 1, "user_id": ["u"]}',
            "r.jsonl: user_id holds List(String). Write text for user_id.",
        ),
        (
            '{"request_id": 1, "user_id": "u", "query": {"words": "x"}}',
            "r.jsonl: query holds Struct({'words': String}). Write text for query.",
        ),
        (
            '{"request_id": 1, "user_id": "", "query": " "}',
            "r.jsonl:1: request_id: 1 has neither user_id nor history nor query. "
            f"Write one of them, such as {EXAMPLE}.",
        ),
        (
            '{"request_id": 1, "history": [["a"]]}',
            f"r.jsonl: history holds lists of List(String). Write item ids, such as {EXAMPLE}.",
        ),
        (
            '{"request_id": 1, "query": "x"}\n{"request_id": 2, "history": ["a", "x", "y"]}',
            "r.jsonl:2: history: 'x' is not in the catalogue (and 1 more like it). "
            "Add the item, or leave it out with unknown_items='drop'.",
        ),
    ],
)
def test_bad_requests_say_what_is_wrong(lines, says, catalogue, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.jsonl").write_text(lines)
    with pytest.raises(DataError) as caught:
        data.read_requests("r.jsonl", catalogue)
    assert str(caught.value) == says


def test_candidates_are_codes_in_their_order(catalogue, tmp_path):
    path = tmp_path / "c.json"
    path.write_text('["b", "a", "b"]')
    assert data.read_candidates(path, catalogue).tolist() == [0, 1]


LIST = 'Write a list of item ids, such as ["i7", "i9"].'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "c.json: the file is empty. Write the data again."),
        ('["a",\n', f"c.json:2: not JSON (Expecting value). {LIST}"),
        ('{"a": 1}', f"c.json: not a list of item ids. {LIST}"),
        ("[]", f"c.json: the list is empty. {LIST}"),
        (
            '["a", "x", "y"]',
            "c.json: 'x', 'y' not in the catalogue (and 1 more like it). Leave them out.",
        ),
    ],
)
def test_bad_candidates_say_what_is_wrong(content, says, catalogue, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.json").write_text(content)
    with pytest.raises(DataError) as caught:
        data.read_candidates("c.json", catalogue)
    assert str(caught.value) == says
