"""What is known of each request: its id, figures and log lines that name nobody."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from penchant.core import Overloaded, UsageError
from penchant.serve.edge import (
    HttpProblem,
    Metrics,
    Observe,
    Problems,
    Rules,
    configure_logs,
    current_request_id,
)
from penchant.testing.asgi_client import ask

PERSON = "kanarienvogel"


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What ``configure_logs`` writes; the loggers are put back afterwards."""
    names = ("penchant", "penchant.access", "uvicorn", "uvicorn.error", "uvicorn.access", "asyncio")
    before = {
        name: (logger.handlers, logger.propagate, logger.level)
        for name in names
        if (logger := logging.getLogger(name))
    }
    stream = io.StringIO()
    configure_logs(stream)
    yield stream
    for name, (handlers, propagate, level) in before.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_request_has_an_id_of_its_own(small):
    made = small()
    ids = {ask(made.app, "GET", "/nothing").headers["x-request-id"] for _ in range(20)}
    assert len(ids) == 20


def test_an_id_of_the_client_is_kept_where_it_is_harmless(small):
    made = small()
    for given in ("7c6f3a52", "a.b-c_D", "x" * 64):
        answer = ask(made.app, "POST", "/v1/events", headers={"x-request-id": given}, body=b"no")
        assert answer.headers["x-request-id"] == answer.json()["request_id"] == given


@pytest.mark.parametrize("given", ["", "a b", "a\tb", '"};alert(1)', "x" * 65, "\xe9", "a\x1b[2J"])
def test_another_one_is_replaced(small, given: str):
    answer = ask(small().app, "GET", "/nothing", headers={"x-request-id": given})
    assert len(answer.headers["x-request-id"]) == 32


def test_every_answer_has_an_id_whoever_refuses(small):
    made = small(anybody=None)
    for target, headers in (
        ("/v1/recommend", {}),
        ("/v1/recommend", {"host": "evil.example"}),
        ("/%00", {}),
        ("/livez", {}),
        ("/openapi.json", {}),
    ):
        assert ask(made.app, "GET", target, headers=headers).headers["x-request-id"]


def test_the_version_of_the_model_is_on_every_answer_unless_it_says_its_own(small, tells):
    made = small(version=lambda: "m7")
    assert ask(made.app, "GET", "/livez").headers["x-model-version"] == "m7"

    async def answers(scope, receive, send):
        headers = [(b"X-Model-Version", b"m6")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})

    app = Observe(answers, Metrics(), Rules(), version=lambda: "m7")
    assert ask(app, "GET", "/").headers["X-Model-Version"] == "m6"
    assert "x-model-version" not in ask(app, "GET", "/").headers


def test_the_id_is_known_far_from_the_request():
    seen = []

    async def app(scope, receive, send):
        seen.append(current_request_id.get())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    answer = ask(Observe(app, Metrics(), Rules()), "GET", "/")
    assert seen == [answer.headers["x-request-id"]]
    assert current_request_id.get() == ""


def figures(made) -> str:
    return made.edge.metrics.page()[0].decode()


def test_requests_are_counted_by_template_and_status(small):
    made = small()
    event = b'{"user_id": "u1", "item_id": "i1", "event_time": 1}'
    for body in (event, event, b"no"):
        ask(made.app, "POST", "/v1/events", body=body)
    ask(made.app, "GET", f"/v1/users/{PERSON}/events")
    page = figures(made)
    start = "penchant_http_requests_total"
    assert f'{start}{{method="POST",route="/v1/events",status="202"}} 2.0' in page
    assert f'{start}{{method="POST",route="/v1/events",status="400"}} 1.0' in page
    assert 'penchant_http_problems_total{code="malformed-json"} 1.0' in page
    assert (
        'penchant_http_request_duration_seconds_count{method="POST",route="/v1/events"} 3.0' in page
    )
    assert "penchant_http_requests_in_flight 0.0" in page


def test_strangers_cannot_make_time_series(small):
    made = small()
    before = figures(made).count("\n")
    for number in range(50):
        ask(made.app, "GET", f"/{PERSON}/{number}")
        ask(made.app, f"M{number}", "/v1/events")
        ask(made.app, "GET", f"/v1/users/{PERSON}{number}/events")
    page = figures(made)
    assert PERSON not in page
    assert page.count("\n") - before < 120


def test_prometheus_approves_of_the_page(small):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; it comes with Prometheus")
    made = small()
    ask(made.app, "POST", "/v1/events", body=b"no")
    said = subprocess.run(
        [promtool, "check", "metrics"],
        input=made.edge.metrics.page()[0],
        capture_output=True,
        check=False,
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda m: m.counter("events", "x"), "_total is for counters"),
        (lambda m: m.gauge("events_total", "x"), "_total is for counters"),
        (lambda m: m.histogram("latency_ms", "x"), "use seconds"),
        (lambda m: m.gauge("disk_gb", "x"), "use seconds"),
        (lambda m: m.counter("penchant_events_total", "x"), "without penchant_"),
        (lambda m: m.counter("Events_total", "x"), "lower case"),
        (lambda m: m.counter("events_total", "x", ["user_id"]), "each person or thing"),
        (lambda m: m.histogram("wait_seconds", "x", ["path"]), "each person or thing"),
    ],
    ids=range(8),
)
def test_a_figure_keeps_to_the_rules(make, says: str):
    with pytest.raises(UsageError, match=says):
        make(Metrics())


