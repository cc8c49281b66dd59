"""Ranking metrics: hand-computed, against scikit-learn, and properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score, ndcg_score

from penchant.metrics import average_precision, hit_rate, hits, mrr, ndcg, precision, recall

ALL = (hit_rate, ndcg, mrr, recall, precision, average_precision)
HITS = np.array([[0, 1, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0]], bool)
RELEVANT = np.array([3, 2, 1])


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (hit_rate, [1, 0, 1]),
        (precision, [2 / 4, 0, 1 / 4]),
        (recall, [2 / 3, 0, 1]),
        (mrr, [1 / 2, 0, 1]),
        (
            ndcg,
            [
                (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3) + 1 / math.log2(4)),
                0,
                1,
            ],
        ),
        (average_precision, [(1 / 2 + 2 / 4) / 3, 0, 1]),
    ],
)
def test_values_by_hand(metric, expected):
    np.testing.assert_allclose(metric(HITS, RELEVANT), expected, rtol=1e-15)


def test_the_ideal_list_is_no_longer_than_k():
    full = np.ones((1, 2), bool)
    assert ndcg(full, np.array([9]))[0] == 1
    assert average_precision(full, np.array([9]))[0] == 1
    assert recall(full, np.array([8]))[0] == 0.25


def test_nothing_relevant_scores_zero():
    for metric in ALL:
        assert metric(np.zeros((1, 3), bool), np.array([0])).tolist() == [0]


def test_ndcg_and_map_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    items, k = 30, 30
    scores = rng.permuted(np.tile(np.arange(items), (40, 1)), axis=1).astype(float)
    relevance = rng.random((40, items)) < 0.2
    relevance[:, 0] = True
    order = np.argsort(-scores, axis=1)
    listed = np.take_along_axis(relevance, order, axis=1)[:, :k]
    relevant = relevance.sum(axis=1)
    expected = [ndcg_score(relevance[[i]], scores[[i]], k=k) for i in range(40)]
    np.testing.assert_allclose(ndcg(listed, relevant), expected, rtol=1e-12)
    expected = [average_precision_score(relevance[i], scores[i]) for i in range(40)]
    np.testing.assert_allclose(average_precision(listed, relevant), expected, rtol=1e-12)


def test_hits_of_one_answer_a_row_and_of_several_agree():
    codes = np.array([[4, 2, -1], [0, 1, 2]])
    one = hits(codes, np.array([0, 1, 2]), np.array([2, 7]))
    assert one.tolist() == [[False, True, False], [False, False, False]]
    several = hits(codes, np.array([0, 1, 3]), np.array([2, 7, 0]))
    assert several.tolist() == [[False, True, False], [True, False, False]]


def test_an_empty_place_never_answers():
    assert not hits(np.array([[-1, -1]]), np.array([0, 1]), np.array([0])).any()
    assert not hits(np.array([[-1], [-1]]), np.array([0, 2, 2]), np.array([0, 1])).any()
    assert not hits(np.array([[1]]), np.array([0, 0]), np.array([], np.int32)).any()


@given(
    codes=st.lists(st.permutations(range(8)), min_size=1, max_size=5),
    answers=st.data(),
)
def test_hits_are_membership(codes, answers):
    truth = [answers.draw(st.sets(st.integers(0, 11), max_size=4)) for _ in codes]
    indptr = np.cumsum([0, *map(len, truth)])
    item = np.array([i for row in truth for i in row], np.int32)
    got = hits(np.array(codes), indptr, item)
    assert got.tolist() == [
        [i in row for i in line] for line, row in zip(codes, truth, strict=True)
    ]


@given(arrays(bool, (6, 5)), st.integers(0, 4))
def test_every_value_lies_between_zero_and_one_and_more_hits_never_hurt(found, place):
    relevant = np.maximum(found.sum(axis=1), 1) + 1
    better = found.copy()
    better[:, place] = True
    for metric in ALL:
        values = metric(found, relevant)
        assert values.shape == (6,)
        assert values.dtype == np.float64
        assert ((values >= 0) & (values <= 1)).all()
        assert (metric(better, relevant) >= values - 1e-12).all()
