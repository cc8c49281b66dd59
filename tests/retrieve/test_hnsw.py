"""The graph: its recall is measured and reached, its filters are filled, its walks are short."""

from __future__ import annotations

import dataclasses
import logging
import sys

import faiss
import numpy as np
import pytest

from penchant.core import MissingDependency
from penchant.retrieve import HNSWIndex, IndexConfig, build_index, load_index, save_index
from penchant.retrieve.graph import Graph

from .conftest import CONFIG, DIM, ITEMS, grouped


def share_found(index, exact, questions, k=10, **asked):
    """Recall, counted here once more: codes that the exact index lists too."""
    found, right = (each.search(questions, k, **asked)[0] for each in (index, exact))
    pairs = zip(found, right, strict=True)
    return np.mean([len({*a} & {*b} - {-1}) / len({*b} - {-1}) for a, b in pairs])


@pytest.fixture
def counted(monkeypatch):
    """How many questions were walked, and how many compared with every allowed item."""
    seen = {"walk": 0, "_compared": 0}

    def counting(name):
        method = getattr(Graph, name)

        def count(self, vectors, *more):
            seen[name] += len(vectors)
            return method(self, vectors, *more)

        monkeypatch.setattr(Graph, name, count)

    for name in seen:
        counting(name)
    return seen


def test_the_recall_that_is_kept_is_the_recall_there_is(graph_index, exact_index, vectors):
    recall = graph_index.recall
    assert recall.reached
    assert recall.queries == 256
    assert recall.source == "items"
    one, other = np.random.default_rng(7).integers(0, ITEMS, (2, 1000))
    fresh = np.where(np.arange(1000)[:, None] % 2, vectors[one] + vectors[other], vectors[one])
    assert share_found(graph_index, exact_index, fresh) == pytest.approx(recall.value, abs=0.03)


def test_it_is_measured_on_the_questions_that_are_given(vectors, questions):
    index = build_index(vectors, CONFIG, queries=questions)
    assert (index.recall.source, index.recall.queries) == ("given", 100)


def test_more_recall_takes_broader_walks(vectors, exact_index, questions):
    modest, thorough = (
        build_index(vectors, dataclasses.replace(CONFIG, recall=recall)) for recall in (0.6, 0.99)
    )
    assert modest.recall.breadth < thorough.recall.breadth
    assert thorough.recall.value >= 0.99
    assert share_found(thorough, exact_index, questions) > share_found(
        modest, exact_index, questions
    )


def test_a_recall_that_cannot_be_reached_is_said_aloud(vectors, caplog):
    with caplog.at_level(logging.WARNING, "penchant.retrieve"):
        index = build_index(vectors, dataclasses.replace(CONFIG, recall=0.999, most_ef=16))
    assert not index.recall.reached
    assert index.status()["recall"] < index.status()["recall_wanted"] == 0.999
    assert "less than the 0.999 asked for" in caplog.text


@pytest.mark.slow
def test_edges_that_do_not_serve_are_found_out():
    """A column that lifts some items above all others, such as a bias, hides items from the walk."""
    draw = np.random.default_rng(3)
    unit = grouped(8000)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    bias = 0.3 * draw.exponential(1, (8000, 1)).astype(np.float32)
    lifted = np.hstack([unit, bias])
    pairs = draw.integers(0, 8000, (2, 200))
    asked = np.hstack([unit[pairs[0]] + unit[pairs[1]], np.ones((200, 1), np.float32)])
    hidden = build_index(lifted, dataclasses.replace(CONFIG, most_ef=256), queries=asked)
    chosen = build_index(lifted, dataclasses.replace(CONFIG, edges="auto"), queries=asked)
    assert chosen.recall.edges == "cosine"
    assert chosen.recall.value > hidden.recall.value
    assert chosen.recall.breadth < hidden.recall.breadth or not hidden.recall.reached


def test_lengths_that_differ_much_are_no_trouble(vectors):
    lengths = np.random.default_rng(4).lognormal(0, 0.5, (ITEMS, 1)).astype(np.float32)
    index = build_index(vectors * lengths, dataclasses.replace(CONFIG, edges="auto"))
    assert index.recall.edges == "inner-product"
    assert index.recall.reached


def test_the_same_seed_gives_the_same_graph(vectors, questions, tmp_path):
    for name in ("one", "other"):
        save_index(build_index(vectors, CONFIG, seed=5), tmp_path / name)
    save_index(build_index(vectors, CONFIG, seed=6), tmp_path / "third")
    one, other, third = (
        (tmp_path / n / "graph.faiss").read_bytes() for n in ("one", "other", "third")
    )
    assert one == other != third