def test_workers_are_shown_together(tmp_path: Path):
    """Two processes count; a third shows the sum."""
    code = "from penchant.serve.edge import Metrics; m = Metrics()\n"
    counts = code + "m.counter('events_total', 'Events.').inc(2)"
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", counts], env=env, check=True)
    shows = code + "print(m.page()[0].decode())"
    said = subprocess.run([sys.executable, "-c", shows], env=env, check=True, capture_output=True)
    assert b"penchant_events_total 4.0" in said.stdout


def test_a_request_is_one_line(small, logged: io.StringIO):
    made = small()
    answer = ask(made.app, "POST", "/v1/events", body=b"no")
    (line,) = lines(logged)
    assert line["event"] == "request"
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/events", 400)
    assert line["problem"] == "malformed-json"
    assert line["bytes"] == len(answer.body)
    assert str(line["time"]).endswith("+00:00")


def test_probes_are_quiet_while_all_is_well(small, logged: io.StringIO):
    made = small()
    ask(made.app, "GET", "/livez")
    ask(made.app, "GET", "/readyz")
    assert lines(logged) == []
    made.edge.readiness.drain()
    ask(made.app, "GET", "/readyz")
    assert [line["status"] for line in lines(logged)] == [503]


def test_no_line_names_anybody(small, logged: io.StringIO):
    made = small(anybody=None)
    _, token = made.keys.add("boss", ["admin"])
    key = {"authorization": f"Bearer {token}"}
    client = ("203.0.113.77", 1)
    event = json.dumps({"user_id": PERSON, "item_id": "i", "event_time": 1}).encode()
    for method, target, body in (
        ("POST", "/v1/events", event),
        ("GET", f"/v1/users/{PERSON}/events?limit=2&who={PERSON}", None),
        ("DELETE", f"/v1/users/{PERSON}", None),
        ("GET", f"/{PERSON}", None),
        ("POST", f"/v1/admin/break?{PERSON}", b"{}"),
        ("PUT", f"/v1/items/{PERSON}", b'{"a": 1}'),
    ):
        ask(
            made.app,
            method,
            target,
            headers={**key, "user-agent": PERSON},
            body=body,
            client=client,
        )
    said = logged.getvalue()
    assert said.count("\n") >= 6
    assert PERSON not in said
    assert "203.0.113.77" not in said
    assert token not in said
    assert "somebody" not in said, "the message of an error"
    assert "builtins.KeyError" in said, "its type"
    assert "conftest.py" in said, "where it came from"


def test_messages_of_errors_can_be_asked_for(logged: io.StringIO):
    stream = io.StringIO()
    configure_logs(stream, messages=True)
    error = KeyError(PERSON)
    error.__cause__ = ValueError("cause")
    logging.getLogger("penchant.serve").error("fault", exc_info=error)
    (line,) = lines(stream)
    assert [error["message"] for error in line["error"]] == [f"'{PERSON}'", "cause"]


def test_lines_of_the_server_are_json_without_their_arguments(logged: io.StringIO):
    logging.getLogger("uvicorn.error").warning("%s went wrong", PERSON)
    logging.getLogger("uvicorn.access").info("%s", PERSON)
    (line,) = lines(logged)
    assert (line["event"], line["logger"]) == ("%s went wrong", "uvicorn.error")


def test_a_line_stays_one_line(logged: io.StringIO):
    logging.getLogger("penchant.serve").info("a\nb\x1b[2J\u2028c")
    assert logged.getvalue().count("\n") == 1
    assert "\x1b" not in logged.getvalue()
    assert logged.getvalue().isascii()


def test_a_fault_is_told_without_its_words(small, lines: pytest.LogCaptureFixture):
    answer = ask(small().app, "POST", "/v1/admin/break", body=b"{}")
    assert (answer.status, answer.code) == (500, "fault")
    assert "somebody" not in answer.body.decode()
    assert [record.message for record in lines.records if record.levelname == "ERROR"] == ["fault"]


def test_a_problem_of_a_route_is_told_as_it_is(small):
    answer = ask(small().app, "POST", "/v1/admin/refuse")
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (418, "teapot", "9")
    assert answer.json()["title"] == "I'm a Teapot"


@pytest.mark.parametrize(
    ("method", "target", "code"),
    [("GET", "/nothing", "not-found"), ("PATCH", "/v1/events", "method-not-allowed")],
)
def test_what_fastapi_says_of_itself_is_a_problem_too(small, method: str, target: str, code: str):
    assert ask(small().app, method, target).code == code


class Raises:
    def __init__(self, error: Exception, *, after: int = 0) -> None:
        self.error, self.after = error, after

    async def __call__(self, scope, receive, send):
        if self.after:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        if self.after > 1:
            await send({"type": "http.response.body", "body": b"whole"})
        raise self.error


def test_overload_says_when_to_come_back():
    answer = ask(Problems(Raises(Overloaded("full", 3))), "GET", "/")
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "overloaded", "3")


def test_a_service_can_say_what_its_errors_mean():
    def translate(error: Exception) -> HttpProblem | None:
        return HttpProblem(409, "busy", "Busy.") if isinstance(error, KeyError) else None

    assert ask(Problems(Raises(KeyError()), translate), "GET", "/").code == "busy"
    assert ask(Problems(Raises(ValueError()), translate), "GET", "/").code == "fault"


def test_with_the_guard_off_an_error_reaches_the_server():
    with pytest.raises(ValueError, match="no"):
        ask(Problems(Raises(ValueError("no")), on=False), "GET", "/")


def test_half_an_answer_is_cut_off_and_a_whole_one_is_let_be():
    with pytest.raises(ValueError, match="no"):
        ask(Problems(Raises(ValueError("no"), after=1)), "GET", "/")
    assert ask(Problems(Raises(ValueError("no"), after=2)), "GET", "/").body == b"whole"
