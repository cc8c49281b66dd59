"""Every model of the house keeps every rule of the shipped kit."""

from __future__ import annotations

from typing import Any

import pytest

from penchant import models
from penchant.testing import CHECKS, Case

SMALL: dict[str, dict[str, Any]] = {
    "als": {"factors": 4, "iterations": 3},
    "bpr": {"factors": 4, "iterations": 5},
    "sasrec": {"dim": 8, "layers": 1, "epochs": 2},
    "text-sequence": {"dim": 8, "layers": 1, "epochs": 2},
}
"""Settings that train in a blink; a model that is not here is fitted with its own defaults."""

CASES = [
    Case(model, models.configure(model.Config, SMALL.get(model.name, {}))) for model in models.ALL
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.model_class.name)
def test_model_keeps_the_rule(case: Case, check):
    check(case)


def test_every_small_setting_is_of_a_model():
    assert set(SMALL) <= {model.name for model in models.ALL}
