"""``penchant.Client``, against a real server on a thread, and against a server that fails."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest
import uvicorn

from penchant.core import Event, ServiceError
from penchant.serve import Client
from penchant.serve.app import create_app
from penchant.serve.paths import RawPath
from penchant.serve.tenant import Tenant
from penchant.testing.serving import serving


@pytest.fixture
def client(service) -> Iterator[Client]:
    app = RawPath(create_app({"": Tenant.of(service)}))
    config = uvicorn.Config(app, log_config=None, ws="none")
    with serving(config) as served, Client(f"http://127.0.0.1:{served.port}") as client:
        yield client


def test_an_event_told_changes_the_next_list(client: Client):
    before = client.recommend(user="ann", k=3)
    assert client.record("ann", "s1", "click", time=1e9).status == "stored"
    after = client.recommend(user="ann", k=3)
    assert before.ids != after.ids
    assert after.ids == [item.item for item in after]
    assert after.model_version == "fake-1"
    assert client.events("ann")[0].item_id == "s1"


def test_many_events_are_told_in_parts(client: Client):
    told = [Event("ann", f"i{n}", 1e9 + n, f"e{n}") for n in range(2_500)]
    assert {one.status for one in client.record_many(told)} == {"stored"}
    assert {one.status for one in client.record_many(told)} == {"duplicate"}
    assert client.events("ann", limit=1)[0] == told[-1]


def test_an_invalid_event_among_many_says_why(client: Client):
    first, second = client.record_many([{"user_id": "ann", "item_id": "s1"}, {"user_id": "ann"}])
    assert first.status == "stored"
    assert second.status == "invalid"
    assert second.errors == ("/events/1/item_id: Field required",)


def test_reasons_are_told(client: Client):
    listed = client.recommend(history=["s1"], k=2, explain=True)
    assert "because you liked Star Harbour" in listed[0].reasons
    (reason, *_) = client.explain("s2", history=["s1"])
    assert (reason.item, str(reason)) == ("s1", "because you liked Star Harbour")


def test_items_are_put_and_found_by_words(client: Client):
    assert client.put_item("new", title="Robots of the Deep", description="Robots at war in space")
    assert "new" in client.recommend(query="robots at war in space", k=3).ids
    client.put_items({"newer": {"title": "Two"}, "newest": {"title": "Three"}})
    assert client.item("newest") == {"title": "Three"}
    assert "new" in client.similar("s1", k=14).ids


def test_long_items_are_put_in_parts_that_the_edge_takes():
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(200, json={})

    with Client(transport=httpx.MockTransport(answer)) as client:
        client.put_items({f"i{n}": {"description": "wörter " * 400} for n in range(800)})
    assert max(map(len, bodies)) < 2**20
    assert sum(len(json.loads(body)["items"]) for body in bodies) == 800


@pytest.mark.parametrize("name", ["a/b", "..", ".", "100%", "ü?#&", "a b", "雨", "%2F"])
def test_any_id_is_told_apart(client: Client, name: str):
    client.put_item(name, title="Strange")
    assert client.item(name) == {"title": "Strange"}
    client.record(name, "s1")
    assert len(client.events(name)) == 1
    assert client.erase(name)["events"] == 1
    assert client.events(name) == []


def test_what_was_shown_is_told_by_the_list_itself(client: Client, service):
    listed = client.recommend(user="u0", k=3)
    object.__setattr__(listed, "request_id", "r1")  # the edge gives it, and is not here
    assert client.shown(listed, user="u0") == 3
    assert client.shown(listed, user="u0") == 0
    kept = [stored.impression.item_id for stored in service.log.impressions()]
    assert kept == listed.ids


def test_a_refusal_says_what_and_where(client: Client):
    with pytest.raises(ServiceError, match=r"POST /v1/recommend: 422: .* /k ") as refused:
        client.recommend(user="u0", k=0)
    assert refused.value.status == 422


def test_nobody_there_is_an_error_that_says_so():
    with (
        Client("http://127.0.0.1:9", retries=0) as client,
        pytest.raises(ServiceError, match="penchant serve") as lost,
    ):
        client.status()
    assert lost.value.status is None


class Failing:
    """A server that gives some answers in order, and remembers what it was asked."""

    def __init__(self, *answers: Callable[[httpx.Request], httpx.Response]) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.waits: list[float] = []

    def client(self) -> Client:
        def answer(request: httpx.Request) -> httpx.Response:
            self.asked.append(request)
            return self.answers.pop(0)(request)

        client = Client(transport=httpx.MockTransport(answer))
        client._at._sleep = self.waits.append
        return client


def lost(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("the connection broke", request=request)


def busy(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503, headers={"retry-after": "3"}, json={"detail": "Later."})


def stored(request: httpx.Request) -> httpx.Response:
    event_id = json.loads(request.content)["event_id"]
    return httpx.Response(202, json={"results": [{"event_id": event_id, "status": "stored"}]})


def test_an_event_is_told_again_under_the_same_id_until_it_is_heard():
    server = Failing(lost, busy, stored)
    assert server.client().record("ann", "s1").status == "stored"
    assert len({json.loads(request.content)["event_id"] for request in server.asked}) == 1
    assert len(server.waits) == 2
    assert server.waits[0] <= 0.1
    assert server.waits[1] == 3.0


def test_it_gives_up_after_some_tries():
    server = Failing(*[busy] * 4)
    with pytest.raises(ServiceError, match="503: Later") as refused:
        server.client().record("ann", "s1")
    assert refused.value.status == 503
    assert len(server.asked) == 4


def test_what_may_not_be_done_twice_is_tried_once():
    server = Failing(lost)
    with pytest.raises(ServiceError):
        server.client().roll_back()
    assert len(server.asked) == 1


def test_a_refusal_without_a_problem_document_is_told_too():
    server = Failing(lambda _: httpx.Response(404, text="<html>"))
    with pytest.raises(ServiceError, match="404: Not Found"):
        server.client().status()


def test_the_client_needs_neither_server_nor_model():
    code = (
        "import sys; from penchant.serve import Client; print({'fastapi', 'uvicorn', 'pydantic', "
        "'torch', 'apsw', 'polars', 'faiss'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
