"""Population stability, against the formula written out and against samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2, entropy

from penchant.core import UsageError
from penchant.metrics import bin_of, psi, psi_expected, psi_terms, quantile_cuts


def test_it_is_the_divergence_both_ways():
    p, q = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.25, 0.25, 0.3, 0.2])
    both = entropy(p, q) + entropy(q, p)  # scipy's, Kullback-Leibler
    assert psi(1000 * p, 500 * q, prior=0) == pytest.approx(both)
    assert psi(1000 * p, 500 * q, prior=0) == pytest.approx(psi(q, p, prior=0))


def test_a_textbook_case():
    # 40/30/30 against 20/30/50: 0.2*ln(2) + 0 + 0.2*ln(5/3)
    wanted = 0.2 * math.log(2) + 0.2 * math.log(5 / 3)
    assert psi(np.array([40, 30, 30]), np.array([20, 30, 50]), prior=0) == pytest.approx(wanted)


def test_an_empty_bin_has_no_infinite_weight():
    terms = psi_terms(np.array([100.0, 0.0]), np.array([90.0, 10.0]))
    assert np.isfinite(terms).all()
    assert (terms >= 0).all()


def test_nothing_is_like_everything():
    assert psi(np.zeros(3), np.ones(3)) == 0


def test_other_bins_are_refused():
    with pytest.raises(UsageError, match="3 bins cannot be compared with 2"):
        psi(np.ones(2), np.ones(3))


def test_chance_alone_stays_below_what_is_expected():
    draw = np.random.default_rng(0)
    shares = np.full(10, 0.1)
    found = [
        psi(draw.multinomial(4_000, shares), draw.multinomial(1_000, shares)) for _ in range(4_000)
    ]
    mean, most = psi_expected(10, 4_000, 1_000)
    assert np.mean(found) == pytest.approx(mean, rel=0.05)
    assert np.mean(np.array(found) <= most) == pytest.approx(0.95, abs=0.015)


def test_the_quantile_is_that_of_chi_squared():
    for bins in (3, 10, 30):
        _, most = psi_expected(bins, 100, 50)
        assert most == pytest.approx(chi2.ppf(0.95, bins - 1) * (1 / 100 + 1 / 50), rel=0.02)


def test_cuts_share_a_sample_out_evenly():
    sample = np.random.default_rng(1).normal(size=1_000)
    cuts = quantile_cuts(sample)
    counts = np.bincount([bin_of(value, cuts) for value in sample], minlength=10)
    assert counts.tolist() == [100] * 10
    assert len(quantile_cuts(np.array([]))) == 0
