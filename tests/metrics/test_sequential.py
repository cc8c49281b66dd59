"""Tests of means that may be looked at whenever one likes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import lambertw
from scipy.stats import norm

from penchant.core import UsageError
from penchant.metrics import Sample, confidence_sequence, difference, mixing, one_mean
from penchant.metrics.sequential import log_ratio

SAMPLES = st.builds(
    Sample,
    st.integers(100, 10**6),
    st.floats(-2, 2, allow_nan=False),
    st.floats(0.01, 4, allow_nan=False),
)


def test_the_ratio_is_the_likelihood_averaged_over_the_mixture():
    """Johari, Pekelis and Walsh (2017), by quadrature in the place of the closed form."""
    n, mean, variance, rho = 40, 0.3, 1.7, 0.2
    tau = rho * math.sqrt(variance)

    def ratio(theta):
        likelihoods = norm.logpdf(mean, theta, math.sqrt(variance / n)) - norm.logpdf(
            mean, 0.1, math.sqrt(variance / n)
        )
        return math.exp(likelihoods) * norm.pdf(theta, 0.1, tau)

    by_hand = math.log(quad(ratio, 0.1 - 12 * tau, 0.1 + 12 * tau)[0])
    assert log_ratio(Sample(n, mean, variance), rho, 0.1) == pytest.approx(by_hand, rel=1e-9)


@given(SAMPLES, st.floats(0.001, 0.5), st.floats(0.005, 1.0))
def test_the_interval_ends_where_the_hypothesis_falls(sample, alpha, rho):
    for end in confidence_sequence(sample, rho, alpha):
        assert log_ratio(sample, rho, end) == pytest.approx(math.log(1 / alpha), rel=1e-5)


@given(SAMPLES, st.floats(0.01, 0.2))
def test_the_p_value_and_the_interval_agree(sample, alpha):
    found = one_mean(sample, mixing(10_000, alpha), alpha)
    if abs(found.p - alpha) > 1e-9:
        assert (found.p < alpha) == found.excludes_zero


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_the_mixture_is_the_one_with_the_narrowest_interval_at_the_planned_size(alpha):
    users = 5000

    def width(rho):
        low, high = confidence_sequence(Sample(users, 0, 1), rho, alpha)
        return high - low

    best = minimize_scalar(width, bounds=(1e-4, 0.5), method="bounded", options={"xatol": 1e-9}).x
    closed = math.sqrt((-lambertw(-(alpha**2) / math.e, -1).real - 1) / users)
    assert mixing(users, alpha) == pytest.approx(closed, rel=1e-9)
    assert mixing(users, alpha) == pytest.approx(best, rel=1e-3)


def test_a_difference_has_the_variance_of_both_arms():
    rng = np.random.default_rng(0)
    a, b = rng.normal(1, 1, 700), rng.normal(1.5, 3, 300)
    found = difference(Sample.of(a), Sample.of(b), mixing(1000))
    error = math.sqrt(a.var(ddof=1) / 700 + b.var(ddof=1) / 300)
    x = mixing(1000) ** 2 * 1000  # at the planned size the interval is sqrt(x + 1) errors wide
    assert found.gap == pytest.approx(b.mean() - a.mean())
    assert found.high - found.gap == pytest.approx(error * math.sqrt(x + 1), rel=1e-9)


def test_looking_after_every_user_alarms_falsely_less_often_than_it_says():
    rng = np.random.default_rng(1)
    runs, users, alpha = 400, 2000, 0.1
    values = rng.normal(0, 1, (runs, users))
    n = np.arange(1, users + 1)
    means = np.cumsum(values, axis=1) / n
    rho = mixing(1000, alpha)
    spread = n * rho**2
    wide = np.sqrt((1 + spread) / (n * spread) * np.log((1 + spread) / alpha**2))
    assert (np.abs(means) > wide).any(axis=1).mean() <= alpha
    fixed = norm.ppf(1 - alpha / 2) / np.sqrt(n)
    assert (np.abs(means) > fixed).any(axis=1).mean() > 0.4, "an ordinary interval does not hold"


def test_little_is_known_of_few_and_nothing_of_those_who_are_all_the_same():
    rho = mixing(1000)
    few = difference(Sample(99, 0.0, 0.1), Sample(5000, 1.0, 0.1), rho)
    same = difference(Sample(5000, 0.0, 0.0), Sample(5000, 0.0, 0.0), rho)
    for found in (few, same):
        assert (found.low, found.high, found.p) == (-math.inf, math.inf, 1.0)
        assert not found.excludes_zero
    assert Sample.of(np.array([])) == (0, 0.0, 0.0)


def test_what_cannot_be_tested_is_refused():
    for call in (
        lambda: mixing(0),
        lambda: mixing(10, 1.0),
        lambda: confidence_sequence(Sample(10, 0, 1), 0.1, 0.0),
        lambda: Sample.of(np.array([1.0, math.nan])),
    ):
        with pytest.raises(UsageError):
            call()
