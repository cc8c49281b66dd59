"""Search for good settings on a validation part of the training events."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from penchant.core import Choice, Real, Space, TrainingFailed, UsageError, Whole, bar
from penchant.data import Dataset, validation_split

from .evaluate import mean_of

if TYPE_CHECKING:
    import optuna

    from penchant.engine import Estimator


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting that was tried.

    Attributes:
        settings: the fields that the search drew; empty for the settings as given.
        score: on the validation requests; None where training failed.
        seconds: for fitting and ranking.
    """

    settings: Mapping[str, Any]
    score: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Tuned:
    """The result of a search.

    Attributes:
        estimator: with the best settings found.
        score: of those, on the validation requests.
        trials: every setting tried, in order.
    """

    estimator: Estimator
    score: float
    trials: tuple[Trial, ...]


def tune(
    estimator: Estimator,
    train: Dataset,
    trials: int = 20,
    seed: int = 0,
    metric: str = "NDCG@10",
    budget: float | None = None,
) -> Tuned:
    """Try settings and keep the best on validation requests cut from the training events.

    A model that holds out events of its own, for early stopping, takes them from what is left of
    the training events: no trial sees the requests that it is scored on.

    The first trial is the estimator as given; the others are drawn from its model's ``space`` by a
    tree-structured Parzen estimator (Bergstra et al., 2011). A model without a space has one trial.
    Settings whose training fails are passed over.

    Args:
        estimator: where to start.
        train: the training part of a split; no other events are seen.
        trials: how many settings to try.
        seed: of the search and of every fit.
        metric: what to maximise: an accuracy metric as ``evaluate`` names it.
        budget: seconds after which no new trial begins; None for no limit.

    Raises:
        UsageError: fewer than one trial, or too few events to cut a validation part, or an
            unknown metric.
        TrainingFailed: every trial failed.
    """
    if trials < 1:
        raise UsageError(f"trials={trials}: a search needs at least one.")
    inner, held = validation_split(train, seed=seed)
    if not len(held):
        raise UsageError(
            "The settings cannot be searched: no user has the 3 training events that a validation "
            "request needs. Use trials=0, or more events."
        )
    space = estimator.model_class.space
    study = _study(seed)
    done: list[tuple[Estimator, Trial]] = []
    start = time.perf_counter()
    most = trials if space else 1
    with bar(most, f"tune {estimator.name}", "trial", at_once=True) as shown:
        for number in range(most):
            if number and budget is not None and time.perf_counter() - start > budget:
                break
            asked = study.ask() if number else None
            settings = _drawn(asked, space) if asked else {}
            candidate = replace(estimator, config=replace(estimator.config, **settings))
            trial = _tried(candidate, settings, (inner, held), seed, metric)
            if asked:
                _told(study, asked, trial)
            done.append((candidate, trial))
            shown.update()
    scored = [(trial.score, one) for one, trial in done if trial.score is not None]
    if not scored:
        raise TrainingFailed(
            f"{estimator.name}: training failed with each of {len(done)} settings. Look at the data "
            "with 'penchant describe', and fit once without a search to see the error."
        )
    score, best = max(scored, key=lambda pair: pair[0])  # the first of equals
    return Tuned(best, score, tuple(trial for _, trial in done))


def _tried(
    estimator: Estimator,
    settings: Mapping[str, Any],
    parts: tuple[Dataset, Any],
    seed: int,
    metric: str,
) -> Trial:
    start = time.perf_counter()
    try:
        fitted = estimator.fit(parts[0], seed)
        score = mean_of(fitted, parts[1], metric)
    except TrainingFailed:
        score = None  # counted as tried: some corners of a space diverge
    return Trial(settings, score, time.perf_counter() - start)


def _study(seed: int) -> optuna.Study:
    import optuna  # 0.5 s to import: only where something is searched

    optuna.logging.set_verbosity(optuna.logging.WARNING)  # the progress bar says it already
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=5)
    return optuna.create_study(direction="maximize", sampler=sampler)


def _told(study: optuna.Study, asked: optuna.Trial, trial: Trial) -> None:
    import optuna

    if trial.score is None:
        study.tell(asked, state=optuna.trial.TrialState.FAIL)
    else:
        study.tell(asked, trial.score)


def _drawn(trial: optuna.Trial, space: Space) -> dict[str, Any]:
    drawn: dict[str, Any] = {}
    for field, values in space.items():
        match values:
            case Real():
                drawn[field] = trial.suggest_float(field, values.low, values.high, log=values.log)
            case Whole():
                drawn[field] = trial.suggest_int(field, values.low, values.high, log=values.log)
            case Choice():
                drawn[field] = trial.suggest_categorical(field, values.values)
    return drawn
