"""Which of two merged lists people prefer."""

import numpy as np
import pytest

from penchant.core import UsageError
from penchant.metrics import preference, win_share


def test_a_user_is_one_vote():
    found = preference(np.array([0, 2, 1, 0, 0]), np.array([9, 1, 1, 1, 0]))
    assert (found.wins, found.losses, found.ties) == (2, 1, 1)
    assert found.delta == pytest.approx((2 + 0.5) / 4 - 0.5)
    assert (found.low, found.high, found.p) == win_share(2, 1)


def test_nobody_prefers_anything_where_nobody_chose():
    found = preference(np.zeros(5, int), np.zeros(5, int))
    assert (found.delta, found.low, found.high, found.p) == (0.0, 0.0, 1.0, 1.0)


def test_users_must_be_the_same():
    with pytest.raises(UsageError):
        preference(np.zeros(2, int), np.zeros(3, int))
