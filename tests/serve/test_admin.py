"""The models and how the service is, over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from penchant.engine import Engine, ItemKNN
from penchant.serve.app import create_app
from penchant.serve.config import ServeConfig
from penchant.serve.opening import open_service
from penchant.serve.routes.admin import TOLD, _models
from penchant.serve.tenant import Tenant
from penchant.store import Standing
from penchant.testing import tiny_dataset


@pytest.fixture
def admin(tmp_path: Path):
    """A service on the run ``first``, with ``second`` beside it."""
    data = tiny_dataset()
    for name, neighbours in {"first": 50, "second": 2}.items():
        Engine.of(ItemKNN(neighbours=neighbours).fit(data)).save(tmp_path / "runs" / name)
    service, swaps = open_service(tmp_path / "data", tmp_path / "runs" / "first")
    with TestClient(create_app({"": Tenant.of(service, swaps)})) as client:
        yield client


def test_the_status_counts_what_was_asked(http):
    for _ in range(3):
        http.post("/v1/recommend", json={"user_id": "u0"})
    status = http.get("/v1/admin/status").json()
    assert status["model_version"] == "fake-1"
    assert status["asking"] == {"calls": 3, "answered": 3, "waiting": 0}
    assert status["items"] == 14
    assert status["items_put"] == {"pending": 0, "ready": 0, "failed": 0}


def test_what_happens_is_told_in_order(http):
    http.put("/v1/items/new", json={"title": "New"})
    http.post("/v1/events", json={"user_id": "ann", "item_id": "s1", "event_id": "e1"})
    http.put("/v1/users/bob", json={"age": 4})
    http.delete("/v1/users/bob")
    told = http.get("/v1/admin/changes", params={"after": 0}).json()
    assert [one["kind"] for one in told["changes"]] == ["item", "event", "erased"]
    assert told["changes"][1]["item_id"] == "s1"
    assert told["last_seq"] == told["changes"][-1]["seq"]
    assert "bob" not in str(told)
    rest = http.get("/v1/admin/changes", params={"after": told["changes"][0]["seq"]}).json()
    assert rest["changes"] == told["changes"][1:]
    last = http.get("/v1/admin/changes", params={"limit": 1}).json()
    assert last["changes"] == told["changes"][-1:]


def test_without_a_registry_there_is_nothing_to_swap(http):
    for path in ("reload", "rollback"):
        answer = http.post(f"/v1/admin/{path}")
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("no-registry")


@pytest.mark.slow
def test_models_are_listed_taken_in_promoted_and_rolled_back(admin):
    (first,) = admin.get("/v1/admin/models").json()["models"]
    assert (first["model"], first["current"], first["about"]["items"]) == ("item-knn", True, 14)
    taken = admin.post("/v1/admin/reload", json={"run": "second"})
    assert taken.status_code == 200
    second = taken.json()["version"]
    assert taken.json()["current"] == second
    assert taken.headers["x-model-version"] == second
    assert admin.post("/v1/recommend", json={"user_id": "u0"}).json()["model_version"] == second
    back = admin.post("/v1/admin/rollback").json()
    assert (back["current"], back["previous"]) == (first["name"], second)
    assert admin.post("/v1/admin/promote", json={"version": second}).json()["current"] == second
    did = [line["did"] for line in admin.get("/v1/admin/models").json()["history"]]
    assert did == ["added", "promoted", "added", "promoted", "rolled back to", "promoted"]


@pytest.mark.slow
def test_what_cannot_be_done_to_models_says_so(admin):
    assert admin.post("/v1/admin/rollback").status_code == 409
    assert admin.post("/v1/admin/promote", json={"version": "none"}).status_code == 404
    assert admin.post("/v1/admin/reload", json={"run": "../../etc"}).status_code == 422
    assert admin.post("/v1/admin/reload", json={"run": "nothing"}).status_code == 422
    assert admin.post("/v1/admin/reload", json={"runs": "second"}).status_code == 422


@pytest.mark.slow
def test_a_run_that_cannot_be_taken_in_says_where_runs_are(admin, tmp_path):
    answer = admin.post("/v1/admin/reload", json={"run": "nothing"})
    assert answer.json()["type"].endswith("no-such-run")
    assert f"{tmp_path / 'runs'} holds no run of that name" in answer.json()["detail"]
    assert "nothing" not in answer.text


@pytest.mark.parametrize(
    ("runs", "says"),
    [
        (None, 'Start it with --run RUN, or with runs = "FOLDER" under [serve]'),
        ("runs", 'name a run, as in {"run": "second"}'),
    ],
)
def test_a_service_without_run_says_how_to_take_one_in(tmp_path, runs, says):
    Engine.of(ItemKNN().fit(tiny_dataset())).save(tmp_path / "runs" / "first")
    service, _ = open_service(tmp_path / "data", tmp_path / "runs" / "first")
    service.close()
    config = ServeConfig(runs=None if runs is None else str(tmp_path / runs))
    service, swaps = open_service(tmp_path / "data", None, config)
    with TestClient(create_app({"": Tenant.of(service, swaps)})) as client:
        answer = client.post("/v1/admin/reload")
        assert answer.status_code == 422
        assert says in answer.json()["detail"]


@pytest.mark.slow
def test_a_refused_model_says_why(admin, tmp_path):
    path = tmp_path / "runs" / "second" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    answer = admin.post("/v1/admin/reload", json={"run": "second"})
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("model-refused")
    assert "model.safetensors" in answer.json()["detail"]
    assert len(admin.get("/v1/admin/models").json()["models"]) == 1


def test_of_a_long_history_the_newest_lines_are_told():
    standing = Standing()
    for n in range(TOLD + 5):
        standing = standing.and_did("promoted", f"m{n}")
    told = _models(standing)["history"]
    assert [line["version"] for line in told] == [f"m{n}" for n in range(5, TOLD + 5)]
