"""Every guard holds, and is what holds: each attack fails, and succeeds where its guard is off.

An attack is a function of ``Ground`` that returns whether it succeeded. It is named for its guard, and
the names are those of the table in the guide.
"""

from __future__ import annotations

import ast
import dataclasses
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from penchant.core import Event, UsageError
from penchant.engine import Engine
from penchant.serve import edge
from penchant.serve.app import create_app
from penchant.serve.edge import (
    ANYBODY,
    BodyLimits,
    EdgeConfig,
    JsonLimits,
    Key,
    KeyFile,
    Rule,
    Rules,
    check_exposure,
    configure_logs,
    guarded,
    parse_json,
)
from penchant.serve.edge.stack import GUARDS
from penchant.serve.paths import RawPath
from penchant.serve.service import Service
from penchant.serve.tenant import Tenant
from penchant.store.log import open_log, restore
from penchant.testing.asgi_client import Conversation, Reply, ask

ROOT = Path(__file__).parents[3]
LISTS = b'{"user_id": "u1", "k": 1}'
EVENT = b'{"user_id": "u1", "item_id": "i1", "event_time": 1}'


@dataclass
class Ground:
    """Where an attack takes place.

    Attributes:
        on: whether the guard stands.
        small: the small app behind the edge.
        service: with a log in memory.
        patch: takes a guard out that no switch takes out.
        path: an empty folder.
    """

    on: bool
    small: Callable[..., Any]
    service: Callable[[], Service]
    patch: pytest.MonkeyPatch
    path: Path

    def off(self, guard: str) -> tuple[str, ...]:
        """What is left out of the stack."""
        return () if self.on else (guard,)

    def without(self, where: str, instead: object) -> None:
        """Take out what has no switch of its own."""
        if not self.on:
            self.patch.setattr(where, instead)


Attack = Callable[[Ground], bool]
ATTACKS: dict[str, Attack] = {}


def attack(guard: str) -> Callable[[Attack], Attack]:
    def kept(one: Attack) -> Attack:
        assert guard not in ATTACKS
        ATTACKS[guard] = one
        return one

    return kept


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@attack("access")
def erases_without_a_key(at: Ground) -> bool:
    made = at.small(anybody=None, off=at.off("access"))
    return ask(made.app, "DELETE", "/v1/users/u1").status == 200


@attack("scope")
def erases_with_a_reader_s_key(at: Ground) -> bool:
    all_alike = {} if at.on else {"rules": Rules([Rule("DELETE", "/v1/users/{user_id}", "read")])}
    made = at.small(anybody=None, **all_alike)
    _, key = made.keys.add("a", ["read"])
    return ask(made.app, "DELETE", "/v1/users/u1", headers=bearer(key)).status == 200


@attack("secret")
def knows_the_id_of_a_key(at: Ground) -> bool:
    at.without("penchant.serve.edge.keyring.is_key", lambda token, key: key is not None)
    made = at.small(anybody=None)
    key, _ = made.keys.add("a", ["admin"])
    guess = bearer(f"pck_{key.id}_{'A' * 43}")
    return ask(made.app, "DELETE", "/v1/users/u1", headers=guess).status == 200


@attack("expiry")
def comes_with_a_key_that_was_revoked(at: Ground) -> bool:
    if not at.on:
        at.patch.setattr(Key, "is_active", lambda self, now: True)
    made = at.small(anybody=None)
    key, token = made.keys.add("a", ["admin"])
    made.keys.revoke(key.id)
    return ask(made.app, "DELETE", "/v1/users/u1", headers=bearer(token)).status == 200


@attack("exposure")
def finds_a_service_open_to_the_network(at: Ground) -> bool:
    at.without("penchant.serve.edge.keyring.is_loopback", lambda host: True)
    try:
        return check_exposure("192.0.2.1", edge.Keyring(KeyFile(at.path))) is ANYBODY
    except UsageError:
        return False


@attack("proxied")
def comes_through_a_proxy_on_the_same_machine(at: Ground) -> bool:
    at.without("penchant.serve.edge.access.PROXIED", ())
    through = {"x-forwarded-for": "203.0.113.9"}
    return ask(at.small().app, "DELETE", "/v1/users/u1", headers=through).status == 200


@attack("tenant")
def reads_what_another_tenant_has(at: Ground) -> bool:
    at.without("penchant.serve.routes.common.name_of_tenant", lambda scope: "")
    left, right = at.service(), at.service()
    left.log.append([Event("canary", "s1", 1.0)])
    inner = create_app({"": Tenant.of(left), "right": Tenant.of(right, name="right")})
    made = at.small(anybody=None, inner=inner)
    _, key = made.keys.add("a", ["read"], tenant="right")
    with Conversation(RawPath(made.app)) as asking:
        told = asking.ask("GET", "/v1/users/canary/events", headers=bearer(key)).body
    return b"s1" in told


