"""A search as Optuna keeps it: in memory, or in a file that a later call goes on with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from penchant.core import Choice, Real, Space, UsageError, Whole

from .spaces import at, has, holds, with_value

if TYPE_CHECKING:
    import optuna

STARTUP = 5  # trials drawn at random before the model of good settings is made
WARMUP = 2  # validations that every fit may finish before it can be given up


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting that was tried.

    Attributes:
        settings: the fields that the search drew; empty for the settings as given. A dot leads
            into a nested config (``"tuning.rank"``).
        score: on the validation requests; None where training failed or was given up.
        seconds: for fitting and ranking.
        curve: the validation figures that training reported, one an epoch.
        pruned: whether the fit was given up, its curve lying below the others'.
    """

    settings: Mapping[str, Any]
    score: float | None
    seconds: float
    curve: tuple[float, ...] = ()
    pruned: bool = False


class Pruned(Exception):
    """A fit is given up: others were better at the same epoch."""


class Study:
    """The trials of one search: asks for settings, hears how good they were.

    Args:
        study: Optuna's.
        space: field -> the values worth trying; a dotted field is drawn only where the config
            chosen for the part before the dot has it.
    """

    def __init__(self, study: optuna.Study, space: Space) -> None:
        self._study = study
        self._space = space

    @classmethod
    def open(cls, space: Space, seed: int, storage: Path | None, name: Mapping[str, Any]) -> Self:
        """Begin a search, or go on with the one of the same name in the same file.

        A trial that was under way when a process died counts as failed.

        Args:
            space: the values worth trying.
            seed: of the draws.
            storage: an SQLite file; None keeps the trials in memory.
            name: everything that the scores depend on; another name is another search.
        """
        import optuna  # 0.5 s to import: only where something is searched
        from optuna.trial import TrialState

        optuna.logging.set_verbosity(optuna.logging.WARNING)  # the progress bar says it already
        told = json.dumps([name, {key: repr(values) for key, values in space.items()}, seed])
        study = optuna.create_study(
            study_name=hashlib.sha256(told.encode()).hexdigest()[:16],
            direction="maximize",
            storage=None if storage is None else _sqlite(storage),
            load_if_exists=True,
        )
        for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(left.number, state=TrialState.FAIL)
        # a search that goes on must not draw again what it drew first
        study.sampler = optuna.samplers.TPESampler(
            seed=seed + len(study.trials), n_startup_trials=STARTUP
        )
        study.pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=WARMUP)
        return cls(study, space)

    def done(self) -> tuple[Trial, ...]:
        """Every trial that ended, in order."""
        return tuple(_told(one) for one in self._study.trials if "seconds" in one.user_attrs)

    def ask(self, config: Any) -> tuple[Asked, Any | None]:
        """The next settings to try, as a config; None where the values drawn do not go together.

        Args:
            config: the settings as given; the very first trial has these.
        """
        first = not self.done()
        if first:
            given = {field: at(config, field) for field in self._space}
            fits = all(holds(values, given[field]) for field, values in self._space.items())
            if fits and all(has(config, field) for field in self._space):
                self._study.enqueue_trial(given)
            else:
                return Asked(self._study, self._study.ask(), first), config
        trial = self._study.ask()
        drawn: dict[str, Any] = {}
        chosen = config
        for field in sorted(self._space, key=lambda name: name.count(".")):
            if chosen is not None and has(chosen, field):
                drawn[field] = _draw(trial, field, self._space[field])
                chosen = with_value(chosen, field, drawn[field])
        asked = Asked(self._study, trial, first)
        if not first:
            trial.set_user_attr("settings", drawn)
        return asked, config if first else chosen

    @staticmethod
    def config_of(trial: Trial, config: Any) -> Any:
        """The config that a trial tried, made again from the settings as given."""
        for name in sorted(trial.settings, key=lambda field: field.count(".")):
            config = with_value(config, name, trial.settings[name])
        return config

    def importances(self) -> dict[str, float]:
        """How much of the difference between trials each field explains, summing to one.

        PED-ANOVA (Watanabe, Bansal and Hutter 2023). Empty where fewer than four trials were
        scored, or all scores are the same.
        """
        import optuna

        scored = [t for t in self._study.trials if t.state.name == "COMPLETE" and t.params]
        if len(scored) < 4 or len({t.value for t in scored}) < 2:
            return {}
        shared = sorted(set.intersection(*(set(t.params) for t in scored)))
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        try:
            found = optuna.importance.get_param_importances(
                self._study, evaluator=evaluator, params=shared
            )
        except (RuntimeError, ValueError):  # Optuna: no spread left after its own filter
            return {}
        total = sum(found.values())
        return {name: value / total for name, value in found.items()} if total > 0 else {}


class Asked:
    """One trial under way: hears the validation figures, and then the end."""

    def __init__(self, study: optuna.Study, trial: optuna.Trial, first: bool) -> None:
        self._study = study
        self._trial = trial
        self._first = first
        self.curve: list[float] = []

    def hear(self, figure: float) -> None:
        """A validation figure of the fit.

        Raises:
            Pruned: it lies below the median of the other trials at the same epoch.
        """
        self.curve.append(figure)
        self._trial.report(max(self.curve), len(self.curve))
        if not self._first and self._trial.should_prune():
            raise Pruned

    def tell(self, score: float | None, seconds: float, pruned: bool = False) -> None:
        """The end of the trial: its score, or None where it has none."""
        from optuna.trial import TrialState

        for name, value in (("seconds", seconds), ("curve", self.curve), ("pruned", pruned)):
            self._trial.set_user_attr(name, value)
        if pruned:
            self._study.tell(self._trial, state=TrialState.PRUNED)
        elif score is None:
            self._study.tell(self._trial, state=TrialState.FAIL)
        else:
            self._study.tell(self._trial, score)

    def forget(self) -> None:
        """The process was interrupted: the trial leaves no result."""
        from optuna.trial import TrialState

        self._study.tell(self._trial, state=TrialState.FAIL)


def _sqlite(path: Path) -> optuna.storages.RDBStorage:
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return optuna.storages.RDBStorage(f"sqlite:///{path}")
    except (SQLAlchemyError, RuntimeError) as error:
        why = str(error).splitlines()[0][:200]
        raise UsageError(
            f"{path}: cannot be used to keep the trials of a search ({why}). "
            "Name another file, or a new one."
        ) from error


def _told(trial: optuna.trial.FrozenTrial) -> Trial:
    about = trial.user_attrs
    return Trial(
        about.get("settings", {}),
        trial.value if trial.state.name == "COMPLETE" else None,
        about["seconds"],
        tuple(about["curve"]),
        about["pruned"],
    )


def _draw(trial: optuna.Trial, field: str, values: Real | Whole | Choice) -> Any:
    match values:
        case Real():
            return trial.suggest_float(field, values.low, values.high, log=values.log)
        case Whole():
            return trial.suggest_int(field, values.low, values.high, log=values.log)
        case Choice():
            return trial.suggest_categorical(field, values.values)
