"""Ranking is a total order: higher score first, lower code first among equals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from penchant.core import UNKNOWN, top_k


def by_sorting(scores, k):
    """The definition, row by row."""
    codes = np.full((len(scores), k), UNKNOWN)
    best = np.full((len(scores), k), -np.inf, np.float32)
    for row, line in enumerate(scores):
        order = sorted(range(len(line)), key=lambda i: (-line[i], i))[:k]
        kept = [i for i in order if line[i] != -np.inf]
        codes[row, : len(kept)] = kept
        best[row, : len(kept)] = line[kept]
    return codes, best


def agrees_with_sorting(scores, k):
    codes, best = top_k(scores, k)
    expected_codes, expected = by_sorting(scores, k)
    np.testing.assert_array_equal(codes, expected_codes)
    np.testing.assert_array_equal(best, expected)
    assert codes.dtype == np.int32
    assert best.dtype == np.float32


def test_ties_go_to_the_lower_code():
    codes, best = top_k(np.array([[1, 3, 3, 2, 3]], np.float32), 2)
    assert codes.tolist() == [[1, 2]]
    assert best.tolist() == [[3, 3]]


def test_short_lists_end_in_unknown():
    codes, best = top_k(np.array([[-np.inf, 2, -np.inf]], np.float32), 5)
    assert codes.tolist() == [[1, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]]
    assert best[0, 1:].tolist() == [-np.inf] * 4


@pytest.mark.parametrize("k", [1, 10, 100, 999, 1000, 1500])
@pytest.mark.parametrize("kind", ["normal", "few values", "sparse", "mostly forbidden", "equal"])
def test_it_is_exact_for_every_k_and_every_kind_of_ties(kind, k):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(7, 1003)).astype(np.float32)
    if kind == "few values":
        scores = np.round(scores)
    if kind == "sparse":
        scores[rng.random(scores.shape) < 0.99] = 0
    if kind == "mostly forbidden":
        scores[rng.random(scores.shape) < 0.99] = -np.inf
    if kind == "equal":
        scores[:] = 0.5
    agrees_with_sorting(scores, k)


def test_more_rows_than_one_block_and_infinite_scores():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(150, 300)).astype(np.float32)
    scores[3, 7] = np.inf
    scores[140] = -np.inf
    agrees_with_sorting(scores, 3)


def test_minus_zero_equals_zero():
    assert top_k(np.array([[0.0, -0.0, 0.0]], np.float32), 3)[0].tolist() == [[0, 1, 2]]
    assert top_k(np.array([[-0.0, 0.0, -0.0]], np.float32), 3)[0].tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("items", [5, 5000])
def test_nan_is_refused(items):
    scores = np.zeros((2, items), np.float32)
    scores[1, items - 1] = np.nan
    with pytest.raises(ValueError, match="a score is NaN"):
        top_k(scores, 2)


def test_the_scores_are_left_alone():
    scores = np.random.default_rng(0).normal(size=(3, 500)).astype(np.float32)
    before = scores.copy()
    top_k(scores, 4)
    np.testing.assert_array_equal(scores, before)


def test_no_items_or_no_rows():
    assert top_k(np.zeros((2, 0), np.float32), 3)[0].tolist() == [[UNKNOWN] * 3] * 2
    assert top_k(np.zeros((0, 4), np.float32), 3)[0].shape == (0, 3)


FEW = st.sampled_from([-np.inf, -2.0, -0.0, 0.0, 0.25, 1.0, 3.0, np.inf])


@given(
    scores=arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 80)), elements=FEW),
    k=st.integers(1, 12),
)
def test_any_scores_agree_with_sorting(scores, k):
    agrees_with_sorting(scores, k)
