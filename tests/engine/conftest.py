from __future__ import annotations

import pytest

from penchant.engine import Estimator
from penchant.testing import FakeConfig, FakeModel, tiny_dataset


@pytest.fixture(scope="module")
def data():
    return tiny_dataset()


@pytest.fixture(scope="module")
def recommender(data):
    return Estimator(FakeModel, FakeConfig()).fit(data)
