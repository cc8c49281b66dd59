"""The edge as a whole, and its pages in the guide."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from pathlib import Path

import pytest

from penchant.core import UsageError
from penchant.serve import edge
from penchant.serve.edge import (
    RULES,
    SCOPES,
    TITLES,
    BodyLimits,
    EdgeConfig,
    Rules,
    Traces,
    WireLimits,
)
from penchant.testing.asgi_client import ask

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "guide"
EVENT = b'{"user_id": "u1", "item_id": "i1", "event_time": 1}'


def page(name: str) -> str:
    return (GUIDE / name).read_text("utf-8")


def test_the_names_are_there_and_documented():
    names = edge.__all__
    assert list(names) == sorted(names, key=lambda n: (not n.isupper(), n[0].islower(), n))
    for name in names:
        thing = getattr(edge, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert (thing.__doc__ or "").strip(), name
    with pytest.raises(AttributeError):
        _ = edge.nothing


def test_the_page_on_security_knows_every_problem():
    text = page("security.md")
    assert [code for code in TITLES if f"`{code}`" not in text] == []


def raised() -> set[str]:
    """The codes that the files of the edge use."""
    found = set()
    for path in Path(edge.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "HttpProblem",
                "_Refusal",
            ):
                code = node.args[1]
                if isinstance(code, ast.Constant):
                    found.add(code.value)
    return found


def test_every_problem_of_the_edge_has_a_title():
    assert len(raised()) >= 20
    assert raised() - set(TITLES) == set()


@pytest.mark.parametrize("config", [EdgeConfig, BodyLimits, WireLimits])
def test_the_page_on_operations_knows_every_setting(config):
    text = page("operations.md")
    assert [f.name for f in dataclasses.fields(config) if f"`{f.name}`" not in text] == []


def test_the_page_on_operations_knows_every_figure(small):
    made = small()
    ask(made.app, "GET", "/nothing")
    figures = set(re.findall(r"# TYPE (penchant_\w+)", made.edge.metrics.page()[0].decode()))
    assert len(figures) >= 4
    assert [name for name in figures if f"`{name}`" not in page("operations.md")] == []


def test_the_page_on_security_knows_every_scope_and_rule():
    text = page("security.md")
    assert all(f"`{scope}`" in text for scope in SCOPES)
    told = set(re.findall(r"^\| `(\w+) (/\S*)` \| (\w+) \|", text, re.MULTILINE))
    assert told == {(rule.method, rule.path, rule.scope) for rule in RULES}


def test_every_answer_has_the_headers_that_a_browser_obeys(small):
    made = small(anybody=None)
    for method, target in (("GET", "/livez"), ("GET", "/nothing"), ("POST", "/v1/events")):
        headers = ask(made.app, method, target).headers
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_pages_run_their_own_scripts_only(small):
    policy = ask(small().app, "GET", "/console").headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    elsewhere = ask(small().app, "GET", "/consoles").headers["content-security-policy"]
    assert "script-src" not in elsewhere


def test_with_the_headers_off_there_are_none(tells):
    answer = ask(edge.SecurityHeaders(tells, on=False), "GET", "/console")
    assert "content-security-policy" not in answer.headers
    on = ask(edge.SecurityHeaders(tells), "GET", "/console")
    assert "content-security-policy" in on.headers


def test_a_refusal_costs_nothing_further_in(small):
    """No key: not one byte of the body is read."""
    made = small(anybody=None)
    answer = ask(made.app, "POST", "/v1/events", body=EVENT)
    assert (answer.status, answer.asked) == (401, 0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: EdgeConfig(rate=0.0),
        lambda: EdgeConfig(burst=0.5),
        lambda: EdgeConfig(url_bytes=0),
        lambda: EdgeConfig(rate=float("inf")),
        lambda: WireLimits(header_seconds=0.0),
        lambda: WireLimits(connections=-1),
        lambda: BodyLimits(seconds=float("nan")),
    ],
    ids=range(7),
)
def test_settings_that_let_nothing_through_are_errors(make):
    with pytest.raises(UsageError, match=r"\[serve\.edge"):
        make()


def test_a_request_can_be_a_span(small):
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    made = small(config=EdgeConfig(tracing=True))
    kept = memory.InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(kept))
    traces = Traces(made.app, Rules())
    traces._tracer = provider.get_tracer("penchant")
    trace = "0af7651916cd43dd8448eb211c80319c"
    parent = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    ask(traces, "DELETE", "/v1/users/kanarienvogel", headers=parent)
    ask(traces, "POST", "/v1/admin/break")
    for probe in ("/livez", "/readyz?verbose", "/metrics"):  # every few seconds, by machines
        ask(traces, "GET", probe)
    first, second = kept.get_finished_spans()
    assert first.name == "DELETE /v1/users/{user_id}"
    assert f"{first.context.trace_id:032x}" == trace
    assert first.attributes["http.response.status_code"] == 200
    assert first.attributes["penchant.request_id"]
    assert not second.status.is_ok
    assert "kanarienvogel" not in first.to_json() + second.to_json()
    assert "somebody" not in second.to_json()
    assert ask(made.app, "GET", "/livez").status == 200, "and without an SDK it is nothing"
