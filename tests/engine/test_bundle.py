"""A saved recommender answers as before, bit by bit, or does not load."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import penchant
from penchant.core import BundleError, DamagedBundle, IdMap, UsageError
from penchant.engine import Estimator, Recommender, bundle
from penchant.store import write_bundle
from penchant.testing import FakeConfig, FakeModel, tiny_catalogue, tiny_requests
from penchant.testing.fitting import same_events


@pytest.fixture
def folder(recommender, tmp_path):
    recommender.save(tmp_path / "run")
    return tmp_path / "run"


def load(folder) -> Recommender:
    return Recommender.load(folder, models=(FakeModel,))


def test_lists_and_scores_are_bit_equal(recommender, data, folder):
    requests = tiny_requests(data)
    for before, after in zip(
        recommender.rank(requests, 14), load(folder).rank(requests, 14), strict=True
    ):
        assert np.array_equal(before[1], after[1])
        assert np.array_equal(before[2], after[2])


def test_everything_else_comes_back_too(recommender, folder):
    loaded = load(folder)
    assert loaded.config == recommender.config
    assert loaded.interactions.digest == recommender.interactions.digest
    assert same_events(loaded.interactions.events, recommender.interactions.events)
    assert loaded.interactions.kinds == recommender.interactions.kinds
    assert loaded.catalogue.texts == recommender.catalogue.texts
    assert loaded.catalogue.titles == recommender.catalogue.titles
    assert loaded.catalogue.template == recommender.catalogue.template
    assert loaded.catalogue.table.equals(recommender.catalogue.table)


def test_events_with_weights_kinds_and_values_come_back(data, tmp_path):
    events = data.interactions.events
    n = len(events.item)
    rich = replace(
        events,
        weight=np.linspace(0, 2, n, dtype=np.float32),
        kind=(np.arange(n) % 2).astype(np.int16),
        value=np.where(np.arange(n) % 3, np.nan, 4).astype(np.float32),
    )
    inter = replace(data.interactions, events=rich, kinds=("view", "buy"))
    Estimator(FakeModel, FakeConfig()).fit(replace(data, interactions=inter)).save(tmp_path / "run")
    assert same_events(load(tmp_path / "run").interactions.events, rich)
    assert load(tmp_path / "run").interactions.kinds == ("view", "buy")


def test_loaded_arrays_may_be_written_to(folder):
    assert load(folder).model.vectors.flags.writeable


def test_the_manifest_tells_model_settings_and_data(recommender, folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["kind"] == "recommender"
    assert manifest["model"] == "fake"
    assert manifest["config"] == {"decay": 0.8}
    assert manifest["data"]["digest"] == recommender.interactions.digest
    assert manifest["data"]["users"] == 25


def test_strange_ids_and_texts_come_back(tmp_path):
    strange = {"a\x1fb": "\x00", "雨": "“quotes” \u2028", 'i"7': "🙂"}
    catalogue = tiny_catalogue(strange)
    from penchant.core import Interactions, Sequences
    from penchant.data import Dataset

    events = Sequences.of_items(np.array([2]), np.array([0, 1]))
    data = Dataset(Interactions(IdMap(["ü\n"]), catalogue.items, events), catalogue)
    Estimator(FakeModel, FakeConfig()).fit(data).save(tmp_path / "run")
    loaded = load(tmp_path / "run")
    assert loaded.catalogue.items.ids == tuple(strange)
    assert loaded.catalogue.texts == tuple(strange.values())
    assert loaded.recommend(user="ü\n")[0].item == 'i"7'


@pytest.mark.parametrize(
    "name",
    [
        "model.safetensors",
        "events.safetensors",
        "users.json",
        "items.json",
        "texts.json",
        "items.parquet",
    ],
)
@pytest.mark.parametrize("damage", ["bit", "cut", "zero", "gone"])
def test_damage_is_found_before_any_loader_runs(folder, name, damage, monkeypatch):
    path = folder / name
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(
        {
            "bit": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
            "cut": content[:-1],
            "zero": bytes(len(content)),
            "gone": b"",
        }[damage]
    )
    if damage == "gone":
        path.unlink()
    for loader in ("unpacked", "mapped"):
        monkeypatch.setattr(bundle, loader, lambda _: pytest.fail("a loader ran"))
    with pytest.raises(DamagedBundle, match=name):
        load(folder)


def test_a_model_that_is_unknown_here_is_named(folder):
    with pytest.raises(BundleError, match=r"the model 'fake'.*models=\["):
        penchant.load(folder)


def remade(folder, **changes):
    """The same bundle with other contents and a manifest that fits them: no damage, and no good."""
    manifest = json.loads((folder / "manifest.json").read_text())
    files = {
        path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"
    }
    own = {"format", "kind", "penchant", "created", "files", "sha256"}
    about = {key: value for key, value in manifest.items() if key not in own}
    files |= changes.get("files", {})
    about |= changes.get("about", {})
    write_bundle(folder, changes.get("kind", "recommender"), files, about)


WRONG = {
    "a setting in words": {"about": {"config": {"decay": "fast"}}},
    "an unknown setting": {"about": {"config": {"speed": 1}}},
    "a number for settings": {"about": {"config": 7}},
    "nothing about the data": {"about": {"data": {}}},
    "a list for a model": {"about": {"model": ["fake"]}},
    "no arrays": {"files": {"model.safetensors": b"not arrays"}},
    "pickle": {"files": {"events.safetensors": b"\x80\x04pickle"}},
    "no table": {"files": {"items.parquet": b"PAR1"}},
    "too few items": {"files": {"items.json": b'["only one"]'}},
    "no users": {"files": {"users.json": b"{"}},
    "another kind": {"kind": "index"},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_whole_files_with_wrong_contents_are_an_error_of_ours(folder, changes):
    remade(folder, **changes)
    with pytest.raises(BundleError):
        load(folder)


def test_loading_opens_no_connection(folder, monkeypatch):
    monkeypatch.setattr(socket, "socket", lambda *a, **k: pytest.fail("a connection was opened"))
    load(folder).recommend(user="u2")


def test_a_folder_that_is_no_bundle_is_left_alone(recommender, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").write_bytes(b"x")
    with pytest.raises(UsageError):
        recommender.save(tmp_path / "photos")
    assert (tmp_path / "photos" / "1.jpg").exists()


KILLED = """
import os, signal, sys
from penchant.engine import Estimator
from penchant.testing import FakeConfig, FakeModel, tiny_dataset
left = int(sys.argv[2])
def synced(handle):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
os.fsync = synced
Estimator(FakeModel, FakeConfig(decay=0.5)).fit(tiny_dataset()).save(sys.argv[1])
"""


# six files, the manifest and the folder are synced; then the names are exchanged
@pytest.mark.parametrize(("sync", "decay"), [(1, 0.8), (4, 0.8), (8, 0.8), (9, 0.5)])
def test_killed_while_saving_leaves_a_model_that_loads(folder, sync, decay):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(folder), str(sync)], check=False)
    assert killed.returncode == -9
    assert load(folder).config.decay == decay
    load(folder).save(folder)
    assert len(load(folder).recommend(user="u2", k=5)) == 5


def test_the_same_model_saved_twice_has_the_same_files(recommender, tmp_path):
    recommender.save(tmp_path / "a")
    recommender.save(tmp_path / "b")
    for path in (tmp_path / "a").iterdir():
        if path.name != "manifest.json":
            other = tmp_path / "b" / path.name
            assert (
                hashlib.sha256(path.read_bytes()).digest()
                == hashlib.sha256(other.read_bytes()).digest()
            )
