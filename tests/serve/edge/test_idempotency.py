"""The header Idempotency-Key."""

from __future__ import annotations

import pytest

from penchant.serve.edge import Caller, HttpProblem, fingerprint, idempotency_key
from penchant.testing.asgi_client import scope_of


def key(*values: str, caller: Caller | None = None) -> str | None:
    headers = [("idempotency-key", value) for value in values]
    return idempotency_key(scope_of("POST", "/v1/events", headers), caller)


def holder(name: str, tenant: str | None = None, key_id: str = "k1") -> Caller:
    return Caller(key_id, name, frozenset({"ingest"}), tenant)


def test_no_header_is_no_key():
    assert key() is None


def test_quotes_make_no_difference():
    assert key('"8e03978e"') == key("8e03978e") == key(" 8e03978e ")
    assert key("8e03978e") != key("8e03978f")


def test_two_callers_may_use_the_same_key():
    keys = {
        key("a"),
        key("a", caller=holder("shop")),
        key("a", caller=holder("app")),
        key("a", caller=holder("shop", "north")),
        key("a", caller=holder("north", "shop")),
        key("orth", caller=holder("shop", "n")),
    }
    assert len(keys) == 6


def test_a_rotated_key_for_access_repeats_the_same_request():
    assert key("a", caller=holder("shop", key_id="old")) == key(
        "a", caller=holder("shop", key_id="new")
    )


@pytest.mark.parametrize("bad", ["", "a b", "x" * 256, "\xe9", '"', "a\x7f", 'a"b'])
def test_a_key_that_cannot_be_used_is_refused(bad: str):
    with pytest.raises(HttpProblem) as raised:
        key(bad)
    assert (raised.value.status, raised.value.code) == (400, "bad-idempotency-key")


def test_two_keys_are_refused():
    with pytest.raises(HttpProblem):
        key("a", "b")


def test_a_fingerprint_is_of_all_that_makes_a_request():
    prints = {
        fingerprint("POST", "/v1/events", b"{}"),
        fingerprint("PUT", "/v1/events", b"{}"),
        fingerprint("POST", "/v1/items", b"{}"),
        fingerprint("POST", "/v1/events", b"{ }"),
        fingerprint("POST", "/v1/event", b"s{}"),
    }
    assert len(prints) == 5
    assert fingerprint("POST", "/v1/events", b"{}") in prints
