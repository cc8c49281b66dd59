"""Rating errors, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from penchant.core import UsageError
from penchant.metrics import mae, rmse


def test_rating_errors_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    truth, guess = rng.integers(1, 6, 100).astype(np.float32), rng.random(100) * 5
    assert rmse(truth, guess) == pytest.approx(root_mean_squared_error(truth, guess))
    assert mae(truth, guess) == pytest.approx(mean_absolute_error(truth, guess))


def test_unequal_or_no_ratings_are_refused():
    with pytest.raises(UsageError, match="predictions for"):
        rmse(np.ones(3), np.ones(2))
    with pytest.raises(UsageError, match="predictions for"):
        mae(np.ones(0), np.ones(0))
