"""The OpenAPI document says all that there is, and the examples in it work."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

SAID_ONCE = {"requestBody", "responses", "summary", "security", "x-scope", "operationId"}


@pytest.fixture
def document(http) -> dict:
    return http.get("/openapi.json").json()


def operations(document: dict) -> list[tuple[str, str, dict]]:
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_routes_are_these(document):
    assert sorted(f"{method.upper()} {path}" for method, path, _ in operations(document)) == [
        "DELETE /v1/users/{user_id}",
        "GET /v1/admin/changes",
        "GET /v1/admin/experiment",
        "GET /v1/admin/models",
        "GET /v1/admin/status",
        "GET /v1/items",
        "GET /v1/items/{item_id}",
        "GET /v1/users/{user_id}",
        "GET /v1/users/{user_id}/events",
        "POST /v1/admin/promote",
        "POST /v1/admin/reload",
        "POST /v1/admin/rollback",
        "POST /v1/events",
        "POST /v1/explain",
        "POST /v1/impressions",
        "POST /v1/items",
        "POST /v1/recommend",
        "POST /v1/similar",
        "POST /v1/users",
        "PUT /v1/items/{item_id}",
        "PUT /v1/users/{user_id}",
    ]


def test_every_route_says_what_it_does_who_may_and_how_it_refuses(document):
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert operation["x-scope"] in ("read", "ingest", "admin"), where
        assert operation["security"] == [{"key": []}], where
        assert {"401", "403", "422", "429", "503"} <= set(operation["responses"]), where
        (good,) = [code for code in operation["responses"] if code.startswith("2")]
        schema = operation["responses"][good]["content"]["application/json"]["schema"]
        assert schema, where


def test_every_reference_leads_somewhere(document):
    text = json.dumps(document)
    for part in text.split('"#/')[1:]:
        found = document
        for name in part.split('"')[0].split("/"):
            found = found[name]
        assert found
    assert "HTTPValidationError" not in text


def parts(where: str, schema: dict) -> Iterator[tuple[str, dict]]:
    """A schema and what it is made of, each with its name."""
    yield where, schema
    for name, part in schema.get("properties", {}).items():
        yield from parts(f"{where}.{name}", part)
    for part in schema.get("anyOf", []):
        yield from parts(where, part)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from parts(f"{where}[]", schema[key])


def test_every_text_and_list_that_is_sent_has_an_upper_bound(document):
    bounds = {"string": {"maxLength", "enum", "const", "format"}, "array": {"maxItems"}}
    loose = [
        where
        for name, schema in document["components"]["schemas"].items()
        for where, part in (parts(name, schema) if name.endswith("In") else ())
        if part.get("type") in bounds and not bounds[part["type"]] & set(part)
    ]
    assert loose == []


def test_the_examples_of_the_document_are_answered(http, document):
    schemas = document["components"]["schemas"]

    def example(name: str) -> dict:
        required = schemas[name].get("required", [])
        return {
            field: part["examples"][0]
            for field, part in schemas[name]["properties"].items()
            if "examples" in part and (field in required or name == "EventIn")
        }

    assert http.post("/v1/events", json=example("EventIn")).status_code == 202
    fields = schemas["ColumnsIn"]["examples"][0]
    assert http.put("/v1/items/i7", json=fields).status_code == 200
    for field in ("user_id", "history", "query"):
        given = schemas["RecommendIn"]["properties"][field]["examples"][0]
        assert http.post("/v1/recommend", json={field: given}).status_code == 200
    body = {"history": ["s1"], "filter": {"title": "Winter Piano"}}
    assert http.post("/v1/recommend", json=body).status_code == 200


def test_a_refusal_is_what_the_document_says(http, document):
    schema = document["components"]["schemas"]["Wrong"]
    (wrong,) = http.get("/v1/items?limit=0").json()["errors"]
    assert set(wrong) <= set(schema["properties"])
    assert set(schema.get("required", [])) <= set(wrong)
    assert wrong["parameter"] == "limit"


def test_the_document_knows_how_long_an_id_is(document):
    (parameter,) = document["paths"]["/v1/users/{user_id}"]["get"]["parameters"]
    assert (parameter["schema"]["minLength"], parameter["schema"]["maxLength"]) == (1, 256)
    event = document["components"]["schemas"]["EventIn"]["properties"]
    assert event["item_id"]["maxLength"] == 256
    kind = event["event"]
    assert max(part.get("maxLength", 0) for part in [kind, *kind.get("anyOf", [])]) == 64


def test_a_method_that_a_path_lacks_hears_which_it_has(http):
    assert http.options("/v1/users/u1").headers["allow"] == "DELETE, GET, PUT"
    assert http.delete("/v1/items").headers["allow"] == "GET, POST"
    assert http.delete("/nothing").status_code == 404


def test_the_document_is_written_once(http, document, monkeypatch):
    """Anybody may ask for it: 2,500 such requests at once stopped all others for two seconds."""
    monkeypatch.setattr(http.app, "openapi", lambda: pytest.fail("made anew"))
    assert http.get("/openapi.json").json() == document
