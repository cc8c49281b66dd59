"""Another model takes over between two requests, and a bad one does not."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from penchant.core import BundleError, NewerBundle, Overloaded, UsageError
from penchant.engine import ALS, Ask, Engine, ItemKNN, Popularity, TextMean
from penchant.retrieve import IndexConfig
from penchant.serve.config import ServeConfig
from penchant.serve.opening import open_service
from penchant.store.manifest import opened, sealed
from penchant.testing import tiny_dataset, write_tiny_model


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs ``knn``, ``fewer`` and ``popular``."""
    folder, data = tmp_path_factory.mktemp("runs"), tiny_dataset()
    models = {"knn": ItemKNN(), "fewer": ItemKNN(neighbours=2), "popular": Popularity()}
    for name, model in models.items():
        Engine.of(model.fit(data)).save(folder / name)
    return folder


@pytest.fixture
def at(runs: Path, tmp_path: Path):
    """A copy of the runs, and a service on the first of them."""
    shutil.copytree(runs, tmp_path / "runs")
    service, swaps = open_service(tmp_path / "data", tmp_path / "runs" / "knn")
    yield service, swaps, tmp_path / "runs"
    service.close()


def listed(service) -> list[str]:
    (answer,) = service.answers([Ask(user_id="u0", k=5)])
    return [one.item for one in answer.items]


@pytest.mark.slow
def test_a_reload_changes_who_answers_and_a_roll_back_undoes_it(at):
    service, swaps, _ = at
    first, before = service.version, listed(service)
    swapped = swaps.reload("fewer")
    assert service.version == swapped.version != first
    assert swapped.standing.previous == first
    assert swapped.figures["questions"] > 0
    assert swapped.figures["memory_bytes"] > 1e6
    assert swaps.roll_back().standing.current == service.version == first
    assert listed(service) == before
    assert swaps.roll_back().standing.current == service.version == swapped.version


@pytest.mark.slow
def test_a_model_may_be_registered_first_and_promoted_later(at):
    service, swaps, _ = at
    first = service.version
    version = swaps.reload("fewer", promote=False).version
    assert service.version == first
    assert swaps.promote(version).standing.current == service.version == version


@pytest.mark.slow
def test_what_was_promoted_answers_after_a_restart_whatever_run_is_named(at):
    service, swaps, runs = at
    version = swaps.reload("fewer").version
    service.close()
    again, _ = open_service(runs.parent / "data", runs / "knn")
    assert again.version == version
    again.close()


@pytest.mark.slow
def test_a_run_that_is_new_at_the_start_is_looked_at_and_answers(at):
    service, _, runs = at
    first = service.version
    service.close()
    again, swaps = open_service(runs.parent / "data", runs / "fewer")
    assert again.version != first
    assert swaps.registry.standing().previous == first
    again.close()


@pytest.mark.slow
def test_events_and_items_are_known_to_the_next_model_too(at):
    from penchant.core import Event

    service, swaps, _ = at
    service.record([Event("ann", "s1", 1e9)]).result(10)
    service.items.put([{"item_id": "s2", "available": False}])
    swaps.reload("fewer")
    (answer,) = service.answers([Ask(user_id="ann", k=14)])
    names = [one.item for one in answer.items]
    assert "s1" not in names
    assert "s2" not in names


@pytest.mark.slow
def test_questions_go_on_being_answered_by_one_model_each(at):
    service, swaps, _ = at
    stop, seen, errors = threading.Event(), [], []

    def ask() -> None:
        while not stop.is_set():
            found = service.answers([Ask(user_id="u0", k=5)] * 3)
            errors.extend(one for one in found if isinstance(one, Exception))
            seen.append({(one.model_version, *(i.item for i in one.items)) for one in found})

    thread = threading.Thread(target=ask)
    thread.start()
    swaps.reload("fewer")
    for _ in range(20):
        swaps.roll_back()
    stop.set()
    thread.join()
    assert errors == []
    assert all(len(batch) == 1 for batch in seen)
    assert len({next(iter(batch))[0] for batch in seen}) == 2
    lists = {next(iter(batch)) for batch in seen}
    assert len(lists) == 2  # each model always gave the same list


def damage_shape(run: Path) -> None:
    change_arrays(run, lambda arrays: {k: v[..., :-1] for k, v in arrays.items()})


def damage_numbers(run: Path) -> None:
    def spoiled(arrays):
        return {k: np.full_like(v, np.nan) if v.dtype.kind == "f" else v for k, v in arrays.items()}

    change_arrays(run, spoiled)


def damage_weights(run: Path) -> None:
    def turned(arrays):
        return {k: -v if v.dtype.kind == "f" else v for k, v in arrays.items()}

    change_arrays(run, turned)


def damage_bytes(run: Path) -> None:
    path = run / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def damage_format(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps(manifest | {"format": 99}))


def change_arrays(run: Path, change) -> None:
    """Other arrays, under a manifest that fits them: what a checksum cannot see."""
    path = run / "model.safetensors"
    save_file({k: np.ascontiguousarray(v) for k, v in change(load_file(path)).items()}, path)
    reseal(run)


