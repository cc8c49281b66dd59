"""Items and users: putting, finding, erasing."""

from __future__ import annotations

import pytest

FILM = {"title": "Robots of the Deep", "description": "Robots at war in space"}


def listed(http, **body) -> list[str]:
    answer = http.post("/v1/recommend", json={"k": 10, **body})
    assert answer.status_code == 200, answer.text
    return [one["item_id"] for one in answer.json()["items"]]


def test_a_new_item_is_recommendable_at_once(http):
    assert "new" not in listed(http, query="robots at war in space")
    put = http.put("/v1/items/new", json=FILM)
    assert put.status_code == 200
    assert put.json() == {"id": "new", "seq": 1, "state": "ready", "durability": "fsync"}
    assert "new" in listed(http, query="robots at war in space", k=3)


def test_an_item_that_cannot_be_had_is_in_no_list(http):
    assert "s2" in listed(http, history=["s1"], k=14)
    assert http.put("/v1/items/s2", json={"available": False}).json()["state"] == "ready"
    assert "s2" not in listed(http, history=["s1"], k=14)
    http.put("/v1/items/s2", json={"available": True})
    assert "s2" in listed(http, history=["s1"], k=14)


def test_many_items_are_put_in_one_request(http, service):
    items = [{"item_id": f"n{n}", "fields": FILM} for n in range(5)]
    answer = http.post("/v1/items", json={"items": items})
    assert [one["id"] for one in answer.json()["results"]] == [f"n{n}" for n in range(5)]
    while service.deployed.pending:
        service.deployed.catalogue.work()
    assert {f"n{n}" for n in range(5)} <= set(listed(http, query="robots at war in space"))


def test_an_item_tells_its_columns(http):
    assert http.get("/v1/items/s1").json() == {"id": "s1", "fields": {"title": "Star Harbour"}}
    http.put("/v1/items/s1", json=FILM)
    assert http.get("/v1/items/s1").json() == {"id": "s1", "fields": FILM}
    assert http.get("/v1/items/none-such").status_code == 404


def test_the_catalogue_is_found_by_title_or_id(http):
    found = http.get("/v1/items", params={"query": "STAR"}).json()
    assert found == {"items": [{"item_id": "s1", "title": "Star Harbour"}], "total": 1}
    page = http.get("/v1/items", params={"limit": 2, "offset": 1}).json()
    assert [one["item_id"] for one in page["items"]] == ["s2", "s3"]
    assert page["total"] == 14


@pytest.mark.parametrize(
    "fields",
    [
        {"item_id": "other"},
        {"title": {"deep": 1}},
        {"title": [["deep"]]},
        {"": "x"},
    ],
)
def test_columns_that_cannot_be_kept_are_refused(http, service, fields):
    assert http.put("/v1/items/new", json=fields).status_code == 422
    assert service.log.last_seq() == 0


def test_an_item_that_cannot_be_recommended_says_why(http):
    put = http.put("/v1/items/new", json={"available": "maybe"}).json()
    assert put["state"] == "failed"
    assert "true and false" in put["reason"]


def test_an_item_without_text_says_that_nothing_places_it(http):
    put = http.put("/v1/items/new", json={"price": 3}).json()
    assert put["state"] == "ready"
    assert "no text to place it by" in put["reason"]
    again = http.put("/v1/items/new", json=FILM).json()
    assert (again["state"], "reason" in again) == ("ready", False)


def test_a_user_is_put_and_told(http):
    assert http.get("/v1/users/ann").status_code == 404
    assert http.put("/v1/users/ann", json={"country": "FR"}).json()["seq"] == 1
    assert http.get("/v1/users/ann").json() == {"id": "ann", "fields": {"country": "FR"}}
    many = {"users": [{"user_id": "bob", "fields": {"age": 31}}]}
    assert http.post("/v1/users", json=many).json()["results"] == [{"id": "bob", "seq": 2}]


def test_somebody_who_is_erased_is_a_stranger(http):
    stranger = listed(http, user_id="stranger")
    http.post("/v1/events", json={"user_id": "ann", "item_id": "s1"})
    http.put("/v1/users/ann", json={"country": "FR"})
    assert listed(http, user_id="ann") != stranger
    removed = http.delete("/v1/users/ann").json()["removed"]
    assert (removed["events"], removed["users"]) == (1, 1)
    assert listed(http, user_id="ann") == stranger
    assert http.get("/v1/users/ann/events").json() == {"events": []}
    assert http.get("/v1/users/ann").status_code == 404


def test_a_user_of_the_training_events_can_be_erased_too(http):
    assert listed(http, user_id="u0") != listed(http, user_id="stranger")
    http.delete("/v1/users/u0")
    assert listed(http, user_id="u0") == listed(http, user_id="stranger")


def test_events_are_told_newest_first_and_by_pages(http):
    told = [{"user_id": "ann", "item_id": f"s{n}", "event_time": 1e9 + n} for n in (2, 1, 3)]
    http.post("/v1/events", json={"events": told})
    first = http.get("/v1/users/ann/events", params={"limit": 2}).json()["events"]
    assert [one["item_id"] for one in first] == ["s3", "s2"]
    before = first[-1]["event_time"]
    rest = http.get("/v1/users/ann/events", params={"before": before}).json()["events"]
    assert [one["item_id"] for one in rest] == ["s1"]


def test_items_that_are_being_read_hold_no_thread(service):
    import anyio
    import httpx
    from anyio import to_thread

    from penchant.live import ItemState
    from penchant.serve.app import create_app
    from penchant.serve.tenant import Tenant

    looked: list[str] = []

    def still_being_read(item_id: str) -> ItemState:
        looked.append(item_id)
        return ItemState("ready" if "done" in looked else "pending")

    service.items.stands = still_being_read

    async def put_many() -> None:
        app = create_app({"": Tenant.of(service)})
        transport = httpx.ASGITransport(app)
        to_thread.current_default_thread_limiter().total_tokens = 3
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
            anyio.create_task_group() as group,
        ):
            for n in range(6):
                group.start_soon(lambda n=n: client.put(f"/v1/items/n{n}", json=FILM))
            with anyio.fail_after(30):
                while len(set(looked)) < 6:
                    await anyio.sleep(0.01)
            looked.append("done")

    anyio.run(put_many)
    assert {f"n{n}" for n in range(6)} < set(looked)
