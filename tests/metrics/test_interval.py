"""Intervals by resampling users."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from penchant.core import UsageError
from penchant.metrics import interval


@pytest.mark.parametrize("distinct", [True, False])
def test_it_agrees_with_scipy_whether_values_repeat_or_not(distinct):
    rng = np.random.default_rng(0)
    values = rng.random(400) if distinct else rng.integers(0, 2, 400) / 2
    theirs = bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=rng
    ).confidence_interval
    ours = interval(values, draws=20_000)
    np.testing.assert_allclose(ours, theirs, atol=0.03 * (theirs.high - theirs.low))


def test_it_covers_the_true_mean_about_95_times_in_100():
    rng = np.random.default_rng(0)
    inside = 0
    for seed in range(400):
        low, high = interval(rng.random(60) < 0.4, seed, draws=400)
        inside += low <= 0.4 <= high
    assert 0.90 <= inside / 400 <= 0.98


def test_several_metrics_share_one_resampling():
    values = np.random.default_rng(0).random((50, 3))
    together = interval(values, seed=3)
    assert together.shape == (2, 3)
    np.testing.assert_allclose(together[:, 0], interval(values[:, 0], seed=3))


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(0).random(50)
    assert interval(values, 1).tolist() == interval(values, 1).tolist()
    assert interval(values, 1).tolist() != interval(values, 2).tolist()


def test_users_with_several_requests_are_resampled_whole():
    rng = np.random.default_rng(0)
    per_user = rng.random(100)
    values, users = np.repeat(per_user, 9), np.repeat(np.arange(100), 9)
    wide = interval(values, users=users)
    np.testing.assert_allclose(wide, interval(per_user), atol=0.01)
    narrow = interval(values)
    assert np.diff(wide)[0] > 2 * np.diff(narrow)[0]


def test_nothing_and_nan_are_refused():
    for values in (np.array([]), np.array([1.0, np.nan])):
        with pytest.raises(UsageError, match="at least one value"):
            interval(values)


def test_each_value_needs_a_user():
    with pytest.raises(UsageError, match="2 users for 3 values"):
        interval(np.ones(3), users=np.array([0, 1]))


def test_fifty_thousand_users_get_the_interval_of_the_normal_limit():
    values = np.random.default_rng(0).random(50_000)
    error = values.std() / np.sqrt(len(values))
    low, high = interval(values)
    assert np.allclose(
        [low, high], values.mean() + 1.96 * error * np.array([-1, 1]), atol=error / 4
    )
