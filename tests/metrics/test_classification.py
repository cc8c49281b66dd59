"""Click metrics, against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.metrics import roc_auc_score

from penchant.core import UsageError
from penchant.metrics import auc, grouped_auc, log_loss


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=60))
def test_auc_with_ties_agrees_with_scikit_learn(rows):
    labels, scores = np.array(rows).T
    if 0 < labels.sum() < len(labels):
        expected = roc_auc_score(labels, scores)
        assert auc(labels, scores.astype(float)) == pytest.approx(expected, abs=1e-12)


def test_grouped_auc_weights_users_by_impressions_and_skips_one_sided_ones():
    rng = np.random.default_rng(0)
    groups = np.repeat(["a", "b", "c"], [10, 30, 5])
    labels = rng.integers(0, 2, 45)
    labels[40:] = 1  # c clicked everything
    scores = np.round(rng.random(45), 1)
    parts = [roc_auc_score(labels[groups == g], scores[groups == g]) for g in "ab"]
    shuffled = rng.permutation(45)
    got = grouped_auc(labels[shuffled], scores[shuffled], groups[shuffled])
    assert got == pytest.approx((10 * parts[0] + 30 * parts[1]) / 40, abs=1e-12)


def test_log_loss_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    labels, chance = rng.integers(0, 2, 50), rng.random(50)
    assert log_loss(labels, chance).mean() == pytest.approx(sklearn_log_loss(labels, chance))


def test_a_certain_mistake_stays_finite():
    assert np.isfinite(log_loss(np.array([1, 0]), np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([1, 1], [0.1, 0.2], "at least one positive and one negative"),
        ([1, 0], [0.1, np.nan], "NaN"),
        ([1, 2], [0.1, 0.2], "0 or 1"),
        ([1, 0, 1], [0.1, 0.2], "labels for"),
    ],
)
def test_what_has_no_auc_is_refused(labels, scores, message):
    with pytest.raises(UsageError, match=message):
        auc(np.array(labels), np.array(scores))


def test_a_probability_beyond_one_is_refused():
    with pytest.raises(UsageError, match="between 0 and 1"):
        log_loss(np.array([1]), np.array([1.5]))


def test_grouped_auc_needs_a_group_with_both_labels():
    with pytest.raises(UsageError, match="both"):
        grouped_auc(np.array([1, 0]), np.array([0.1, 0.2]), np.array([1, 2]))
