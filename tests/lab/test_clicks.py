"""Clicks and ratings, with intervals."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from penchant.core import UsageError
from penchant.lab import evaluate_clicks, evaluate_ratings


@pytest.fixture
def clicks():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    scores = np.clip(0.3 * labels + 0.7 * rng.random(300), 0.01, 0.99)
    return labels, scores, np.repeat(np.arange(30), 10)


def test_click_figures_agree_with_scikit_learn_and_lie_in_their_intervals(clicks):
    found = evaluate_clicks(*clicks)
    assert set(found) == {"AUC", "grouped AUC", "log-loss"}
    assert found["AUC"].mean == pytest.approx(roc_auc_score(*clicks[:2]))
    assert found["log-loss"].mean == pytest.approx(log_loss(*clicks[:2]))
    for figure in found.values():
        assert figure.low < figure.mean < figure.high


def test_scores_that_are_no_probabilities_have_no_log_loss(clicks):
    labels, scores, _ = clicks
    assert set(evaluate_clicks(labels, 5 * scores)) == {"AUC"}


def test_one_group_is_one_user_and_not_none(clicks):
    labels, scores, _ = clicks
    found = evaluate_clicks(labels, scores, np.zeros(300, int), draws=20)
    assert found["AUC"].low == found["AUC"].high == found["AUC"].mean


def test_groups_need_one_for_each_label(clicks):
    with pytest.raises(UsageError, match="groups for"):
        evaluate_clicks(clicks[0], clicks[1], clicks[2][:5])


def test_ratings_need_a_group_each():
    with pytest.raises(UsageError, match="2 users for 3 values"):
        evaluate_ratings(np.ones(3), np.ones(3), np.array([0, 1]))


def test_rating_intervals_resample_users():
    rng = np.random.default_rng(0)
    truth = rng.integers(1, 6, 200).astype(float)
    found = evaluate_ratings(truth, truth + rng.normal(size=200), np.repeat(np.arange(20), 10))
    assert found["RMSE"].mean == pytest.approx(1, abs=0.15)
    for figure in found.values():
        assert figure.low < figure.mean < figure.high
