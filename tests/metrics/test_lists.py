"""What lists look like: breadth, concentration, novelty, diversity."""

import math
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.metrics import coverage, exposure, gini, intra_list_diversity, novelty


def test_exposure_counts_places_and_ignores_empty_ones():
    shown = exposure(np.array([[0, 2], [2, -1]]), 4)
    assert shown.tolist() == [1, 0, 2, 0]
    assert coverage(shown) == 0.5


def test_gini_is_zero_when_equal_and_near_one_when_one_item_takes_all():
    assert gini(np.full(10, 7)) == 0
    assert math.isclose(gini(np.eye(10, dtype=int)[0] * 5), 0.9)
    assert gini(np.zeros(3, int)) == 0


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_gini_is_half_the_mean_difference_over_the_mean(shown):
    shown = np.array(shown)
    expected = np.abs(shown[:, None] - shown).mean() / (2 * shown.mean()) if shown.sum() else 0.0
    assert math.isclose(gini(shown), expected, abs_tol=1e-12)


def test_novelty_is_the_mean_self_information_in_bits():
    counts = np.array([3, 0, 2])  # 5 events + 3 items: 4/8, 1/8, 3/8
    values = novelty(np.array([[0, 1], [1, -1], [-1, -1]]), counts)
    np.testing.assert_allclose(values, [(1 + 3) / 2, 3, 0])


def test_diversity_is_one_minus_the_mean_cosine_of_all_pairs():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(20, 5))
    vectors[4] = 0
    codes = np.array([rng.permutation(20)[:6] for _ in range(8)])
    codes[0, 3:] = -1
    codes[1, 1:] = -1

    def cosine(a, b):
        length = np.linalg.norm(a) * np.linalg.norm(b)
        return a @ b / length if length else 0.0

    expected = []
    for row in codes:
        pairs = list(combinations(row[row >= 0], 2))
        gaps = [1 - cosine(vectors[a], vectors[b]) for a, b in pairs]
        expected.append(np.mean(gaps) if gaps else 0.0)
    np.testing.assert_allclose(intra_list_diversity(codes, vectors), expected, atol=1e-12)


def test_diversity_of_equal_and_of_orthogonal_items():
    vectors = np.array([[1.0, 0], [2.0, 0], [0, 3.0]])
    assert intra_list_diversity(np.array([[0, 1], [0, 2]]), vectors).tolist() == [0, 1]
