"""What is wrong with a body, told without the body."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, Field, ValidationError

from penchant.serve.edge import (
    HttpProblem,
    Id,
    StrictModel,
    clean_id,
    field_errors,
    names_of,
    read_model,
)
from penchant.testing.asgi_client import ask

CANARY = "kanarienvogel"


def not_a_canary(text: str) -> str:
    if CANARY in text:
        raise ValueError(f"no {text} here")
    return text


class Click(StrictModel):
    kind: Literal["click"]
    item_id: Id


class Rating(StrictModel):
    kind: Literal["rating"]
    value: float


class Body(StrictModel):
    user_id: Id
    k: int = 10
    note: Annotated[str, AfterValidator(not_a_canary)] = ""
    events: list[Click | Rating] = Field(default=[])
    filter: dict[str, float | dict[str, float]] = Field(default={})


def outcome(body: bytes) -> HttpProblem | None:
    try:
        read_model(body, Body)
    except HttpProblem as problem:
        return problem
    return None


def wrong(document: object) -> list[tuple[str | None, str]]:
    with pytest.raises(HttpProblem) as raised:
        read_model(json.dumps(document).encode(), Body)
    assert (raised.value.status, raised.value.code) == (422, "invalid-body")
    return [(error.pointer, error.code) for error in raised.value.errors]


def test_a_good_body_is_a_model():
    assert read_model(b'{"user_id": "u1", "k": 3}', Body) == Body(user_id="u1", k=3)


def test_every_place_is_told_at_once():
    assert wrong({"k": "3", "note": None}) == [
        ("/user_id", "missing"),
        ("/k", "int-type"),
        ("/note", "string-type"),
    ]


def test_a_pointer_goes_into_lists():
    document = {"user_id": "u", "events": [{"kind": "click", "item_id": "i"}, {"kind": "click"}]}
    assert ("/events/1/item_id", "missing") in wrong(document) or (
        "/events/1",
        "missing",
    ) in wrong(document)


@pytest.mark.parametrize(
    ("body", "pointer", "meant"),
    [
        ({"user_id": "u1", "usre_id": "u2"}, "/usre_id", "user_id"),
        ({"user_id": "u1", "limit": 3}, "/limit", "k"),
        (
            {"user_id": "u", "events": [{"kind": "rating", "value": 1, "score": 4}]},
            "/events/0/score",
            "value",
        ),
    ],
)
def test_an_unknown_field_that_is_near_to_a_known_one_is_named(body, pointer, meant):
    with pytest.raises(HttpProblem) as raised:
        read_model(json.dumps(body).encode(), Strayed)
    (error,) = raised.value.errors
    assert (error.pointer, error.code) == (pointer, "extra-forbidden")
    assert error.detail.endswith(f"Did you mean {meant}?")


class Strayed(StrictModel):
    user_id: Id
    k: int = 10
    events: list[Rating] = Field(default=[])


@pytest.mark.parametrize(
    "name", ["kanarienvogel", "user_id<b>", "usre id", "user_id\u202e", "x" * 99]
)
def test_any_other_is_told_by_its_object(name: str):
    with pytest.raises(HttpProblem) as raised:
        read_model(json.dumps({"user_id": "u1", name: 1}).encode(), Body)
    (error,) = raised.value.errors
    assert (error.pointer, error.code) == ("", "extra-forbidden")
    assert error.detail.endswith("/openapi.json lists those that there are.")


def test_names_that_the_client_made_up_end_the_pointer():
    assert wrong({"user_id": "u", "filter": {"price": {"max": "x"}}})[0][0] == "/filter"


def test_a_document_that_is_no_object_is_wrong_as_a_whole():
    assert wrong(["u1"]) == [("", "model-type")]


def test_at_most_twenty_places_are_told():
    events = [{"kind": "click", "item_id": 1}] * 500
    assert len(wrong({"user_id": "u", "events": events})) == 20


@pytest.mark.parametrize(
    "document",
    [
        CANARY,
        {CANARY: 1},
        {"user_id": "u", "note": CANARY},
        {"user_id": "u", "k": CANARY},
        {"user_id": "u", "filter": {CANARY: {CANARY: CANARY}}},
        {"user_id": "u", "events": [{"kind": CANARY}]},
        {"user_id": "u", "events": [{"kind": "click", CANARY: 1}]},
        {"user_id": CANARY * 100},
    ],
    ids=range(8),
)
def test_nothing_of_the_body_comes_back(document: object):
    with pytest.raises(HttpProblem) as raised:
        read_model(json.dumps(document).encode(), Body)
    assert CANARY not in raised.value.body().decode()


@given(
    st.recursive(
        st.just(CANARY) | st.integers() | st.none(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([CANARY, *Body.model_fields, "kind"]), inner, max_size=4
            )
        ),
    )
)
def test_nothing_of_any_body_comes_back(document: object):
    problem = outcome(json.dumps(document).encode())
    assert problem is None or CANARY not in problem.body().decode()


def test_pydantic_itself_would_send_it_back():
    with pytest.raises(ValidationError) as raised:
        Body.model_validate({"user_id": "u", "note": CANARY})
    assert CANARY in json.dumps(raised.value.errors(include_context=False))
    told = field_errors(
        raised.value.errors(include_context=False), names_of(Body.model_json_schema())
    )
    assert CANARY not in str(told)


def test_a_route_of_fastapi_tells_them_too(small):
    answer = ask(small().app, "POST", "/v1/events", body=b'{"user_id": "u1", "value": "4"}')
    assert answer.status == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        ("/item_id", "missing"),
        ("/event_time", "missing"),
        ("/value", "float-type"),
    ]


def test_a_wrong_parameter_is_told_by_its_name(small):
    answer = ask(small().app, "GET", f"/v1/users/u1/events?limit={CANARY}")
    assert (answer.status, answer.code) == (422, "invalid-parameter")
    (error,) = answer.json()["errors"]
    assert error["parameter"] == "limit"
    assert CANARY not in answer.body.decode()


def test_a_missing_body_is_wrong_as_a_whole(small):
    answer = ask(small().app, "POST", "/v1/events")
    assert (answer.status, answer.code) == (422, "invalid-body")


@pytest.mark.parametrize("good", ["u1", "Zoë", "a b", "用户", "👩‍🚀", "می‌خواهم", "a/b", " u1"])
def test_an_id_may_be_any_text_that_can_be_seen(good: str):
    assert clean_id(good) == good


def test_an_id_has_one_spelling():
    assert clean_id("Zoe\u0308") == clean_id("Zo\xeb") == "Zo\xeb"


@pytest.mark.parametrize(
    "bad",
    ["", " ", "u" * 257, "a\nb", "a\x00", "\u202eab", "a\u200bb", "\ufeffa", "\ufffe", "\ue000"],
)
def test_an_id_that_cannot_be_seen_is_refused(bad: str):
    with pytest.raises(ValueError, match="An id has"):
        clean_id(bad)
