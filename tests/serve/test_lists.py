"""Asking what somebody would like."""

from __future__ import annotations

from contextlib import closing

import pytest
from starlette.testclient import TestClient


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["item_id"] for one in answer.json()["items"]]


def test_the_next_list_knows_of_an_event_that_was_acknowledged(http):
    before = ids(http.post("/v1/recommend", json={"user_id": "new", "k": 5}))
    http.post("/v1/events", json={"user_id": "new", "item_id": "s1"})
    after = ids(http.post("/v1/recommend", json={"user_id": "new", "k": 5}))
    assert after != before
    assert "s1" not in after
    assert after == ids(http.post("/v1/recommend", json={"history": ["s1"], "k": 5}))


def test_a_user_of_the_training_events_is_known(http, engine):
    told = http.post("/v1/recommend", json={"user_id": "u0", "k": 4})
    wanted = engine.recommender.recommend(user="u0", k=4)
    assert ids(told) == [one.item for one in wanted]


def test_a_list_names_its_model_and_its_request(http):
    answer = http.post("/v1/recommend", json={"user_id": "u0"})
    assert answer.json()["model_version"] == "fake-1"
    assert answer.headers["x-model-version"] == "fake-1"
    assert "request_id" in answer.json()


def test_words_find_what_they_describe(http):
    found = ids(http.post("/v1/recommend", json={"query": "robots in space", "k": 3}))
    assert all(name.startswith("s") or name == "cold" for name in found)


def test_similar_items_leave_the_item_out(http, engine):
    found = ids(http.post("/v1/similar", json={"item_id": "s1", "k": 3}))
    assert len(found) == 3
    assert "s1" not in found
    assert found == ids(http.post("/v1/recommend", json={"similar_to": "s1", "k": 3}))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/similar", {"item_id": "nothing"}),
        ("/v1/recommend", {"similar_to": "nothing"}),
        ("/v1/explain", {"user_id": "u0", "item_id": "nothing"}),
    ],
)
def test_an_item_that_nobody_knows_is_not_found(http, path, body):
    answer = http.post(path, json=body)
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("no-such-item")
    assert "nothing" not in answer.text


@pytest.fixture
def by_events(engine):
    """The routes of a model that knows items by their events only."""
    from penchant.engine import Engine, Estimator
    from penchant.live import Follower
    from penchant.models import by_name
    from penchant.serve.app import create_app
    from penchant.serve.deployed import Deployed
    from penchant.serve.service import Service
    from penchant.serve.tenant import Tenant
    from penchant.testing import tiny_dataset
    from penchant.testing.memory_log import MemoryLog

    knn = by_name("item-knn")
    log = MemoryLog()
    follower = Follower(log)
    fitted = Engine.of(Estimator(knn, knn.Config()).fit(tiny_dataset()), version="knn-1")
    service = Service(log, follower, Deployed(fitted, log, follower))
    with closing(service), TestClient(create_app({"": Tenant.of(service)})) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/similar", {"item_id": "new"}),
        ("/v1/explain", {"user_id": "u0", "item_id": "new"}),
    ],
)
def test_an_item_that_was_put_and_cannot_be_placed_is_told_apart(by_events, path, body):
    assert by_events.post(path, json=body).json()["type"].endswith("no-such-item")
    put = by_events.put("/v1/items/new", json={"title": "Robots"}).json()
    assert put["state"] == "failed"
    answer = by_events.post(path, json=body)
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("item-not-placed")
    assert "Put it first" not in answer.json()["detail"]
    assert "after the next training" in answer.json()["detail"]


def test_a_model_without_vectors_says_what_is_like_an_item(by_events):
    found = ids(by_events.post("/v1/similar", json={"item_id": "s1", "k": 3}))
    assert found == ids(by_events.post("/v1/recommend", json={"history": ["s1"], "k": 3}))
    assert len(found) == 3


def test_pages_of_a_list_join_up(http):
    whole = ids(http.post("/v1/recommend", json={"user_id": "u0", "k": 6}))
    pages = [
        ids(http.post("/v1/recommend", json={"user_id": "u0", "k": 2, "offset": offset}))
        for offset in (0, 2, 4)
    ]
    assert [name for page in pages for name in page] == whole


