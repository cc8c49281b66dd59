"""Who may call what, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from penchant.core import UsageError
from penchant.serve.edge import (
    ANYBODY,
    Access,
    Caller,
    KeyFile,
    Keyring,
    OwnBuckets,
    RateLimit,
    Rates,
    Rule,
    Rules,
)
from penchant.testing.access_matrix import access_cases, credentials
from penchant.testing.asgi_client import ask

POLICY = {
    ("POST", "/v1/events"): "ingest",
    ("PUT", "/v1/items/{item_id}"): "ingest",
    ("POST", "/v1/recommend"): "read",
    ("GET", "/v1/users/{user_id}/events"): "read",
    ("DELETE", "/v1/users/{user_id}"): "admin",
    ("POST", "/v1/admin/break"): "admin",
    ("POST", "/v1/admin/refuse"): "admin",
}


def wrong_answers(made, cases) -> list[str]:
    """The cases that went another way than the policy says; a fault that is meant is none."""
    return [
        f"{case}: {status}"
        for case in cases
        if "/v1/admin/break" not in case.target
        and not case.is_right(
            status := ask(
                made.app, case.method, case.target, headers=list(case.credential.headers)
            ).status
        )
    ]


def test_every_route_with_every_credential(small):
    made = small(anybody=None)
    cases = access_cases(made.inner.openapi(), POLICY, credentials(made.keys))
    assert len(cases) >= 1_000
    assert wrong_answers(made, cases) == []


def test_with_the_guard_off_the_matrix_is_red(tmp_path: Path, tells):
    keys = KeyFile(tmp_path)
    shown = credentials(keys)
    app = Access(tells, Rules(), Keyring(keys), on=False)
    openapi = {"paths": {"/v1/recommend": {"post": {}}}}
    cases = access_cases(openapi, {("POST", "/v1/recommend"): "read"}, shown)
    wrong = [
        case
        for case in cases
        if not case.is_right(
            ask(app, case.method, case.target, headers=list(case.credential.headers)).status
        )
    ]
    assert len(wrong) > len(cases) / 2


def test_the_matrix_knows_a_route_without_a_policy(tmp_path: Path):
    openapi = {"paths": {"/v1/new": {"post": {}}}}
    with pytest.raises(AssertionError, match="who may call"):
        access_cases(openapi, {}, [])
    with pytest.raises(AssertionError, match="does not"):
        access_cases({"paths": {}}, POLICY, [])


@pytest.mark.parametrize(
    "target",
    [
        "/v1/recommend/",
        "//v1/recommend",
        "/v1//recommend",
        "/V1/recommend",
        "/v1/recommend;a",
        "/v1/./recommend",
        "/v1/users/a/b/events",
        "/v1/users//events",
        "/unknown",
        "*",
    ],
)
def test_a_path_that_no_rule_knows_is_for_admin(tmp_path: Path, tells, target: str):
    keys = KeyFile(tmp_path)
    _, reader = keys.add("reader", ["read", "ingest"])
    _, admin = keys.add("admin", ["admin"])
    app = Access(tells, Rules(), Keyring(keys))
    for method in ("GET", "POST", "DELETE"):
        assert ask(app, method, target, headers={"authorization": f"Bearer {reader}"}).status == 403
        assert ask(app, method, target, headers={"authorization": f"Bearer {admin}"}).status == 200


def test_a_slash_in_an_id_parts_no_path(tmp_path: Path, tells):
    keys = KeyFile(tmp_path)
    _, reader = keys.add("reader", ["read"])
    app = Access(tells, Rules(), Keyring(keys))
    asked = ask(app, "GET", "/v1/users/a%2Fb/events", headers={"authorization": f"Bearer {reader}"})
    assert asked.status == 200


def test_public_pages_need_no_key(tmp_path: Path, tells):
    keys = KeyFile(tmp_path)
    keys.add("a", ["read"])
    app = Access(tells, Rules(), Keyring(keys))
    for target in ("/livez", "/openapi.json", "/console", "/console/app.js"):
        answer = ask(app, "GET", target)
        assert answer.status == 200
        assert answer.scope["state"]["caller"].scopes == frozenset()
    assert ask(app, "POST", "/console").status == 401
    assert ask(app, "GET", "/metrics").status == 401


def test_a_refusal_says_what_is_missing(tmp_path: Path, tells):
    keys = KeyFile(tmp_path)
    _, reader = keys.add("a", ["read"])
    app = Access(tells, Rules(), Keyring(keys))
    none = ask(app, "POST", "/v1/events")
    assert (none.status, none.code) == (401, "no-key")
    assert none.headers["www-authenticate"] == 'Bearer realm="penchant"'
    wrong = ask(app, "POST", "/v1/events", headers={"authorization": "Bearer nonsense"})
    assert (wrong.status, wrong.code) == (401, "bad-key")
    assert "nonsense" not in wrong.body.decode()
    weak = ask(app, "POST", "/v1/events", headers={"authorization": f"Bearer {reader}"})
    assert (weak.status, weak.code) == (403, "missing-scope")
    assert 'scope="ingest"' in weak.headers["www-authenticate"]
    assert tells.asked == 0


def test_on_loopback_without_keys_everybody_may_until_there_is_a_key(tmp_path: Path, tells):
    keys = KeyFile(tmp_path)
    app = Access(tells, Rules(), Keyring(keys, every=0.0), anybody=ANYBODY)
    assert ask(app, "DELETE", "/v1/users/u1").status == 200
    keys.add("a", ["read"])
    assert ask(app, "DELETE", "/v1/users/u1").status == 401


def test_off_loopback_nobody_gets_in_without_a_key(tmp_path: Path, tells):
    app = Access(tells, Rules(), Keyring(KeyFile(tmp_path)), anybody=None)
    assert ask(app, "POST", "/v1/recommend").status == 401


def test_the_rules_are_checked():
    with pytest.raises(UsageError, match="unknown scope"):
        Rules([Rule("GET", "/x", "everybody")])
    with pytest.raises(UsageError, match="two rules"):
        Rules([Rule("GET", "/x", "read"), Rule("GET", "/x", "admin")])


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Known:
    """Stands where ``Access`` would, and says who asks."""

    def __init__(self, app, caller: Caller | None) -> None:
        self.app, self.caller = app, caller

    async def __call__(self, scope, receive, send):
        scope["state"]["caller"] = self.caller
        await self.app(scope, receive, send)


def flood(app, times: int = 4, client: str = "10.0.0.1") -> list[int]:
    return [ask(app, "GET", "/", client=(client, 1)).status for _ in range(times)]


def test_a_caller_is_limited_and_told_when_to_come_back(tells):
    caller = Caller("k1", "a", frozenset({"read"}))
    limit = RateLimit(tells, OwnBuckets(Rates(0.1, 3), clock=Clock()))
    app = Known(limit, caller)
    assert flood(app) == [200, 200, 200, 429]
    answer = ask(app, "GET", "/")
    assert (answer.code, answer.headers["retry-after"]) == ("too-many-requests", "10")
    other = Known(limit, Caller("k2", "b", frozenset({"read"})))
    assert flood(other) == [200, 200, 200, 429], "each caller has its own"


def test_callers_without_a_key_are_told_apart_by_address(tells):
    app = Known(
        RateLimit(tells, OwnBuckets(Rates(0.1, 3), clock=Clock())), Caller("", "", frozenset())
    )
    assert flood(app) == [200, 200, 200, 429]
    assert flood(app, client="10.0.0.2") == [200, 200, 200, 429]


def test_nobody_is_limited_on_a_machine_of_their_own(tells):
    app = Known(RateLimit(tells, OwnBuckets(Rates(0.1, 3), clock=Clock())), ANYBODY)
    assert flood(app, 10) == [200] * 10


def test_with_the_limit_off_a_flood_gets_through(tells):
    limit = RateLimit(tells, OwnBuckets(Rates(0.1, 3), clock=Clock()), on=False)
    assert flood(Known(limit, Caller("k1", "a", frozenset({"read"}))), 10) == [200] * 10


@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "via", "x-real-ip"])
def test_what_comes_through_a_proxy_needs_a_key_on_loopback_too(tmp_path: Path, tells, name: str):
    """A proxy on the same machine makes strangers look like it."""
    app = Access(tells, Rules(), Keyring(KeyFile(tmp_path)), anybody=ANYBODY)
    through = {name: "203.0.113.9"}
    answer = ask(app, "POST", "/v1/recommend", headers=through)
    assert (answer.status, answer.code) == (401, "no-key")
    assert ask(app, "GET", "/console", headers=through).status == 200
    assert ask(app, "POST", "/v1/recommend").status == 200
