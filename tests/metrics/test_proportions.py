"""Tests of counts that may be looked at whenever one likes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, binom, dirichlet_multinomial, multinomial

from penchant.core import UsageError
from penchant.metrics import Sample, mixing, one_mean, sample_ratio, win_share
from penchant.metrics.proportions import log_evidence


@given(st.lists(st.integers(0, 300), min_size=2, max_size=4), st.integers(0, 99))
def test_the_evidence_is_that_of_scipys_distributions(counts, seed):
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(len(counts)))
    prior = rng.uniform(0.5, 50, len(counts))
    theirs = dirichlet_multinomial.logpmf(counts, prior, sum(counts)) - multinomial.logpmf(
        counts, sum(counts), shares
    )
    assert log_evidence(counts, shares, prior) == pytest.approx(theirs, abs=1e-6)


def test_the_evidence_is_the_likelihood_averaged_over_the_shares():
    by_hand, _ = quad(lambda s: binom.pmf(30, 50, s) * beta.pdf(s, 40, 40), 0, 1)
    found = log_evidence((30, 20), (0.5, 0.5), (40, 40))
    assert found == pytest.approx(math.log(by_hand / binom.pmf(30, 50, 0.5)), rel=1e-7)


def test_looking_after_every_user_alarms_falsely_less_often_than_it_says():
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(200):
        control = np.cumsum(rng.random(2000) < 0.7)
        looks = range(9, 2000, 20)
        alarms += any(
            sample_ratio([int(control[i]), i + 1 - int(control[i])], [7, 3], 100) < 0.1
            for i in looks
        )
    assert alarms / 200 <= 0.1


def test_a_split_that_is_not_as_meant_is_found():
    assert sample_ratio([5200, 4800], [0.5, 0.5]) < 0.01
    assert sample_ratio([500_000, 505_000], [1, 1]) < 0.01
    assert sample_ratio([9010, 990], [9, 1]) == 1


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_interval_of_the_share_of_wins_holds_what_was_seen(wins, losses):
    low, high, p = win_share(wins, losses, users=200)
    assert 0 <= low <= high <= 1
    assert 0 < p <= 1
    if wins + losses:
        assert low <= wins / (wins + losses) <= high
    if abs(p - 0.05) > 1e-6:
        assert (p < 0.05) == (not low <= 0.5 <= high)
    turned = win_share(losses, wins, users=200)
    assert (1 - turned[1], 1 - turned[0], turned[2]) == pytest.approx((low, high, p), abs=1e-9)


def test_for_many_the_evidence_is_that_of_means():
    """The Beta mixture tends to the normal one of the same spread."""
    *_, p = win_share(5200, 4800, users=10_000)
    normal = one_mean(Sample(10_000, 0.02, 0.25), mixing(10_000))
    assert math.log(p) == pytest.approx(math.log(normal.p), rel=2e-3)


def test_what_cannot_be_compared_is_refused():
    for call in (
        lambda: sample_ratio([1, 2], [1]),
        lambda: sample_ratio([1, 2], [1, 0]),
        lambda: sample_ratio([], []),
        lambda: win_share(-1, 2),
        lambda: win_share(1, 2, alpha=0),
    ):
        with pytest.raises(UsageError):
            call()
