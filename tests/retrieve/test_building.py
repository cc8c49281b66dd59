"""What may be asked for, and what is refused."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

from penchant.core import UsageError
from penchant.retrieve import ExactIndex, IndexConfig, build_index
from penchant.testing.index_checks import DIM, index_vectors


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "fast"}, "IndexConfig.kind='fast': write one of auto, exact, hnsw."),
        ({"edges": "L2"}, "IndexConfig.edges='L2'"),
        ({"recall": 1.5}, "IndexConfig.recall=1.5: write a number from 0.0 to 1.0."),
        ({"recall": float("nan")}, "IndexConfig.recall=nan"),
        ({"links": 1}, "IndexConfig.links=1: write a whole number from 2 to 256."),
        ({"links": 16.0}, "IndexConfig.links=16.0: write a whole number"),
        ({"sample": True}, "IndexConfig.sample=True"),
        ({"exact_below": "many"}, "IndexConfig.exact_below='many'"),
    ],
)
def test_a_wrong_setting_is_named(settings, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        IndexConfig(**settings)


def test_an_index_of_some_codes_gives_those(tmp_path):
    codes = np.array([2, 5, 9])
    index = build_index(index_vectors(3), codes=codes, size=12)
    assert sorted(index.search(index_vectors(1), 5)[0][0, :3]) == [2, 5, 9]
    index.add(index_vectors(1))
    assert len(index) == 13
    assert sorted(index.search(index_vectors(1), 5)[0][0, :4]) == [2, 5, 9, 12]


@pytest.mark.parametrize(
    "codes", [[1, 1, 2], [3, 2, 1], [-1, 2, 3], [0.5, 1.0, 2.0], [1, 2], [[1, 2, 3]]]
)
def test_codes_must_ascend(codes):
    with pytest.raises(UsageError, match="3 different whole numbers from 0 up, ascending"):
        build_index(index_vectors(3), codes=np.array(codes))


def test_a_size_below_the_highest_code_is_refused():
    with pytest.raises(UsageError, match="size=5, and there is an item of code 9"):
        build_index(index_vectors(3), codes=np.array([2, 5, 9]), size=5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e16])
def test_a_vector_that_is_none_is_named_by_its_row(value):
    vectors = index_vectors(50)
    vectors[[17, 40], 3] = value
    with pytest.raises(
        UsageError, match=r"row 17 has a value that is no finite number.*2 such rows"
    ):
        build_index(vectors)


@pytest.mark.parametrize("vectors", [np.zeros(3), np.zeros((2, 0)), np.array([["a"]])])
def test_what_is_no_matrix_is_refused(vectors):
    with pytest.raises(UsageError, match="vectors must be numbers of shape"):
        build_index(vectors)


def test_other_kinds_of_numbers_are_taken():
    vectors = index_vectors(40)
    right = build_index(vectors).search(index_vectors(3, seed=1), 5)[0]
    for other in (vectors.astype(np.float64), vectors.astype(np.int8), np.asfortranarray(vectors)):
        found = build_index(other).search(index_vectors(3, seed=1).astype(np.float64), 5)[0]
        np.testing.assert_array_equal(found, right)


def test_the_largest_values_give_scores_that_are_numbers():
    vectors = np.full((3, DIM), 1e15, np.float32)
    assert np.isfinite(build_index(vectors).search(-vectors[:1], 3)[1]).all()


def test_masks_and_vectors_of_many_rows_are_worked_off_in_parts(monkeypatch):
    from penchant.retrieve import matrix

    index = build_index(index_vectors())
    asked, draw = index_vectors(50, seed=1), np.random.default_rng(0)
    masks = (None, draw.random(600) < 0.5, draw.random((50, 600)) < 0.5)
    whole = [index.search(asked, 7, mask) for mask in masks]
    monkeypatch.setattr(matrix, "_SCORES", 600 * 8)
    for mask, (codes, scores) in zip(masks, whole, strict=True):
        found = index.search(asked, 7, mask)
        np.testing.assert_array_equal(found[0], codes)
        np.testing.assert_array_equal(found[1], scores)


def test_what_was_added_is_merged_once_it_is_much():
    index = build_index(index_vectors())
    for _ in range(9):
        index.add(index_vectors())
    standing = index.standing
    assert len(standing.base) + len(standing.tail) == 6000
    assert len(standing.base) >= 4096
    assert isinstance(index, ExactIndex)


def test_the_memory_of_a_changed_item_is_used_again():
    index = build_index(index_vectors(10))
    for step in range(2000):
        index.add(index_vectors(1, seed=step), np.array([3]))
    assert len(index.standing.tail) < 1024
    assert index.standing.count == len(index) == 10


def test_the_room_imports_no_faiss():
    code = (
        "import sys, numpy as np; from penchant.retrieve import build_index;"
        "build_index(np.ones((3, 2))).search(np.ones((1, 2)), 1);"
        "print(*(m for m in ('faiss', 'torch', 'psycopg') if m in sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == ""
