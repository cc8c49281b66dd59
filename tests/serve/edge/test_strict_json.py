"""Reading JSON strictly."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.serve.edge import HttpProblem, JsonLimits, parse_json

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | INT64 | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_what_is_written_is_read(value, ascii_only: bool):
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert parse_json(body) == value


def outcome(body: bytes) -> object:
    """What is read, or the problem; anything else that is raised fails the test."""
    try:
        return parse_json(body)
    except HttpProblem as problem:
        return problem


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes):
    read = outcome(body)
    if isinstance(read, HttpProblem):
        assert (read.status, read.code) == (400, "malformed-json")
    else:
        again = json.dumps(read, allow_nan=False, ensure_ascii=False).encode("utf-8")
        assert parse_json(again) == read


@given(VALUES, st.data())
def test_one_byte_changed_is_read_or_refused(value, data):
    body = bytearray(json.dumps(value).encode())
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] = data.draw(st.integers(0, 255))
    outcome(bytes(body))


def refused(body: bytes | str, limits: JsonLimits | None = None) -> str:
    with pytest.raises(HttpProblem) as raised:
        parse_json(body.encode() if isinstance(body, str) else body, limits)
    return raised.value.detail


def test_whole_numbers_have_64_bits():
    assert parse_json(b"9223372036854775807") == 2**63 - 1
    assert parse_json(b"-9223372036854775808") == -(2**63)
    assert "64 bits" in refused("9223372036854775808")
    assert "64 bits" in refused("[1, -9223372036854775809]")
    assert "64 bits" in refused("7" * 5_000)  # more digits than Python converts


def test_numbers_are_finite():
    assert parse_json(b"[1.7976931348623157e308, 5e-324, 1e-999]") == [
        1.7976931348623157e308,
        5e-324,
        0.0,
    ]
    for text in ("1e309", "-1e309", "1E+400", "1" * 310 + ".0", '{"a": [1, {"b": 1e999}]}'):
        assert "finite" in refused(text)


def test_depth_counts_arrays_and_objects():
    limits = JsonLimits(depth=3)
    assert parse_json(b'[[{"a": 1}]]', limits) == [[{"a": 1}]]
    assert parse_json(b'{"a": {"b": []}}', limits) == {"a": {"b": []}}
    assert "3 deep" in refused('[[[{"a": 1}]]]', limits)
    assert "3 deep" in refused("[[[[]]]]", limits)
    assert parse_json(b'"[[[[[["', limits) == "[[[[[["


def test_values_are_counted_by_their_commas():
    limits = JsonLimits(values=3)
    assert parse_json(b"[1,2,3,4]", limits) == [1, 2, 3, 4]
    assert "3 commas" in refused("[1,2,3,4,5]", limits)
    assert parse_json(b'["a,b,c,d,e", ",\\",,,\\\\", 1]', limits) == ["a,b,c,d,e", ',",,,\\', 1]
    assert "3 commas" in refused('["a", 1,2,3,4, "', limits)


def test_a_pair_of_surrogates_is_one_character():
    assert parse_json(rb'"\ud83d\ude00"') == "\U0001f600"
    assert parse_json(rb'"\\ud83d"') == r"\ud83d"
    assert "surrogate" in refused(r'"\ud83d"')
    assert "surrogate" in refused(r'{"\udc00": 1}')


def test_a_nul_is_refused_and_its_text_is_not():
    assert parse_json(rb'"\\u0000"') == r"\u0000"
    assert "NUL" in refused(r'"\u0000"')
    assert "NUL" in refused(r'"\\\u0000"')
    assert "NUL" in refused(r'{"a": {"\u0000": 1}}')


def test_a_refusal_says_where_and_not_what():
    assert refused('{"secret": oops}') == "Expecting value: line 1, column 12."
    assert refused(b'{"a": "\xff"}') == "Not UTF-8 at byte 7. Send JSON in UTF-8."
    for body in ('{"secret": 1, "secret": 2}', '{"secret": NaN}', '{"secret": "\\u0000"}'):
        assert "secret" not in refused(body)


def test_python_alone_would_take_them():
    """What the strict reader is for: each is read by ``json.loads`` without a word."""
    for body in (
        "NaN",
        "1e999",
        '{"a": 1, "a": 2}',
        r'"\ud800"',
        r'"\u0000"',
        "9" * 400,
        "[" * 33 + "]" * 33,
    ):
        json.loads(body)
        refused(body)


@pytest.mark.parametrize(
    "shape", [b'"' + b'\\"', b'"' + b"\\", b"[", b'{"a":', b'"\\u0000', b'["\\ud800",']
)
def test_hostile_shapes_are_refused_without_reading_them_again_and_again(shape: bytes):
    """A reader that goes back at every step would need hours for a million of them."""
    refused(shape * 1_000_000)
