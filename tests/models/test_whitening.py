import numpy as np
import pytest

from penchant.models.whitening import whitening


@pytest.fixture
def cone():
    rng = np.random.default_rng(0)
    return (rng.normal(size=(500, 6)) * [3, 2, 1, 0.5, 0.2, 0.1] + 5).astype(np.float32)


def test_whitened_vectors_are_centred_and_spread_evenly(cone):
    centre, matrix = whitening(cone)
    white = (cone - centre) @ matrix
    before, after = np.cov(cone.T), np.cov(white.T)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-5)
    assert np.linalg.cond(after) < 0.05 * np.linalg.cond(before)
    assert (white**2).sum(axis=1).mean() == pytest.approx(1, abs=1e-4)


def test_strength_zero_only_centres_and_scales(cone):
    centre, matrix = whitening(cone, strength=0)
    np.testing.assert_allclose(matrix, np.eye(6) * matrix[0, 0], atol=1e-6)
    np.testing.assert_allclose(centre, cone.mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize("items", [1, 3])
def test_fewer_items_than_directions_stay_finite(items):
    vectors = np.random.default_rng(1).normal(size=(items, 16)).astype(np.float32)
    centre, matrix = whitening(vectors)
    assert np.isfinite((vectors - centre) @ matrix).all()
