"""An experiment from its start to what it tells, over HTTP."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from penchant.cli import main
from penchant.engine import Engine, ItemKNN, Popularity
from penchant.live.experiments import Arm, Book, Experiment, tally
from penchant.rank import draft_teams
from penchant.serve import Client
from penchant.serve.answers import served_list
from penchant.serve.app import create_app
from penchant.serve.config import ServeConfig
from penchant.serve.opening import open_service
from penchant.serve.tenant import Tenant
from penchant.store import Registry
from penchant.testing import tiny_dataset

USERS = [f"visitor-{i}" for i in range(24)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs: ``first`` and ``second``."""
    folder, data = tmp_path_factory.mktemp("runs"), tiny_dataset()
    for name, model in {"first": ItemKNN(), "second": Popularity()}.items():
        Engine.of(model.fit(data)).save(folder / name)
    return folder


@pytest.fixture
def at(runs: Path, tmp_path: Path):
    """A client, the service, and an experiment on two models that runs."""
    config = ServeConfig(keep_models=1)
    service, swaps = open_service(tmp_path / "data", runs / "first", config)
    second = swaps.registry.add(runs / "second").name

    def start(kind: str = "ab") -> Experiment:
        arms = (Arm("old", service.version, 0.5), Arm("new", second, 0.5))
        one = Experiment("t", kind, arms, window=3600.0)  # type: ignore[arg-type]
        begun = Book(tmp_path / "data").start(one)
        service.trials.follow()
        return begun

    with TestClient(create_app({"": Tenant.of(service, swaps)})) as client:
        yield client, service, swaps, start


def ask(client: TestClient, user: str) -> dict:
    return client.post("/v1/recommend", json={"user_id": user, "k": 3}).json()


def test_lists_say_their_policy_and_what_was_shown_counts(at, tmp_path):
    client, service, _, start = at
    assert "policy" not in ask(client, "u0")
    assert client.get("/v1/admin/experiment").json() == {"experiment": None}
    one = start()
    for user in USERS:
        told = ask(client, user)
        arm = one.arm_of(user)
        assert (told["policy"], told["model_version"]) == (one.policy(arm), one.arms[arm].version)
        assert served_list(told).policy == told["policy"]
        shown = {
            "request_id": f"r-{user}",
            "model_version": told["model_version"],
            "policy": told["policy"],
            "user_id": user,
            "items": [item["item_id"] for item in told["items"]],
        }
        assert client.post("/v1/impressions", json=shown).json()["stored"] == 3
        if arm:
            event = {"user_id": user, "item_id": shown["items"][0], "event": "click"}
            client.post("/v1/events", json=event)
    found = tally(one, service.log, time.time() + 3601)
    arms = [one.arm_of(user) for user in USERS]
    assert sorted(found.arm.tolist()) == sorted(arms)
    assert found.successes[found.arm == 1].tolist() == [1] * arms.count(1)
    assert found.successes[found.arm == 0].tolist() == [0] * arms.count(0)
    assert (found.crossed, found.nameless) == (0, 0)
    (told,) = client.get("/v1/admin/experiment").json().values()
    assert (told["name"], told["kind"], told["waiting"]) == ("t", "ab", len(USERS))
    assert told["comparisons"][0]["low"] is None
    assert "wait for the end of their window" in told["conclusion"][1]
    Book(tmp_path / "data").stop("t", "enough")
    assert client.get("/v1/admin/experiment").json()["experiment"]["why"] == "enough"
    service.trials.follow()
    assert "policy" not in ask(client, USERS[0])


def test_models_of_an_experiment_are_kept_in_the_registry(at, runs, tmp_path):
    *_, swaps, start = at
    one = start()
    third = tmp_path / "third"
    Engine.of(ItemKNN(neighbours=2).fit(tiny_dataset())).save(third)
    swaps.registry.promote(swaps.registry.add(third).name)
    assert set(one.versions) <= set(swaps.registry.standing().versions)


@pytest.mark.slow
def test_processes_take_an_experiment_up_and_interleave(serving, runs, tmp_path):
    data = tmp_path / "service"
    served = serving("--run", runs / "first", "--data", data, "--workers", "2")
    with Client(served.url) as client:
        Registry(data / "models").add(runs / "second")
        arms = ["--arm", "a=current", "--arm", "b=popularity"]
        folder = ["--data", str(data)]
        assert main(["experiment", "start", "blend", "--kind", "interleave", *arms, *folder]) == 0
        until = time.monotonic() + 60
        in_a_row = 0
        while in_a_row < 20 and time.monotonic() < until:  # both workers have it
            with Client(served.url) as fresh:  # a connection each, so that both are asked
                listed = fresh.recommend(user="visitor", k=4)
            in_a_row = in_a_row + 1 if listed.policy == "blend/interleaved" else 0
        assert in_a_row == 20
        assert client.shown(listed, user="visitor") == 4
        one = Book(data).find()
        assert draft_teams(listed.request_id, 4, one.salt).sum() == 2
        assert main(["experiment", "stop", "blend", *folder]) == 0
        until = time.monotonic() + 20
        while client.recommend(user="visitor", k=4).policy and time.monotonic() < until:
            time.sleep(0.1)
        assert json.loads(Book(data).path.read_bytes())["experiments"][0]["stopped_at"]
