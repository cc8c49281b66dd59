"""Estimators: a model class and its settings, checked by name."""

from __future__ import annotations

import pytest

import penchant
from penchant import models
from penchant.engine import Estimator, configured, public
from penchant.testing import FakeModel, tiny_dataset


def test_a_factory_takes_the_settings_of_its_model():
    estimator = penchant.EASE(l2=7)
    assert isinstance(estimator, Estimator)
    assert estimator.name == "ease"
    assert estimator.config == models.EaseConfig(l2=7.0)


def test_by_name_is_the_same():
    assert penchant.by_name("ease", l2=7) == penchant.EASE(l2=7)


def test_every_model_has_a_factory():
    made = [vars(public)[name]() for name in vars(public) if name in penchant.__all__]
    assert sorted(estimator.name for estimator in made) == sorted(m.name for m in models.ALL)


def test_a_factory_is_named_and_documented_for_help():
    assert penchant.EASE.__name__ == "Ease"
    assert "l2" in penchant.EASE.__doc__


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: penchant.ALS(factor=1), "has no setting 'factor'; did you mean 'factors'"),
        (lambda: penchant.EASE(l2="much"), "EaseConfig.l2 must be a number, got 'much'"),
        (lambda: penchant.EASE(l2=-1), "EaseConfig.l2 must be"),
        (lambda: penchant.EASE(5.0), "takes its settings by name, such as Ease(l2=...)"),
        (lambda: penchant.by_name("eese"), "did you mean 'ease'"),
        (lambda: configured(FakeModel, decoy=1), "did you mean 'decay'"),
    ],
    ids=["near name", "type", "range", "by place", "model", "own model"],
)
def test_a_wrong_setting_says_what_is_right(call, words):
    with pytest.raises(penchant.UsageError) as caught:
        call()
    assert words in str(caught.value)


def test_fitting_leaves_the_estimator_as_it_was():
    estimator = configured(FakeModel, decay=0.3)
    first, second = estimator.fit(tiny_dataset()), estimator.fit(tiny_dataset())
    assert first.config is second.config is estimator.config
    assert first.name == "fake"
    assert first.abilities.queries