def test_what_is_excluded_is_not_listed(http):
    first = ids(http.post("/v1/recommend", json={"user_id": "u0", "k": 3}))
    rest = ids(http.post("/v1/recommend", json={"user_id": "u0", "k": 3, "exclude": first}))
    assert set(first).isdisjoint(rest)


def test_a_filter_is_kept(http):
    body = {"user_id": "u0", "k": 5, "filter": {"title": ["Winter Piano", "Paper Boats"]}}
    assert set(ids(http.post("/v1/recommend", json=body))) <= {"r4", "r6"}


def test_a_filter_on_a_column_that_is_not_there_is_refused_with_those_that_are(http):
    answer = http.post("/v1/recommend", json={"user_id": "u0", "filter": {"colour": "red"}})
    assert answer.status_code == 422
    assert "colour" not in answer.text
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/filter", "no-such-column")
    assert error["detail"] == "The items have no such column. They have: item_id, title."


def test_the_column_that_was_meant_is_named(http):
    wanted = {"title": "Winter Piano", "titles": "Paper Boats"}
    answer = http.post("/v1/similar", json={"item_id": "s1", "filter": wanted})
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/filter/titles"
    assert "Did you mean title?" in error["detail"]


def test_a_test_that_does_not_fit_its_column_is_named(http):
    answer = http.post("/v1/recommend", json={"user_id": "u0", "filter": {"title": {"min": 3}}})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/filter/title", "unfit-test")


def test_an_unknown_field_of_a_question_is_named(http):
    answer = http.post("/v1/recommend", json={"user_id": "u0", "top_k": 3})
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/top_k", "extra-forbidden")
    assert error["detail"].endswith("Did you mean k?")


def test_reasons_come_where_they_are_asked_for(http):
    plain = http.post("/v1/recommend", json={"history": ["s1"], "k": 2}).json()
    assert "reasons" not in plain["items"][0]
    told = http.post("/v1/recommend", json={"history": ["s1"], "k": 2, "explain": True}).json()
    assert "because you liked Star Harbour" in told["items"][0]["reasons"][0]
    assert isinstance(told["decisions"], list)


def test_one_item_is_explained(http):
    told = http.post("/v1/explain", json={"history": ["s1"], "item_id": "s2"}).json()
    assert told["reasons"][0]["item_id"] == "s1"
    assert told["reasons"][0]["text"] == "because you liked Star Harbour"
    assert told["reasons"][0]["effect"] > 0
    assert told["barred"] == []


def test_what_keeps_an_item_from_the_list_is_said(http):
    told = http.post("/v1/explain", json={"history": ["s1"], "item_id": "s1"}).json()
    assert told["barred"]
    assert told["barred"][0]["text"]


def test_an_effect_without_bounds_is_null(http):
    told = http.post("/v1/explain", json={"query": "robots", "item_id": "s2"})
    assert told.status_code == 200
    assert told.json()["reasons"][0]["effect"] is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "nothing-asked"),
        ({"history": []}, "nothing-asked"),
        ({"user_id": "u0", "k": 0}, "greater-than-equal"),
        ({"user_id": "u0", "k": 1001}, "less-than-equal"),
        ({"user_id": "u0", "k": "5"}, "int-type"),
        ({"user_id": "u0", "diversity": 2}, "less-than-equal"),
        ({"user_id": "u0", "kk": 2}, "extra-forbidden"),
    ],
)
def test_a_wrong_question_says_what_is_wrong(http, body, code):
    answer = http.post("/v1/recommend", json=body)
    assert answer.status_code == 422
    assert code in [e["code"] for e in answer.json()["errors"]]


def test_one_bad_question_fails_alone_in_its_batch(service):
    from penchant.core import UsageError
    from penchant.engine import Answer, Ask

    good, bad = Ask(user_id="u0", k=2), Ask(user_id="u0", filter={"colour": "red"})
    found = service.answers([good, bad, good])
    assert [type(one) for one in found] == [Answer, UsageError, Answer]
    assert found[0].items == found[2].items


def test_the_check_asks_the_model_itself(service, engine, monkeypatch):
    service.check()
    asked = engine.recommender.model
    monkeypatch.setattr(type(asked), "score", broken)
    monkeypatch.setattr(type(asked), "user_vectors", broken, raising=False)
    with pytest.raises(RuntimeError, match="the model is broken"):
        service.check()


def broken(*_):
    raise RuntimeError("the model is broken")