def reseal(run: Path, **about) -> None:
    import hashlib

    manifest = opened((run / "manifest.json").read_bytes(), run)
    for name, entry in manifest["files"].items():
        content = (run / name).read_bytes()
        entry |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (run / "manifest.json").write_bytes(sealed(manifest | about))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (damage_shape, BundleError),
        (damage_numbers, BundleError),
        (damage_weights, BundleError),
        (damage_bytes, BundleError),
        (damage_format, NewerBundle),
        (shutil.rmtree, UsageError),
    ],
)
def test_a_bad_candidate_does_not_answer(at, damage, error):
    service, swaps, runs = at
    first, before = service.version, listed(service)
    damage(runs / "fewer")
    with pytest.raises(error):
        swaps.reload("fewer")
    assert (service.version, listed(service)) == (first, before)
    standing = swaps.registry.standing()
    assert (standing.current, list(standing.versions)) == (first, [first])


@pytest.mark.slow
def test_a_slow_candidate_does_not_answer(at, monkeypatch):
    service, swaps, _ = at
    first = service.version
    monkeypatch.setattr(swaps._vetting, "_config", ServeConfig(golden_seconds=1e-9))
    with pytest.raises(BundleError, match=r"took .* at most 1e-09 s are allowed"):
        swaps.reload("fewer")
    monkeypatch.setattr(swaps._vetting, "_config", ServeConfig(load_seconds=0.01))
    with pytest.raises(BundleError, match=r"not loaded and asked within 0\.01 s"):
        swaps.reload("fewer")
    assert service.version == first


@pytest.mark.slow
def test_a_model_of_another_catalogue_does_not_answer(at):
    service, swaps, runs = at
    texts = {f"x{n}": f"Film number {n}" for n in range(14)}
    Engine.of(Popularity().fit(tiny_dataset(texts))).save(runs / "other")
    with pytest.raises(BundleError, match="0 of the 14 items"):
        swaps.reload("other")
    assert service.version == swaps.registry.standing().current


@pytest.mark.slow
def test_a_model_whose_language_model_has_another_tokenizer_does_not_answer(at, tmp_path):
    service, swaps, runs = at
    first, language = service.version, write_tiny_model(tmp_path / "language", "bert")
    Engine.of(TextMean(language=str(language)).fit(tiny_dataset())).save(runs / "reading")
    path = language / "tokenizer.json"
    told = json.loads(path.read_text("utf-8"))
    words = told["model"]["vocab"]
    words["a"], words["e"] = words["e"], words["a"]
    path.write_text(json.dumps(told), "utf-8")
    with pytest.raises(BundleError, match=r"Questions .* is not the one this model was trained"):
        swaps.reload("reading")
    assert service.version == swaps.registry.standing().current == first


@pytest.mark.slow
def test_a_model_with_an_empty_index_does_not_answer(at):
    service, swaps, runs = at
    first = service.version
    fitted = ALS().fit(tiny_dataset())
    Engine.of(fitted, index=IndexConfig(kind="hnsw")).save(runs / "empty")
    rows = runs / "empty" / "rows.safetensors"
    arrays = load_file(rows)
    save_file(arrays | {"alive": np.zeros_like(arrays["alive"])}, rows)
    manifest = opened((runs / "empty" / "manifest.json").read_bytes(), runs)
    reseal(runs / "empty", index=manifest["index"] | {"size": 0})
    with pytest.raises(BundleError, match="0 codes for 14 items"):
        swaps.reload("empty")
    Engine.of(fitted).save(runs / "nothing")
    (runs / "nothing" / "golden.json").write_text("[]")
    change_arrays(runs / "nothing", lambda found: {k: 0 * v for k, v in found.items()})
    with pytest.raises(BundleError, match="index is empty: no item has a vector"):
        swaps.reload("nothing")
    assert service.version == swaps.registry.standing().current == first


def test_runs_are_taken_from_beside_the_first_one_only(at, tmp_path):
    _, swaps, _ = at
    for run in ("../elsewhere", "/etc", str(tmp_path), "0" * 1024, "a\0b", "\ud800"):
        with pytest.raises(UsageError):
            swaps.reload(run)


def test_one_model_is_looked_at_at_a_time(at):
    _, swaps, _ = at
    with swaps._alone(), pytest.raises(Overloaded):
        swaps.reload("fewer")


@pytest.mark.slow
def test_another_process_that_promotes_is_followed(at):
    service, swaps, runs = at
    registry = swaps.registry
    version = registry.add(runs / "fewer").name
    swaps.follow()
    assert service.version != version
    registry.promote(version)
    swaps.follow()
    assert service.version == version
    registry.roll_back()
    assert service.version == registry.standing().current  # it is in memory: nobody need look


@pytest.mark.slow
def test_an_item_put_while_a_candidate_gets_ready_is_known_to_it(at):
    service, swaps, _ = at
    deploy = swaps._vetting._deploy

    def slowly(bundle: Path, name: str):
        deployed = deploy(bundle, name)
        service.items.put([{"item_id": "s2", "available": False}])  # meanwhile
        return deployed

    swaps._vetting._deploy = slowly
    swaps.reload("fewer")
    (answer,) = service.answers([Ask(user_id="u0", k=14)])
    assert "s2" not in [one.item for one in answer.items]
