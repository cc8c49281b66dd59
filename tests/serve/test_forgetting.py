"""Somebody who is erased is gone from every file."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from penchant.engine import ALS, EASE, Ask, Engine, ItemKNN
from penchant.serve.app import create_app
from penchant.serve.forgetting import forget
from penchant.serve.opening import open_service
from penchant.serve.tenant import Tenant
from penchant.testing import tiny_dataset


def files_with(folder: Path, word: str) -> list[str]:
    """The files below a folder in which a word stands, in UTF-8 or UTF-16."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and any(word.encode(code) in path.read_bytes() for code in ("utf-8", "utf-16-le"))
    ]


@pytest.mark.parametrize("model", [ItemKNN(), EASE(), ALS(factors=4)])
def test_a_bundle_forgets_a_user_and_answers_others_as_before(tmp_path: Path, model):
    Engine.of(model.fit(tiny_dataset())).save(tmp_path / "run")
    before = Engine.load(tmp_path / "run")
    asks = [Ask(user_id=f"u{n}", k=5) for n in (2, 3, 7)]
    assert forget(tmp_path / "run", ["u13", "nobody here"])
    after = Engine.load(tmp_path / "run")
    assert files_with(tmp_path / "run", '"u13"') == []
    assert [a.items for a in after.answer(asks)] == [a.items for a in before.answer(asks)]
    gone, stranger = after.answer([Ask(user_id="u13", k=5), Ask(user_id="a stranger", k=5)])
    assert gone.items == stranger.items
    assert not forget(tmp_path / "run", ["u13"])


def test_an_erased_user_is_in_no_file_and_stays_so_when_an_old_run_comes_back(tmp_path: Path):
    name = "zoe-canary-4711"
    data = tiny_dataset()
    renamed = [name if user == "u13" else user for user in data.interactions.users]
    from dataclasses import replace

    from penchant.core import IdMap
    from penchant.data import Dataset

    events = replace(data.interactions, users=IdMap(renamed))
    for run, neighbours in {"old": 50, "older": 3}.items():
        fitted = ItemKNN(neighbours=neighbours).fit(Dataset(events, data.catalogue, name="tiny"))
        Engine.of(fitted).save(tmp_path / "runs" / run)
    service, swaps = open_service(tmp_path / "data", tmp_path / "runs" / "old")
    with TestClient(create_app({"": Tenant.of(service, swaps)})) as http:
        http.post("/v1/events", json={"user_id": name, "item_id": "s1"})
        http.put(f"/v1/users/{name}", json={"country": "FR"})
        http.post(
            "/v1/impressions",
            json={"request_id": "r", "items": ["s1"], "model_version": "m", "user_id": name},
        )
        assert files_with(tmp_path / "data", name)
        removed = http.delete(f"/v1/users/{name}").json()["removed"]
        assert removed["bundles"] == 1
        assert files_with(tmp_path / "data", name) == []
        swaps.reload("older")
        assert files_with(tmp_path / "data", name) == []
    assert files_with(tmp_path / "data", name) == []
    again, _ = open_service(tmp_path / "data")
    known, stranger = again.answers([Ask(user_id=name, k=5), Ask(user_id="a stranger", k=5)])
    assert known.items == stranger.items
    again.close()


def test_somebody_erased_by_a_command_leaves_the_models_too(tmp_path: Path):
    from penchant.cli import main

    for run, neighbours in {"one": 50, "two": 3}.items():
        Engine.of(ItemKNN(neighbours=neighbours).fit(tiny_dataset())).save(tmp_path / "runs" / run)
    service, swaps = open_service(tmp_path / "data", tmp_path / "runs" / "one")
    swaps.registry.add(tmp_path / "runs" / "two")
    assert main(["erase", "--data", str(tmp_path / "data"), "--user", "u13"]) == 0
    service.check()  # hears of it, as any question does
    assert swaps.forget_erased() == 2
    assert swaps.forget_erased() == 0
    service.close()
    assert files_with(tmp_path / "data", '"u13"') == []
    assert main(["erase", "--data", str(tmp_path / "data"), "--user", "u14"]) == 0
    again, _ = open_service(tmp_path / "data")  # while nothing was running
    assert files_with(tmp_path / "data", '"u14"') == []
    again.close()


def test_what_is_being_learned_goes_too(tmp_path: Path):
    Engine.of(ItemKNN().fit(tiny_dataset())).save(tmp_path / "run")
    service, swaps = open_service(tmp_path / "data", tmp_path / "run")
    candidate = tmp_path / "data" / "learning" / "candidate"
    Engine.of(ItemKNN().fit(tiny_dataset())).save(candidate)
    try:
        assert files_with(candidate, '"u13"')
        swaps.forget("u13")
        assert not candidate.exists()
    finally:
        swaps.close()
        service.close()
