"""A search that is kept in a file, gives up early, and looks into nested settings."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest

from penchant.core import Abilities, Choice, Real, UsageError, Whole, report
from penchant.engine import Estimator
from penchant.lab import tune


@dataclass(frozen=True)
class Fine:
    depth: int = 2


@dataclass(frozen=True)
class Coarse:
    width: float = 1.0


@dataclass(frozen=True)
class NestedConfig:
    dial: float = 0.1
    part: Fine | Coarse = field(default_factory=Fine)
    refit: bool | None = None


class Nested:
    """Reports four epochs, the better the nearer its dial to 1; `fitted` keeps every config."""

    name = "nested"
    Config = NestedConfig
    space: ClassVar = {"dial": Real(0.0, 1.0)}
    abilities = Abilities(new_users=True, new_items=False, queries=False)
    fitted: ClassVar[list] = []
    interrupt_at: ClassVar[int | None] = None

    def __init__(self, config, counts):
        self.config, self.counts = config, counts

    @classmethod
    def fit(cls, config, train, seed=0):
        if cls.interrupt_at == len(cls.fitted):
            raise KeyboardInterrupt
        cls.fitted.append(config)
        for epoch in range(4):
            report(config.dial * (1 + epoch))
        return cls(config, train.interactions.counts())

    def score(self, requests):
        noise = np.random.default_rng(0).random((len(requests), len(self.counts)))
        share = self.config.dial
        return (share * self.counts / self.counts.max() + (1 - share) * noise).astype(np.float32)


@pytest.fixture
def nested():
    Nested.fitted.clear()
    Nested.interrupt_at = None
    return Estimator(Nested, NestedConfig())


def test_the_same_call_goes_on_with_the_trials_in_the_file(parts, nested, tmp_path):
    kept = tmp_path / "search.db"
    first = tune(nested, parts[0], trials=3, storage=kept)
    again = tune(nested, parts[0], trials=5, storage=kept)
    assert len(Nested.fitted) == 5
    assert again.trials[:3] == first.trials
    assert len({trial.settings.get("dial") for trial in again.trials}) == 5, "nothing drawn twice"
    assert tune(nested, parts[0], trials=5, storage=kept) == again
    assert len(Nested.fitted) == 5


def test_other_settings_or_data_in_the_same_file_are_another_search(parts, nested, tmp_path):
    kept = tmp_path / "search.db"
    tune(nested, parts[0], trials=2, storage=kept)
    tune(Estimator(Nested, NestedConfig(dial=0.2)), parts[0], trials=2, storage=kept)
    tune(nested, parts[0], trials=2, storage=kept, metric="HR@5")
    assert len(Nested.fitted) == 6


def test_an_interrupted_trial_leaves_no_result_and_the_next_call_goes_on(parts, nested, tmp_path):
    kept = tmp_path / "search.db"
    Nested.interrupt_at = 2
    with pytest.raises(KeyboardInterrupt):
        tune(nested, parts[0], trials=4, storage=kept)
    Nested.interrupt_at = None
    assert len(tune(nested, parts[0], trials=4, storage=kept).trials) == 4
    assert len(Nested.fitted) == 4


def test_a_trial_that_a_dead_process_left_running_counts_as_failed(parts, nested, tmp_path):
    import optuna

    kept = tmp_path / "search.db"
    tune(nested, parts[0], trials=2, storage=kept)
    url = f"sqlite:///{kept}"
    (name,) = optuna.get_all_study_names(url)
    optuna.load_study(study_name=name, storage=url).ask()  # and nobody ever tells
    assert len(tune(nested, parts[0], trials=3, storage=kept).trials) == 3
    states = [t.state.name for t in optuna.load_study(study_name=name, storage=url).trials]
    assert states == ["COMPLETE", "COMPLETE", "FAIL", "COMPLETE"]


def test_a_fit_that_falls_behind_is_given_up(parts):
    Nested.fitted.clear()
    found = tune(Estimator(Nested, NestedConfig(dial=0.5)), parts[0], trials=25, seed=3)
    given_up = [trial for trial in found.trials if trial.pruned]
    assert given_up
    assert all(trial.score is None and 2 <= len(trial.curve) <= 4 for trial in given_up)
    kept = [trial.settings["dial"] for trial in found.trials[1:] if not trial.pruned]
    assert np.mean([trial.settings["dial"] for trial in given_up]) < np.mean(kept)
    assert found.trials[0].score is not None, "the settings as given are always judged"


def test_a_trial_is_fitted_without_the_last_run_on_all_events(parts, nested):
    found = tune(nested, parts[0], trials=2)
    assert [config.refit for config in Nested.fitted] == [False, False]
    assert found.estimator.config.refit is None, "the winner keeps the setting it was given"


def test_a_dotted_field_is_drawn_where_the_chosen_part_has_it(parts, nested):
    space = {"dial": Real(0.0, 1.0), "part.depth": Whole(1, 9), "part.width": Real(0.1, 9.0)}
    found = tune(nested, parts[0], trials=4, space=space)
    for trial, config in zip(found.trials[1:], Nested.fitted[1:], strict=True):
        assert "part.width" not in trial.settings
        assert config.part == Fine(trial.settings["part.depth"])
    assert found.estimator.config in {*Nested.fitted} | {
        NestedConfig(c.dial, c.part) for c in Nested.fitted
    }


def test_what_makes_the_difference_is_said(parts, nested):
    space = {"dial": Real(0.0, 1.0), "part.depth": Whole(1, 9)}
    found = tune(nested, parts[0], trials=14, space=space, seed=1)
    assert sum(found.importances.values()) == pytest.approx(1)
    assert found.importances["dial"] > found.importances["part.depth"]
    table = found.table("NDCG@10")
    assert "as given" in table
    assert "what made the difference: dial" in table
    assert found.to_json("NDCG@10")["settings"]["part"] == {
        "depth": found.estimator.config.part.depth
    }


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_search_is_drawn(parts, nested, tmp_path, ending):
    found = tune(nested, parts[0], trials=5)
    found.picture(tmp_path / f"search.{ending}")
    first = (tmp_path / f"search.{ending}").read_bytes()
    assert first.startswith(b"\x89PNG" if ending == "png" else b"<?xml")
    found.picture(tmp_path / f"search.{ending}")
    assert (tmp_path / f"search.{ending}").read_bytes() == first


def test_unknown_fields_and_damaged_files_are_refused(parts, nested, tmp_path):
    with pytest.raises(UsageError, match=r"no setting 'dail' to search; did you mean 'dial'"):
        tune(nested, parts[0], trials=1, space={"dail": Choice((1.0,))})
    broken = tmp_path / "search.db"
    broken.write_bytes(b"not a database at all, whatever its name says")
    with pytest.raises(UsageError, match=r"search\.db: cannot be used to keep the trials"):
        tune(nested, parts[0], trials=1, storage=broken)


def test_a_search_that_could_draw_nothing_is_refused(parts, nested, caplog):
    with pytest.raises(
        UsageError, match=r"part\.width would never be searched.*no setting 'width'"
    ):
        tune(nested, parts[0], trials=2, space={"part.width": Real(0.1, 9.0)})
    with pytest.raises(UsageError, match=r"NestedConfig\.dial must be a number, got 'lots'"):
        tune(nested, parts[0], trials=2, space={"dial": Choice((0.5, "lots"))})
    with pytest.raises(
        UsageError, match=r"NestedConfig\.refit must be true or false or None, got 1"
    ):
        tune(nested, parts[0], trials=2, space={"refit": Whole(1, 2)})
    assert not Nested.fitted
    tune(nested, parts[0], trials=1, space={"dial": Real(0.0, 1.0), "part.width": Real(0.1, 9.0)})
    assert "part.width would never be searched" in caplog.text
