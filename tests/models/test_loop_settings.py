"""Optimiser, schedule, precision, averaging and adversarial steps as settings of a model."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.core import UsageError
from penchant.models import SASRec, SASRecConfig, configure, settings_of

SMALL = {"dim": 8, "layers": 1, "epochs": 3, "refit": False}


def states(world, **loop):
    data = world.random()
    settings = {**SMALL, **{f"loop.{name}": value for name, value in loop.items()}}
    return SASRec.fit(configure(SASRecConfig, settings), data).state()


@pytest.mark.parametrize(
    "loop",
    [
        {"optimiser": "sgd"},
        {"optimiser": "adafactor"},
        {"schedule": "cosine"},
        {"schedule": "linear"},
        {"precision": "bfloat16"},
        {"average": "ema", "decay": 0.9},
        {"adversarial": "fgm", "size": 0.5},
        {"adversarial": "pgd"},
    ],
    ids=lambda loop: "-".join(map(str, loop.values())),
)
def test_each_of_them_changes_what_is_learned(world, loop):
    plain, other = states(world), states(world, **loop)
    assert all(np.isfinite(part).all() for part in other.values())
    assert any(not np.array_equal(part, other[name]) for name, part in plain.items())


def test_they_stand_in_a_file_and_come_back_from_a_bundle():
    config = configure(SASRecConfig, {"loop": {"schedule": "cosine", "accumulate": 2}})
    assert config.loop.schedule == "cosine"
    assert configure(SASRecConfig, settings_of(config)) == config


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loop.schedul": "cosine"}, "no setting 'schedul'; did you mean 'schedule'"),
        ({"loop.schedule": "steps"}, "'constant' or 'linear' or 'cosine'"),
        ({"loop.accumulate": 0}, "LoopSettings.accumulate must be at least 1"),
        ({"loop.decay": 1.0}, "decay must be below 1"),
    ],
)
def test_wrong_ones_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        configure(SASRecConfig, settings)
