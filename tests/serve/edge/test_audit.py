"""The trail of what was done with admin rights."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from penchant.core import DataError
from penchant.serve.edge import Audit, AuditTrail, Problems, Rules
from penchant.testing.asgi_client import ask


def test_what_changes_something_for_good_is_recorded(small):
    made = small(anybody=None)
    key, token = made.keys.add("boss", ["admin"])
    headers = {"authorization": f"Bearer {token}"}
    answer = ask(made.app, "DELETE", "/v1/users/kanarienvogel", headers=headers)
    ask(made.app, "POST", "/v1/admin/refuse", headers=headers)
    ask(made.app, "POST", "/v1/admin/break", headers=headers)
    ask(made.app, "GET", "/v1/users/u1/events", headers=headers)
    ask(made.app, "POST", "/v1/recommend", headers=headers, body=b"{}")
    trail = AuditTrail(made.folder)
    assert [(line["action"], line["status"]) for line in trail.read()] == [
        ("DELETE /v1/users/{user_id}", 200),
        ("POST /v1/admin/refuse", 418),
        ("POST /v1/admin/break", 500),
    ]
    first = trail.read()[0]
    assert (first["key"], first["request_id"]) == (key.id, answer.headers["x-request-id"])
    assert "kanarienvogel" not in trail.path.read_text(), "it outlives the erasure"


def test_what_is_refused_is_not_done_and_not_recorded(small):
    made = small(anybody=None)
    _, token = made.keys.add("reader", ["read"])
    ask(made.app, "DELETE", "/v1/users/u1", headers={"authorization": f"Bearer {token}"})
    assert AuditTrail(made.folder).read() == []


@pytest.fixture
def trail(tmp_path: Path) -> AuditTrail:
    made = AuditTrail(tmp_path, clock=lambda: 7.0)
    for number in range(3):
        made.record("keys add", key=str(number))
    return made


def test_the_lines_follow_from_each_other(trail: AuditTrail):
    assert [line["key"] for line in trail.read()] == ["0", "1", "2"]
    AuditTrail(trail.path.parent).record("keys revoke", key="1")
    assert len(trail.read()) == 4


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: lines[1:], 1),
        (lambda lines: [lines[0], lines[2]], 2),
        (lambda lines: [lines[0].replace(b'"0"', b'"9"'), *lines[1:]], 2),
        (lambda lines: [lines[1], lines[0], lines[2]], 1),
        (lambda lines: [*lines, b"{}"], 4),
        (lambda lines: [*lines, b"\0"], 4),
        (lambda lines: [*lines, lines[2]], 4),
    ],
    ids=[
        "first gone",
        "one gone",
        "one altered",
        "out of order",
        "one added",
        "rubbish",
        "one twice",
    ],
)
def test_a_change_shows(trail: AuditTrail, change, line: int):
    lines = trail.path.read_bytes().splitlines()
    trail.path.write_bytes(b"\n".join(change(lines)) + b"\n")
    with pytest.raises(DataError) as raised:
        trail.read()
    assert raised.value.problems[0].line == line


def test_half_a_line_of_a_power_cut_is_taken_off(trail: AuditTrail):
    whole = trail.path.read_bytes()
    trail.path.write_bytes(whole + whole.splitlines()[0][:20])
    trail.record("keys add", key="3")
    assert [line["key"] for line in trail.read()] == ["0", "1", "2", "3"]


def test_a_last_line_without_its_end_is_kept(trail: AuditTrail):
    """As an editor leaves it."""
    trail.path.write_bytes(trail.path.read_bytes()[:-1])
    trail.record("keys add", key="3")
    assert [line["key"] for line in trail.read()] == ["0", "1", "2", "3"]


def test_that_the_last_lines_are_missing_does_not_show(trail: AuditTrail):
    """What the trail cannot do: so it is to be shipped elsewhere, too."""
    whole = trail.path.read_bytes().splitlines(keepends=True)
    trail.path.write_bytes(b"".join(whole[:-1]))
    assert [line["key"] for line in trail.read()] == ["0", "1"]


def test_lines_written_at_once_follow_from_each_other(tmp_path: Path):
    def write() -> None:
        for _ in range(5):
            AuditTrail(tmp_path).record("keys add")

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(AuditTrail(tmp_path).read()) == 20


def test_the_line_is_there_before_the_answer_leaves(tmp_path: Path):
    trail = AuditTrail(tmp_path)
    seen: list[int] = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        seen.append(len(trail.read()))
        await send({"type": "http.response.body", "body": b""})

    assert ask(Audit(app, Rules(), trail), "POST", "/v1/admin/rollback").status == 200
    assert seen == [1]


def test_what_cannot_be_recorded_is_not_acknowledged(tmp_path: Path, tells, lines):
    class Full(AuditTrail):
        def record(self, action: str, **facts: object) -> None:
            raise OSError(28, "No space left on device")

    app = Problems(Audit(tells, Rules(), Full(tmp_path)))
    answer = ask(app, "POST", "/v1/admin/rollback")
    assert (answer.status, answer.code) == (500, "fault")
