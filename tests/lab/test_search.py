"""Search on validation requests cut from the training events."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from penchant.core import Abilities, Choice, Real, TrainingFailed, UsageError, Whole
from penchant.engine import Estimator, by_name
from penchant.engine.seen import seen
from penchant.lab import tune


@dataclass(frozen=True)
class DialConfig:
    dial: float = 0.1
    steps: int = 1
    mode: str = "plain"


class Dial:
    """Ranks well where the dial stands at 0.7, fails above 0.9."""

    name = "dial"
    Config = DialConfig
    space: ClassVar = {
        "dial": Real(0.0, 1.0),
        "steps": Whole(1, 64, log=True),
        "mode": Choice(("plain", "odd")),
    }
    abilities = Abilities(new_users=True, new_items=False, queries=False)
    fitted_on: ClassVar[list] = []

    def __init__(self, config, last):
        self.config, self.last = config, last

    @classmethod
    def fit(cls, config, train, seed=0):
        if config.dial > 0.9:
            raise TrainingFailed("the loss is not a number")
        cls.fitted_on.append(len(train.interactions))
        return cls(config, train.interactions.counts())

    def score(self, requests):
        noise = np.random.default_rng(0).random((len(requests), len(self.last)))
        weight = 1 - abs(self.config.dial - 0.7)
        return (weight * self.last / self.last.max() + (1 - weight) * noise).astype(np.float32)


@pytest.fixture
def dial():
    Dial.fitted_on.clear()
    return Estimator(Dial, DialConfig())


def test_it_finds_better_settings_than_given_within_its_trials(parts, dial):
    found = tune(dial, parts[0], trials=12, seed=1)
    assert len(found.trials) == 12
    assert found.trials[0].settings == {}
    assert found.score == max(t.score for t in found.trials if t.score is not None)
    assert found.score > found.trials[0].score
    assert abs(found.estimator.config.dial - 0.7) < abs(0.1 - 0.7)
    assert all(set(t.settings) == {"dial", "steps", "mode"} for t in found.trials[1:])


def test_only_training_events_are_used_and_some_are_held_back(parts, dial):
    tune(dial, parts[0], trials=2)
    assert max(Dial.fitted_on) < len(parts[0].interactions)


def test_no_trial_is_fitted_on_the_requests_it_is_scored_on(parts, dial, monkeypatch):
    fitted, scored = [], []

    def fit(config, train, seed=0):
        fitted.append(train.interactions)
        return Dial(config, train.interactions.counts())

    def score(model, test, metric):
        scored.append(seen(fitted[-1], test))
        return 0.5

    monkeypatch.setattr(Dial, "fit", fit)
    monkeypatch.setattr("penchant.lab.search.mean_of", score)
    tune(dial, parts[0], trials=3)
    assert scored == [0, 0, 0]


def test_the_same_seed_tries_the_same_settings(parts, dial):
    first, second = (tune(dial, parts[0], trials=5, seed=4).trials for _ in range(2))
    assert [t.settings for t in first] == [t.settings for t in second]


def test_settings_that_fail_are_passed_over(parts):
    doomed = Estimator(Dial, DialConfig(dial=0.95))
    found = tune(doomed, parts[0], trials=8)
    assert found.trials[0].score is None
    assert found.estimator.config.dial <= 0.9


def test_when_every_trial_fails_it_says_so(parts):
    with pytest.raises(TrainingFailed, match="each of 1 settings"):
        tune(Estimator(Dial, DialConfig(dial=0.95)), parts[0], trials=1)


def test_a_budget_ends_the_search(parts, dial):
    assert len(tune(dial, parts[0], trials=50, budget=0.0).trials) == 1


def test_a_model_without_a_space_has_one_trial(parts):
    found = tune(by_name("popularity"), parts[0], trials=9)
    assert len(found.trials) == 1
    assert found.estimator == by_name("popularity")


def test_no_trials_and_too_few_events_are_refused(parts, dial):
    with pytest.raises(UsageError, match="at least one"):
        tune(dial, parts[0], trials=0)
    with pytest.raises(UsageError, match="such as NDCG@10"):
        tune(dial, parts[0], trials=1, metric="novelty@10")
    train = parts[0]
    events = train.interactions.events.last(2)
    short = replace(train, interactions=train.interactions.with_events(events))
    with pytest.raises(UsageError, match="3 training events"):
        tune(dial, short, trials=2)
