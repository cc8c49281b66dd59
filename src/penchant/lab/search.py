"""Search for good settings on a validation part of the training events."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.core import Space, TrainingFailed, UsageError, bar, watching
from penchant.data import Dataset, validation_split
from penchant.models import settings_of

from .evaluate import checked_metric, mean_of
from .spaces import checked_space
from .study import Asked, Pruned, Study, Trial
from .tables import aligned

if TYPE_CHECKING:
    from penchant.engine import Estimator


@dataclass(frozen=True, slots=True)
class Tuned:
    """The result of a search.

    Attributes:
        estimator: with the best settings found.
        score: of those, on the validation requests.
        trials: every setting tried, in order.
        importances: how much of the difference between trials each field explains, summing to
            one; empty where there were too few trials to say.
    """

    estimator: Estimator
    score: float
    trials: tuple[Trial, ...]
    importances: Mapping[str, float] = field(default_factory=dict)

    def table(self, metric: str) -> str:
        """The trials, best first, and the importance of each field, as text."""
        names = sorted({name for trial in self.trials for name in trial.settings})
        rows = [["trial", metric, "seconds", *names]]
        ranked = sorted(enumerate(self.trials), key=lambda pair: -(pair[1].score or -1.0))
        for number, trial in ranked:
            lost = "given up" if trial.pruned else "failed"
            score = lost if trial.score is None else f"{trial.score:.4f}"
            drawn = [_shown(trial.settings.get(name, "")) for name in names]
            given = ["as given", *drawn[1:]] if not trial.settings and names else drawn
            rows.append([str(number), score, f"{trial.seconds:.1f}", *given])
        text = aligned(rows)
        if self.importances:
            parts = sorted(self.importances.items(), key=lambda pair: -pair[1])
            text += "\n\nwhat made the difference: " + ", ".join(
                f"{name} {100 * share:.0f} %" for name, share in parts
            )
        return text

    def picture(self, path: str | Path, metric: str = "NDCG@10") -> None:
        """Draw history, importances and the curve of each fit into a ``.png`` or ``.svg`` file."""
        from .search_picture import draw

        draw(self, metric, Path(path))

    def to_json(self, metric: str) -> dict[str, Any]:
        """One plain document."""
        return {
            "model": self.estimator.name,
            "metric": metric,
            "score": self.score,
            "settings": settings_of(self.estimator.config),
            "importances": dict(self.importances),
            "trials": [asdict(trial) for trial in self.trials],
        }


def tune(  # noqa: PLR0913 - what to search, on what, and how long; all but the data are named
    estimator: Estimator,
    train: Dataset,
    trials: int = 20,
    seed: int = 0,
    metric: str = "NDCG@10",
    budget: float | None = None,
    *,
    space: Space | None = None,
    storage: str | Path | None = None,
) -> Tuned:
    """Try settings and keep the best on validation requests cut from the training events.

    A model that holds out events of its own, for early stopping, takes them from what is left of
    the training events: no trial sees the requests that it is scored on. Such a model is fitted
    without its last run on all events, which would double the time of a trial.

    The first trial is the estimator as given; the others are drawn by a tree-structured Parzen
    estimator (Bergstra et al., 2011). A fit whose validation figures lie below the median of the
    others at the same epoch is given up (after Golovin et al., 2017), and settings whose training
    fails are passed over. A model without a space has one trial.

    Args:
        estimator: where to start.
        train: the training part of a split; no other events are seen.
        trials: how many settings to try, those of an earlier call with the same storage included.
        seed: of the search and of every fit.
        metric: what to maximise: an accuracy metric as ``evaluate`` names it.
        budget: seconds after which no new trial begins; None for no limit.
        space: the values worth trying by field; the model's own ``space`` unless given. A dotted
            field (``"tuning.rank"``) is drawn where the config chosen before the dot has it.
        storage: an SQLite file that keeps the trials, so that the same call goes on where an
            interrupted one stopped; None keeps them in memory.

    Raises:
        UsageError: fewer than one trial, or too few events to cut a validation part, an unknown
            metric or field, or a storage that is no such file.
        TrainingFailed: every trial failed.
    """
    if trials < 1:
        raise UsageError(f"trials={trials}: a search needs at least one.")
    checked_metric(metric)
    inner, held = validation_split(train, seed=seed)
    if not len(held):
        raise UsageError(
            "The settings cannot be searched: no user has the 3 training events that a validation "
            "request needs. Use trials=0, or more events."
        )
    space = checked_space(estimator.model_class.space if space is None else space, estimator.config)
    name = [estimator.name, settings_of(estimator.config), train.digest, metric]
    study = Study.open(space, seed, Path(storage) if storage else None, {"search": name})
    most = trials if space else 1
    start = time.perf_counter()
    found = study.done()
    with bar(most, f"tune {estimator.name}", "trial", at_once=True) as shown:
        shown.update(min(len(found), most))
        while len(found) < most:
            if found and budget is not None and time.perf_counter() - start > budget:
                break
            asked, config = study.ask(estimator.config)
            candidate = None if config is None else replace(estimator, config=config)
            _try(asked, candidate, (inner, held), seed, metric)
            found = study.done()
            shown.update()
            shown.set_postfix_str(_best_so_far(found), refresh=False)
    scored = [
        (trial.score, number) for number, trial in enumerate(found) if trial.score is not None
    ]
    if not scored:
        raise TrainingFailed(
            f"{estimator.name}: training failed with each of {len(found)} settings. Look at the data "
            "with 'penchant describe', and fit once without a search to see the error."
        )
    score, number = max(scored, key=lambda pair: (pair[0], -pair[1]))  # the first of equals
    best = replace(estimator, config=study.config_of(found[number], estimator.config))
    return Tuned(best, score, found, study.importances())


def _try(
    asked: Asked,
    candidate: Estimator | None,
    parts: tuple[Dataset, Any],
    seed: int,
    metric: str,
) -> None:
    """One trial, from the fit to what is told of it."""
    start = time.perf_counter()
    score, pruned = None, False
    try:
        if candidate is not None:
            with watching(asked.hear):
                fitted = _without_refit(candidate).fit(parts[0], seed)
            score = mean_of(fitted, parts[1], metric)
    except Pruned:
        pruned = True
    except TrainingFailed:
        score = None  # counted as tried: some corners of a space diverge
    except BaseException:
        asked.forget()
        raise
    asked.tell(score, time.perf_counter() - start, pruned)


def _without_refit(estimator: Estimator) -> Estimator:
    """The same estimator without a second run on all events, where that is a setting left open."""
    if getattr(estimator.config, "refit", False) is None:
        return replace(estimator, config=replace(estimator.config, refit=False))
    return estimator


def _best_so_far(trials: tuple[Trial, ...]) -> str:
    scores = [trial.score for trial in trials if trial.score is not None]
    return f"best {max(scores):.4f}" if scores else "none succeeded yet"


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
