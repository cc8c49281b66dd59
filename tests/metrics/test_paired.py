"""Paired comparison of two models."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import permutation_test

from penchant.core import UsageError
from penchant.metrics import holm, paired


@pytest.mark.parametrize("rounded", [False, True])
def test_the_p_value_agrees_with_scipys_paired_permutation_test(rounded):
    rng = np.random.default_rng(1)
    a = rng.random(300)
    b = a - 0.02 + 0.2 * rng.normal(size=300)
    if rounded:
        a, b = np.round(a), np.round(b)
    theirs = permutation_test(
        (a, b),
        lambda x, y: np.mean(x - y),
        permutation_type="samples",
        n_resamples=20_000,
        rng=rng,
    ).pvalue
    ours = paired(a, b, flips=20_000)
    assert ours.p == pytest.approx(theirs, abs=0.015)
    assert ours.gap == pytest.approx(np.mean(a - b))
    assert ours.low < ours.gap < ours.high


def test_equal_models_are_not_different():
    same = paired(np.ones(20), np.ones(20))
    assert (same.gap, same.low, same.high, same.p) == (0, 0, 0, 1)


def test_a_clear_difference_reaches_the_least_p_value():
    rng = np.random.default_rng(0)
    a = rng.random(200)
    assert paired(a + 0.5, a - 0.01 * rng.random(200), flips=999).p == 1 / 1000


def test_without_a_difference_small_p_values_are_rare():
    rng = np.random.default_rng(0)
    p = [paired(*rng.random((2, 40)), seed, draws=10, flips=200).p for seed in range(300)]
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.05)


def test_pairing_requests_needs_as_many():
    with pytest.raises(UsageError, match="cannot be paired"):
        paired(np.ones(3), np.ones(2))


def test_users_flip_whole():
    rng = np.random.default_rng(0)
    gaps = rng.normal(0.1, 1, 40)
    alone = paired(gaps, np.zeros(40)).p
    repeated = np.repeat(gaps, 20)
    users = np.repeat(np.arange(40), 20)
    assert paired(repeated, 0 * repeated, users=users).p == pytest.approx(alone, abs=0.02)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_as_the_step_down_rule_does(p):
    p = np.array(p)
    corrected = holm(p)
    assert (corrected >= p).all()
    assert (corrected <= 1).all()
    rejected = set()
    for step, place in enumerate(np.argsort(p, kind="stable")):
        if p[place] * (len(p) - step) > 0.05:
            break
        rejected.add(int(place))
    assert set(np.flatnonzero(corrected <= 0.05).tolist()) == rejected


def test_holm_by_hand():
    np.testing.assert_allclose(holm(np.array([0.04, 0.01, 0.02])), [0.04, 0.03, 0.04])
