"""Bodies that are too large, too slow, or something else than JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from penchant.core import UsageError
from penchant.serve.edge import BodyGuard, BodyLimits
from penchant.testing.asgi_client import ask, scope_of

SMALL = BodyLimits(largest=100, together=250, seconds=None)
NONE = BodyLimits(largest=None, together=None, seconds=None)
JSON = {"content-type": "application/json"}


def endless() -> Iterator[bytes]:
    while True:
        yield b"x" * 10


def test_a_body_arrives_whole(tells):
    guard = BodyGuard(tells, SMALL)
    assert ask(guard, "POST", "/", body=b"{}").body == b"{}"
    assert ask(guard, "POST", "/", body=[b"{", b'"a"', b": 1}"], headers=JSON).body == b'{"a": 1}'
    assert ask(guard, "POST", "/", body=b"x" * 100).status == 200
    assert guard.held == 0


def test_a_request_without_a_body_needs_no_media_type(tells):
    guard = BodyGuard(tells, SMALL)
    assert ask(guard, "POST", "/").status == 200
    assert ask(guard, "DELETE", "/", headers={"content-length": "0"}).status == 200


def test_a_long_body_is_refused_by_its_length_alone(tells):
    answer = ask(BodyGuard(tells, SMALL), "POST", "/", body=b"x" * 101)
    assert (answer.status, answer.code) == (413, "body-too-large")
    assert answer.asked == 0, "not one byte was read"
    assert tells.asked == 0


@pytest.mark.parametrize("length", ["1" * 30, "00000000000000000000101", "9" * 5_000])
def test_a_length_that_is_absurd_is_too_large(tells, length: str):
    answer = ask(BodyGuard(tells, SMALL), "POST", "/", headers={"content-length": length, **JSON})
    assert answer.status == 413


@pytest.mark.parametrize("length", ["-1", "+5", "1e3", "٣", "0x10", "5, 5", ""])
def test_a_length_that_is_no_number_is_refused(tells, length: str):
    headers = [("content-length", length.encode().decode("latin-1")), *JSON.items()]
    answer = ask(BodyGuard(tells, SMALL), "POST", "/", headers=headers)
    assert (answer.status, answer.code) == (400, "length-required")


def test_an_endless_body_is_refused_when_it_is_too_long(tells):
    answer = ask(BodyGuard(tells, SMALL), "POST", "/", body=endless(), headers=JSON)
    assert answer.status == 413
    assert answer.asked == 11, "ten parts fit, the eleventh does not"
    assert tells.asked == 0


def test_a_body_longer_than_it_said_is_refused(tells):
    headers = {"content-length": "5", **JSON}
    answer = ask(BodyGuard(tells, SMALL), "POST", "/", body=endless(), headers=headers)
    assert answer.status == 413


def test_with_the_bound_off_a_long_body_gets_through(tells):
    assert ask(BodyGuard(tells, NONE), "POST", "/", body=b"x" * 10_000).body == b"x" * 10_000


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/jsonx"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json, text/plain"},
        {"content-type": ""},
        {**JSON, "content-encoding": "gzip"},
        {**JSON, "content-encoding": "br"},
        [("content-type", "application/json"), ("content-type", "text/plain")],
    ],
    ids=str,
)
def test_only_plain_json_is_taken(tells, headers):
    guard = BodyGuard(tells, SMALL)
    answer = ask(guard, "POST", "/", body=b"{}", headers=headers)
    assert answer.status == 415
    assert answer.asked == tells.asked == 0
    assert (
        ask(BodyGuard(tells, SMALL, on=False), "POST", "/", body=b"{}", headers=headers).status
        == 200
    )


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
    ],
)
def test_json_may_be_spelt_in_several_ways(tells, kind: str):
    assert (
        ask(BodyGuard(tells, SMALL), "POST", "/", body=b"{}", headers={"content-type": kind}).status
        == 200
    )


def slow(guard: BodyGuard, *, leaves: bool = False) -> tuple[list[int], int]:
    """Statuses answered to a client that sends two bytes and then nothing, or leaves."""
    statuses: list[int] = []
    sent = [{"type": "http.request", "body": b"{ ", "more_body": True}]

    async def receive():
        if sent:
            return sent.pop()
        if leaves:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message):
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = scope_of("POST", "/", {"content-length": "50", **JSON})

    async def run() -> None:
        async with asyncio.timeout(1):
            await guard(scope, receive, send)

    asyncio.run(run())
    return statuses, guard.held


def test_a_body_that_does_not_come_is_given_up(tells):
    assert slow(BodyGuard(tells, BodyLimits(seconds=0.02))) == ([408], 0)
    assert tells.asked == 0


def test_with_the_bound_off_it_is_waited_for(tells):
    with pytest.raises(TimeoutError):
        slow(BodyGuard(tells, BodyLimits(seconds=None)))


def test_a_client_that_leaves_is_not_answered(tells):
    assert slow(BodyGuard(tells), leaves=True) == ([], 0)
    assert tells.asked == 0


class Holds:
    """An app that answers nobody before ``expected`` have come, or one was refused."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.release = asyncio.Event()

    async def __call__(self, scope, receive, send):
        await receive()
        self.expected -= 1
        if not self.expected:
            self.release.set()
        await self.release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})


def several(limits: BodyLimits, bodies: int, size: int) -> list[int]:
    """Statuses of requests that are all being worked on at once."""
    statuses: list[int] = []
    app = Holds(bodies)
    guard = BodyGuard(app, limits)

    async def receive():
        return {"type": "http.request", "body": b"x" * size, "more_body": False}

    async def send(message):
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
            app.release.set()

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(bodies):
                scope = scope_of("POST", "/", {"content-length": str(size), **JSON})
                group.create_task(guard(scope, receive, send))

    asyncio.run(run())
    assert guard.held == 0
    return sorted(statuses)


def test_bodies_together_are_bounded():
    assert several(SMALL, 4, 100) == [200, 200, 503, 503]


def test_with_the_bound_off_all_are_held():
    assert several(NONE, 4, 100) == [200] * 4


@pytest.mark.parametrize("limits", [{"largest": 0}, {"together": -1}, {"seconds": 0.0}])
def test_a_bound_of_nothing_is_an_error(limits):
    with pytest.raises(UsageError, match="above 0"):
        BodyLimits(**limits)
