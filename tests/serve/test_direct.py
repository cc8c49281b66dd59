"""The short way of a good question answers as the long one does."""

from __future__ import annotations

import asyncio
import json

import pytest

from penchant.serve.direct import Direct
from penchant.serve.schemas import RecommendIn

SHORT, LONG = "application/json", "application/json; charset=utf-8"

BODIES = [
    {"history": ["s1"], "k": 3},
    {"history": ["s1", {"item_id": "s2", "event": "click"}], "explain": True},
    {"user_id": "u0"},
    {"query": "robots in space", "k": 2},
    {"similar_to": "s1", "exclude": ["s2"], "diversity": 0.5},
    {"similar_to": "nothing"},
    {"user_id": "u0", "filter": {"nothing": "x"}},
    {"user_id": "u0", "k": 900, "offset": 900},
    {},
    {"k": 0},
    {"user_id": ""},
    {"histroy": ["s1"]},
    None,
    [],
    b"",
    b"{",
    b'{"user_id": "u0", "user_id": "u1"}',
    b'{"user_id": "\xff"}',
    b"\xef\xbb\xbf{}",
]


@pytest.mark.parametrize("body", BODIES, ids=repr)
def test_both_ways_give_the_same_answer(http, body):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = []
    for kind in (SHORT, LONG):
        answer = http.post("/v1/recommend", content=content, headers={"content-type": kind})
        said = answer.json()
        said.pop("request_id", None)
        headers = {name for name in answer.headers if name != "x-request-id"}
        told.append((answer.status_code, said, headers, answer.headers["content-type"]))
    assert told[0] == told[1]


async def outcome(content: bytes, kind: str = SHORT, parts: int = 1) -> list[object]:
    """Which way a body goes, and what the long way gets to read of it."""
    read = []

    async def app(scope, receive, send):
        read.append("long")
        read.extend([(await receive())["body"] for _ in range(parts)])

    async def route(request, body):
        async def answer(scope, receive, send):
            read.append(("short", body.user_id))

        return answer

    messages = [{"type": "http.request", "body": content, "more_body": parts > 1}]
    messages += [{"type": "http.request", "body": b"!", "more_body": False}] * (parts - 1)

    async def receive():
        return messages.pop(0)

    scope = {"type": "http", "method": "POST", "path": "/v1/recommend"}
    scope["headers"] = [(b"content-type", kind.encode())]
    await Direct(app, {"/v1/recommend": (RecommendIn, route)})(scope, receive, None)
    return read


def test_a_good_body_goes_straight_to_its_route():
    assert asyncio.run(outcome(b'{"user_id": "u0"}')) == [("short", "u0")]


def test_what_is_odd_goes_the_long_way_whole():
    assert asyncio.run(outcome(b'{"user_id": 1}')) == ["long", b'{"user_id": 1}']
    assert asyncio.run(outcome(b"{}", LONG)) == ["long", b"{}"]
    assert asyncio.run(outcome(b'{"user_id": "u0"}', parts=2)) == [
        "long",
        b'{"user_id": "u0"}',
        b"!",
    ]