def test_most_questions_are_walked(graph_index, questions, counted):
    graph_index.search(questions, 10)
    assert counted == {"walk": 100, "_compared": 0}


def test_a_filter_of_few_compares_those_alone(graph_index, exact_index, questions, counted):
    few = np.arange(ITEMS) % 50 == 0
    assert share_found(graph_index, exact_index, questions, allowed=few) == 1.0
    assert counted == {"walk": 0, "_compared": 100}


@pytest.mark.parametrize("share", [0.9, 0.7, 0.5])
def test_a_filter_costs_no_recall(share, graph_index, exact_index, questions, counted):
    allowed = np.random.default_rng(8).random(ITEMS) < share
    found = share_found(graph_index, exact_index, questions, allowed=allowed)
    assert found > share_found(graph_index, exact_index, questions) - 0.02
    assert counted["walk"] >= 200
    assert counted["_compared"] == 0


def far_half(vectors, question):
    """Only what lies away from the question: a walk to it meets none of them."""
    scores = vectors @ question
    return scores < np.median(scores)


def test_a_filter_against_the_question_is_filled(graph_index, exact_index, vectors, questions):
    for question in questions[:20]:
        allowed = far_half(vectors, question)
        found, right = (
            index.search(question[None], 10, allowed)[0][0] for index in (graph_index, exact_index)
        )
        assert (found >= 0).all()
        assert allowed[found].all()
        assert len({*found} & {*right}) >= 9


def test_without_its_last_resort_it_would_not_be_filled(
    graph_index, vectors, questions, monkeypatch
):
    """The guard of the test above: red when it is taken away."""

    def nothing(self, vectors, k, allowed):
        return np.full((len(vectors), k), -1, np.int32), np.full((len(vectors), k), -np.inf, "f4")

    monkeypatch.setattr(Graph, "_compared", nothing)
    short = [
        (graph_index.search(q[None], 10, far_half(vectors, q))[0] < 0).any() for q in questions[:20]
    ]
    assert any(short)


def test_a_filter_of_each_row_is_its_own(graph_index, exact_index, questions):
    allowed = np.random.default_rng(9).random((100, ITEMS)) < np.linspace(0, 1, 100)[:, None]
    codes, _ = graph_index.search(questions, 10, allowed)
    listed = codes >= 0
    assert np.take_along_axis(allowed, np.maximum(codes, 0), 1)[listed].all()
    assert (listed.sum(axis=1) == np.minimum(10, allowed.sum(axis=1))).all()
    assert share_found(graph_index, exact_index, questions[1:], allowed=allowed[1:]) > 0.95


def test_new_items_are_found_exactly(graph_index, exact_index, questions):
    more = grouped(300, seed=5) * 1.5
    for index in (graph_index, exact_index):
        index.add(more)
    found, right = (set(i.search(questions, 10)[0].ravel()) for i in (graph_index, exact_index))
    new = {code for code in right if code >= ITEMS}
    assert len(new) > 50
    assert new <= found


def test_it_says_when_a_rebuild_is_due(graph_index, vectors):
    assert not graph_index.overdue
    graph_index.remove(np.arange(ITEMS // 20))
    assert not graph_index.overdue
    graph_index.add(vectors[: ITEMS // 20 + 1])
    assert graph_index.overdue
    assert graph_index.status()["changed_since_built"] == ITEMS // 10 + 1


def test_the_number_of_items_chooses(vectors):
    for below, kind in ((ITEMS, "hnsw"), (ITEMS + 1, "exact")):
        config = dataclasses.replace(CONFIG, kind="auto", exact_below=below, ef_construction=8)
        assert build_index(vectors, config).kind == kind
    assert IndexConfig().exact_below == 100_000


def test_a_search_uses_one_thread_and_leaves_the_setting_alone(graph_index, questions, monkeypatch):
    used = []
    search = graph_index.graph._index.search

    def spy(*args, **more):
        used.append(faiss.omp_get_max_threads())
        return search(*args, **more)

    monkeypatch.setattr(graph_index.graph._index, "search", spy)
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    try:
        graph_index.search(questions, 10)
        assert used == [1]
        assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(before)


def test_without_faiss_it_says_what_to_install(vectors, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingDependency, match=r'pip install "penchant\[serve\]"'):
        build_index(vectors, CONFIG)
    assert build_index(vectors, IndexConfig(kind="exact")).kind == "exact"


def test_what_was_measured_is_saved(graph_index, tmp_path):
    save_index(graph_index, tmp_path / "index")
    again = load_index(tmp_path / "index")
    assert isinstance(again, HNSWIndex)
    assert again.recall == graph_index.recall
    assert again.graph.breadth == graph_index.recall.breadth
    assert again.config == CONFIG
    assert again.dim == DIM