@attack("rate")
def floods(at: Ground) -> bool:
    made = at.small(anybody=None, config=EdgeConfig(rate=0.001, burst=2), off=at.off("rate"))
    _, key = made.keys.add("a", ["read"])
    asked = [ask(made.app, "POST", "/v1/recommend", headers=bearer(key)) for _ in range(5)]
    return all(answer.status != 429 for answer in asked)


@attack("hosts")
def points_a_name_at_this_machine(at: Ground) -> bool:
    made = at.small(off=at.off("hosts"))
    evil = {"host": "evil.example", "origin": "http://evil.example"}
    return ask(made.app, "DELETE", "/v1/users/u1", headers=evil).status == 200


@attack("urls")
def makes_two_ids_one(at: Ground) -> bool:
    made = at.small(off=at.off("urls"))
    pair = [ask(made.app, "DELETE", f"/v1/users/{name}").status for name in ("%ff", "%fe")]
    return pair == [200, 200]


@attack("problems")
def hears_nothing_but_a_broken_connection(at: Ground) -> bool:
    def app(scope: Any, receive: Any, send: Any) -> Any:
        raise ValueError("somebody's name")

    made = at.small(off=at.off("problems"))
    fresh = dataclasses.replace(made.edge, metrics=edge.Metrics())
    whole = guarded(app, EdgeConfig(), fresh, off=at.off("problems"))
    try:
        return ask(whole, "POST", "/v1/recommend").status != 500
    except ValueError:
        return True


@attack("headers")
def puts_the_console_into_a_frame(at: Ground) -> bool:
    answer = ask(at.small(off=at.off("headers")).app, "GET", "/console")
    return "frame-ancestors 'none'" not in answer.headers.get("content-security-policy", "")


@attack("observe")
def is_not_counted(at: Ground) -> bool:
    made = at.small(off=at.off("observe"))
    ask(made.app, "DELETE", "/v1/users/u1")
    return b"penchant_http_requests_total{" not in made.edge.metrics.page()[0]


@attack("audit")
def erases_without_a_trace(at: Ground) -> bool:
    made = at.small(off=at.off("audit"))
    before = made.edge.trail.read()
    ask(made.app, "DELETE", "/v1/users/u1")
    return made.edge.trail.read() == before


@attack("http-only")
def reaches_the_app_by_a_websocket(at: Ground) -> bool:
    reached: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    fresh = dataclasses.replace(at.small().edge, metrics=edge.Metrics())
    whole = guarded(app, EdgeConfig(), fresh, off=at.off("http-only"))
    scope = {"type": "websocket", "path": "/v1/events", "headers": [], "method": "GET"}

    async def nothing(message: object = None) -> dict:
        return {}

    import asyncio

    asyncio.run(whole(scope, nothing, nothing))
    return reached == ["websocket"]


def posted(at: Ground, limits: BodyLimits, **asked: Any) -> Reply:
    made = at.small(config=EdgeConfig(bodies=limits), off=())
    return ask(made.app, "POST", "/v1/events", **asked)


@attack("bodies")
def sends_a_form_as_a_page_can(at: Ground) -> bool:
    made = at.small(off=at.off("bodies"))
    plain = {"content-type": "text/plain"}
    return ask(made.app, "POST", "/v1/recommend", body=b"{}", headers=plain).status != 415


@attack("bodies.largest")
def fills_the_memory_with_one_body(at: Ground) -> bool:
    limits = BodyLimits(largest=2**20 if at.on else None)
    return posted(at, limits, body=EVENT + b" " * 2_000_000).status == 202


@attack("bodies.together")
def fills_the_memory_with_many_bodies(at: Ground) -> bool:
    return posted(at, BodyLimits(together=10 if at.on else None), body=EVENT).status == 202


@attack("json")
def sends_a_name_twice(at: Ground) -> bool:
    at.without("penchant.serve.edge.fastapi_parts.parse_json", json.loads)
    body = b'{"user_id": "ann", ' + EVENT[1:]
    return ask(at.small().app, "POST", "/v1/events", body=body).status == 202


@attack("json.depth")
def sends_lists_in_lists(at: Ground) -> bool:
    return reads(b"[" * 200 + b"]" * 200, JsonLimits() if at.on else JsonLimits(depth=10**6))


@attack("json.values")
def sends_more_values_than_others_can_wait_for(at: Ground) -> bool:
    many = b"[" + b"1," * 60_000 + b"1]"
    return reads(many, JsonLimits() if at.on else JsonLimits(values=10**9))


def reads(body: bytes, limits: JsonLimits) -> bool:
    try:
        parse_json(body, limits)
    except edge.HttpProblem:
        return False
    return True


def put_twice(at: Ground, *keys: str) -> list[str]:
    """The answers to the same body sent once with each of the keys for access."""
    made = at.small(anybody=None, inner=create_app({"": Tenant.of(at.service())}))
    body = b'{"items": [{"item_id": "new", "fields": {"title": "A"}}]}'
    told = []
    with Conversation(RawPath(made.app)) as asking:
        for name in keys:
            _, key = made.keys.add(name, ["ingest"])
            headers = {**bearer(key), "idempotency-key": "k"}
            told.append(asking.ask("POST", "/v1/items", body=body, headers=headers))
            assert told[-1].status == 200
    return [answer.headers.get("idempotency-replayed", "") for answer in told]


