"""A saved index is what was saved, or one clear error; its large file is mapped, not read."""

from __future__ import annotations

import json

import faiss
import numpy as np
import pytest

from penchant.core import BundleError, DamagedBundle, UsageError
from penchant.retrieve import IndexConfig, build_index, load_index, save_index, saving
from penchant.store import bundle, write_bundle

from .conftest import DIM, ITEMS

FILES = {"exact": ["vectors.f32", "rows.safetensors"], "hnsw": ["graph.faiss", "rows.safetensors"]}
PLACES = [(kind, name) for kind, names in FILES.items() for name in [*names, "manifest.json"]]


@pytest.fixture
def saved(tmp_path, graph_index, exact_index):
    """Folders of both kinds, with something added and something removed."""
    for index in (graph_index, exact_index):
        index.add(np.eye(DIM, dtype=np.float32))
        index.remove(np.arange(10))
        save_index(index, tmp_path / index.kind)
    return tmp_path


def flip(content, draw):
    at = int(draw.integers(len(content)))
    return content[:at] + bytes([content[at] ^ (1 << int(draw.integers(8)))]) + content[at + 1 :]


def cut(content, draw):
    return content[: int(draw.integers(len(content)))]


def zero(content, draw):
    at = int(draw.integers(len(content)))
    block = content[at : at + 4096]
    return (
        content[:at]
        + (bytes(len(block)) if any(block) else b"x" * len(block))
        + content[at + 4096 :]
    )


@pytest.fixture
def untouched(monkeypatch):
    """No loader is called."""

    def called(*args, **more):
        raise AssertionError("a damaged file reached a loader")

    monkeypatch.setattr(faiss, "read_index", called)
    monkeypatch.setattr(saving, "load", called)
    monkeypatch.setattr(np, "memmap", called)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("damage", [flip, cut, zero])
@pytest.mark.parametrize(("kind", "name"), PLACES)
def test_a_damaged_file_is_refused_before_anything_opens_it(kind, name, damage, saved):
    content = (saved / kind / name).read_bytes()
    draw = np.random.default_rng(0)
    for _ in range(5):
        (saved / kind / name).write_bytes(damage(content, draw))
        with pytest.raises(DamagedBundle, match="is damaged"):
            load_index(saved / kind)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("kind", "name"), PLACES)
def test_a_missing_file_is_refused(kind, name, saved):
    (saved / kind / name).unlink()
    with pytest.raises(BundleError, match=r"is missing|holds no manifest"):
        load_index(saved / kind)


def test_without_the_check_a_flipped_bit_would_give_wrong_scores(saved, exact_index, monkeypatch):
    """The guard of the tests above: red when it is taken away."""
    path = saved / "exact" / "vectors.f32"
    content = bytearray(path.read_bytes())
    content[3] ^= 0x40  # an exponent
    path.write_bytes(content)
    written = json.loads((saved / "exact" / "manifest.json").read_text())["files"]
    monkeypatch.setattr(bundle, "_digest_of", lambda path: written[path.name]["sha256"])
    asked = np.ones((1, DIM), np.float32)
    wrong, right = (index.search(asked, 5)[1] for index in (load_index(path.parent), exact_index))
    assert not np.array_equal(wrong, right)


def test_the_large_files_are_mapped(saved):
    exact, graph = (load_index(saved / kind) for kind in FILES)
    assert isinstance(exact.standing.base.searcher.vectors, np.memmap)
    inside = graph.graph._index
    assert not faiss.downcast_index(inside.storage).codes.is_owned
    assert not inside.hnsw.neighbors.is_owned


def test_what_is_mapped_outlives_a_new_one_in_its_place(saved, vectors):
    asked = vectors[:20]
    for kind in FILES:
        index = load_index(saved / kind)
        before = index.search(asked, 10)
        save_index(build_index(vectors[:50], IndexConfig(kind="exact")), saved / kind)
        after = index.search(asked, 10)
        assert np.array_equal(before[0], after[0])
        assert len(load_index(saved / kind)) == 50


def test_a_loaded_index_leaves_its_files_alone(saved, vectors):
    for kind, names in FILES.items():
        before = [(saved / kind / name).read_bytes() for name in names]
        index = load_index(saved / kind)
        index.add(vectors[:6000])
        index.add(2 * vectors[:5], np.arange(100, 105))
        index.remove(np.arange(200, 300))
        index.search(vectors[:3], 10)
        assert [(saved / kind / name).read_bytes() for name in names] == before
        load_index(saved / kind)


def test_a_removed_item_leaves_no_byte_in_an_exact_index(tmp_path, exact_index):
    secret = np.full((1, DIM), 1.2345678, np.float32)
    exact_index.add(secret)
    save_index(exact_index, tmp_path / "with")
    exact_index.remove(np.array([ITEMS]))
    save_index(exact_index, tmp_path / "without")
    assert secret.tobytes() in (tmp_path / "with/vectors.f32").read_bytes()
    assert secret.tobytes() not in (tmp_path / "without/vectors.f32").read_bytes()
    assert len(load_index(tmp_path / "without")) == ITEMS + 1


def test_an_index_of_nothing_is_saved(tmp_path):
    save_index(build_index(np.zeros((0, 3), np.float32)), tmp_path / "index")
    index = load_index(tmp_path / "index")
    index.add(np.ones((2, 3), np.float32))
    assert index.search(np.ones((1, 3), np.float32), 5)[0].tolist() == [[0, 1, -1, -1, -1]]


def test_something_else_is_not_taken_for_an_index(tmp_path, exact_index):
    write_bundle(tmp_path / "model", "recommender", {"weights": b"x"})
    with pytest.raises(BundleError, match="kind 'recommender', not 'index'"):
        load_index(tmp_path / "model")
    with pytest.raises(BundleError, match="does not exist"):
        load_index(tmp_path / "nothing")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("keep")
    with pytest.raises(UsageError, match="left as it is"):
        save_index(exact_index, tmp_path / "mine")


@pytest.mark.parametrize("change", [{"size": "many"}, {"config": {"colour": 1}}, {"rows": 10**6}])
def test_files_that_fit_no_index_of_this_version_say_so(tmp_path, exact_index, change):
    files, about = saving.index_files(exact_index)
    write_bundle(tmp_path / "index", "index", files, {"index": {**about, **change}})
    with pytest.raises(BundleError, match="cannot be opened as an index"):
        load_index(tmp_path / "index").search(np.ones((1, DIM), np.float32), 3)


def test_a_graph_that_faiss_cannot_read_says_so(tmp_path, graph_index):
    files, about = saving.index_files(graph_index)
    files["graph.faiss"] = b"IHNf" + bytes(100)
    write_bundle(tmp_path / "index", "index", files, {"index": about})
    with pytest.raises(BundleError, match="cannot be opened as an index"):
        load_index(tmp_path / "index")
