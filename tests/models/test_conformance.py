"""Every model of the house keeps every rule of the shipped kit."""

from __future__ import annotations

from pathlib import Path
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

ELSEWHERE = {
    "two-tower": "test_two_tower",
    "pair-ranker": "test_pair_ranker",
    "prompt-ranker": "test_prompt_ranker",
    "click-model": "test_click",
    "rating-model": "test_rating",
}
"""Models that tune a language model, or learn from values: their own tests run the kit, with a tiny
language model or with settings that fit."""

CASES = [
    Case(model, models.configure(model.Config, SMALL.get(model.name, {})))
    for model in models.ALL
    if model.name not in ELSEWHERE
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.model_class.name)
def test_model_keeps_the_rule(case: Case, check):
    check(case)


def test_every_small_setting_is_of_a_model():
    assert set(SMALL) <= {model.name for model in models.ALL}


@pytest.mark.parametrize("name", ELSEWHERE.values())
def test_the_others_are_checked_in_their_own_file(name):
    assert "check(Case(" in (Path(__file__).parent / f"{name}.py").read_text("utf-8")