@attack("idempotency")
def has_a_retry_done_twice(at: Ground) -> bool:
    at.without("penchant.serve.routes.repeating.idempotency_key", lambda scope, caller: None)
    return put_twice(at, "a", "a") == ["", ""]


@attack("idempotency.caller")
def hears_the_answer_to_somebody_else(at: Ground) -> bool:
    read = edge.idempotency_key
    at.without("penchant.serve.routes.repeating.idempotency_key", lambda scope, caller: read(scope))
    return put_twice(at, "a", "b") == ["", "true"]


@attack("erasures")
def restores_who_was_erased(at: Ground) -> bool:
    with open_log(at.path / "log") as log:
        log.append([Event("canary", "i1", 1.0)])
        log.backup(at.path / "old")
        log.erase("canary")
    from penchant.store.log.backup import Forgotten

    at.without("penchant.store.log.backup.Forgotten", lambda _: Forgotten([]))
    restore(at.path / "old", at.path / "log", replace=True)
    return b"canary" in b"".join(p.read_bytes() for p in (at.path / "log").iterdir() if p.is_file())


@attack("logs")
def reads_a_name_in_the_log(at: Ground) -> bool:
    stream = StringIO()
    before = [logging.getLogger(name) for name in ("penchant", "uvicorn", "asyncio")]
    kept = [(one, one.handlers, one.propagate, one.level) for one in before]
    configure_logs(stream, messages=not at.on)
    try:
        ask(at.small().app, "POST", "/v1/admin/break")
    finally:
        for one, handlers, propagate, level in kept:
            one.handlers, one.propagate = handlers, propagate
            one.setLevel(level)
    return "somebody's name" in stream.getvalue()


@attack("labels")
def makes_up_a_time_series(at: Ground) -> bool:
    at.without("penchant.serve.edge.observe.method_of", lambda scope: scope["method"])
    made = at.small()
    ask(made.app, "PROPFIND", "/v1/recommend")
    return b"PROPFIND" in made.edge.metrics.page()[0]


WIRE = {
    "wire.header_seconds": "test_with_the_bound_off_they_hold_the_connection",
    "wire.header_bytes": "test_with_the_bound_off_any_header_is_kept",
    "wire.linger_seconds": "test_with_the_bound_off_it_holds_the_connection",
    "wire.unread_seconds": "test_with_the_bound_off_what_is_not_read_is_kept",
    "wire.connections": "test_with_the_bound_off_there_are_as_many_as_come",
    "wire.idle_seconds": "test_with_the_bound_off_who_waits_locks_others_out",
    "bodies.seconds": "test_with_the_bound_off_it_is_waited_for",
    "operations": "test_with_the_check_off_the_port_answers_to_any_name",
}
"""Guards whose attacks need sockets or time: the tests beside this file that see them succeed."""


@pytest.mark.parametrize("guard", ATTACKS)
def test_the_attack_fails_and_succeeds_with_its_guard_off(
    guard: str, small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine, services
):
    for on in (True, False):
        folder = tmp_path / str(on)
        folder.mkdir()
        with monkeypatch.context() as patch:
            succeeded = ATTACKS[guard](Ground(on, small, services, patch, folder))
        assert succeeded is not on, f"with the guard {'on' if on else 'off'}"


def switches() -> set[str]:
    """Every switch that the edge has: in the stack, and bounds that can be taken off."""
    found = set(GUARDS)
    for prefix, limits in (("wire", edge.WireLimits), ("bodies", BodyLimits), ("json", JsonLimits)):
        found |= {
            f"{prefix}.{one.name}"
            for one in dataclasses.fields(limits)
            if "None" in str(one.type) or limits is JsonLimits
        }
    return found


def test_no_switch_is_without_an_attack():
    assert switches() <= set(ATTACKS) | set(WIRE)


def test_every_middleware_can_be_taken_out_but_those_that_only_answer():
    found = {}
    for path in Path(edge.__file__).parent.glob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                methods = {one.name: one for one in node.body if hasattr(one, "name")}
                if "__call__" in methods:
                    made = methods["__init__"].args
                    found[node.name] = "on" in {arg.arg for arg in made.kwonlyargs}
    assert {name for name, has in found.items() if not has} == {"Probes", "Traces", "HttpOnly"}
    assert len(found) - 3 == len(GUARDS) - 1


def test_the_tests_that_need_sockets_or_time_are_there():
    text = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in WIRE.values() if f"def {name}(" not in text] == []


def test_the_guide_has_the_table():
    text = (ROOT / "docs" / "guide" / "security.md").read_text("utf-8")
    table = text.partition("## Guards")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([\w.-]+)` \|", table, re.MULTILINE)) == {*ATTACKS, *WIRE}


def test_a_guard_that_is_not_there_cannot_be_taken_out(small):
    with pytest.raises(UsageError, match="no guard 'acess'"):
        small(off=("acess",))
