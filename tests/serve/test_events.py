"""Telling what people did."""

from __future__ import annotations

import pytest


def event(**more):
    return {"user_id": "ann", "item_id": "s1", "event_time": 1e9} | more


def test_an_event_is_acknowledged_with_its_id(http):
    answer = http.post("/v1/events", json=event(event_id="e1", event="click", value=2.5))
    assert answer.status_code == 202
    assert answer.json() == {
        "results": [{"event_id": "e1", "status": "stored"}],
        "durability": "fsync",
    }
    (stored,) = http.get("/v1/users/ann/events").json()["events"]
    assert stored.pop("received_at") > 1.7e9
    assert stored == {
        "event_id": "e1",
        "user_id": "ann",
        "item_id": "s1",
        "event": "click",
        "event_time": 1e9,
        "value": 2.5,
        "session_id": None,
    }


def test_the_same_id_twice_is_one_event(http):
    answers = [http.post("/v1/events", json=event(event_id="e1")) for _ in range(2)]
    assert [a.json()["results"][0]["status"] for a in answers] == ["stored", "duplicate"]
    assert len(http.get("/v1/users/ann/events").json()["events"]) == 1


def test_an_event_without_an_id_gets_one(http):
    given = [http.post("/v1/events", json=event()).json()["results"][0] for _ in range(2)]
    assert given[0]["event_id"] != given[1]["event_id"]
    assert [one["status"] for one in given] == ["stored", "stored"]


def test_an_event_without_a_time_happens_now(http, service):
    body = {"user_id": "ann", "item_id": "s1"}
    assert http.post("/v1/events", json=body).status_code == 202
    (stored,) = service.log.events_of("ann", 1)
    assert stored.event.event_time == pytest.approx(stored.received_at, abs=5)


@pytest.mark.parametrize("written", ["2001-09-09T01:46:40Z", "2001-09-09T03:46:40+02:00"])
def test_a_time_may_be_written_as_text(http, service, written: str):
    http.post("/v1/events", json=event(event_time=written))
    assert service.log.events_of("ann", 1)[0].event.event_time == 1e9


def test_many_are_answered_one_by_one_in_order(http):
    told = [
        event(event_id="a"),
        event(event_id="a"),
        {"user_id": "ann"},
        event(event_id="b", event_time=1e12),
        event(event_id="c"),
    ]
    answer = http.post("/v1/events", json={"events": told})
    assert answer.status_code == 202
    results = answer.json()["results"]
    status = [one["status"] for one in results]
    assert status == ["stored", "duplicate", "invalid", "invalid", "stored"]
    assert [one["event_id"] for one in results] == ["a", "a", None, None, "c"]
    assert [e["pointer"] for one in results for e in one.get("errors", [])] == [
        "/events/2/item_id",
        "/events/3/event_time",
    ]
    assert "milliseconds" in results[3]["errors"][0]["detail"]


def test_where_all_are_wrong_the_request_is(http):
    answer = http.post("/v1/events", json={"events": [{"user_id": "ann"}, 7]})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {e["pointer"] for e in answer.json()["errors"]} == {"/events/0/item_id", "/events/1"}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"user_id": 7}, "/user_id"),
        ({"user_id": ""}, "/user_id"),
        ({"user_id": "a\u0000b"}, ""),
        ({"user_id": "x" * 300}, "/user_id"),
        ({"item_id": None}, "/item_id"),
        ({"event": "x" * 65}, "/event"),
        ({"event_time": -1.0}, "/event_time"),
        ({"event_time": "yesterday"}, "/event_time"),
        ({"event_time": "2001-09-09T01:46:40"}, "/event_time"),
        ({"event_time": True}, "/event_time"),
        ({"value": "4"}, "/value"),
        ({"color": "red"}, ""),
    ],
)
def test_a_wrong_event_says_where(http, service, change, pointer):
    answer = http.post("/v1/events", json=event(**change))
    assert answer.status_code in (400, 422)
    if answer.status_code == 422:
        assert [e["pointer"] for e in answer.json()["errors"]] == [pointer]
    assert service.log.last_seq() == 0


def test_an_idempotency_key_answers_the_same_again_and_stores_once(http, service):
    headers = {"idempotency-key": "k1"}
    first, second = (http.post("/v1/events", json=event(), headers=headers) for _ in range(2))
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert len(service.log.events_of("ann", 10)) == 1


def test_an_idempotency_key_is_for_one_request(http):
    headers = {"idempotency-key": "k1"}
    http.post("/v1/events", json=event(), headers=headers)
    other = http.post("/v1/events", json=event(item_id="s2"), headers=headers)
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")


def test_the_answer_kept_for_a_key_is_erased_with_its_user(http):
    headers = {"idempotency-key": "k1"}
    http.post("/v1/events", json=event(), headers=headers)
    http.delete("/v1/users/ann")
    assert http.post("/v1/events", json=event(), headers=headers).status_code == 410


def test_what_was_shown_is_kept_once(http, service):
    body = {
        "request_id": "r1",
        "items": ["s1", {"item_id": "s2", "position": 7, "propensity": 0.25}, {"item_id": "s3"}],
        "model_version": "fake-1",
        "user_id": "ann",
        "shown_at": 1e9,
        "policy": "b",
    }
    assert http.post("/v1/impressions", json=body).json()["stored"] == 3
    assert http.post("/v1/impressions", json=body).json()["stored"] == 0
    kept = [stored.impression for stored in service.log.impressions()]
    assert [(one.item_id, one.position, one.propensity) for one in kept] == [
        ("s1", 0, None),
        ("s2", 7, 0.25),
        ("s3", 2, None),
    ]
    assert {(one.user_id, one.model_version, one.policy, one.shown_at) for one in kept} == {
        ("ann", "fake-1", "b", 1e9)
    }


def test_as_many_events_as_the_document_allows_are_within_the_megabyte_of_the_edge():
    from pydantic_core import to_json

    from penchant.serve.edge import BodyLimits
    from penchant.serve.schemas.events import EVENTS

    one = event(event_id="e" * 36, event="purchase", value=4.5, session_id="s" * 36)
    many = [one | {"user_id": "u" * 36, "item_id": "i" * 36, "event_time": 1767225600.123}] * EVENTS
    largest = BodyLimits().largest
    assert largest is not None
    assert len(to_json({"events": many})) < largest


def test_more_events_than_the_document_allows_are_refused(http, service):
    from penchant.serve.schemas.events import EVENTS

    assert http.post("/v1/events", json={"events": [event()] * (EVENTS + 1)}).status_code == 422
    assert service.log.last_seq() == 0
    many = http.post("/v1/events", json={"events": [event()] * EVENTS})
    assert len(many.json()["results"]) == EVENTS
