"""Train several models alike and judge them on the same requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.core import Holdout, UsageError, bar, watching
from penchant.engine import Estimator, Recommender, by_name
from penchant.models import settings_of

from .comparison import Comparison, Entry, all_pairs
from .evaluate import ACCURACY, checked, evaluate
from .evaluation import Evaluation, figures, sliced
from .measure import PeakMemory
from .search import Tuned, tune
from .slices import bands
from .tables import Facts, command, versions

if TYPE_CHECKING:
    from penchant.data import Dataset

Models = Sequence[str | Estimator] | Mapping[str, str | Estimator]


def compare(  # noqa: PLR0913 -- one call holds the whole protocol; all but the data are named
    models: Models,
    train: Dataset,
    test: Holdout,
    *,
    trials: int = 0,
    budget: float | None = None,
    ks: Sequence[int] = (10,),
    seed: int = 0,
    seeds: Sequence[int] | None = None,
    metric: str | None = None,
    keep: Callable[[str, Recommender], object] = lambda name, recommender: None,
) -> Comparison:
    """Tune, fit and evaluate each model, then test every pair.

    Every model has the same number of trials and, with a budget, the same time for them, on
    validation requests cut from the training events. The test requests are used once, at the end.
    One model is held at a time.

    Args:
        models: names, estimators, or a mapping from names of your own to either.
        train: the training part of a split.
        test: the held-out part of the same split.
        trials: settings to try for each model first; 0 fits them as they are.
        budget: seconds for the trials of a model; None for no limit.
        ks: lengths of the lists.
        seed: of search, resampling and, without ``seeds``, of the fit.
        seeds: of several fits; each request's values are then averaged over them.
        metric: by which to tune, to order and to test; NDCG at the first k unless given.
        keep: called with each model's name and the recommender of its first seed.

    Raises:
        UsageError: no model or seed, a name or seed twice, an unknown model or metric, a k below
            1, no requests.
        SeenEvents: the test is of another split.
    """
    chosen, ks = _named(models), checked(test, ks)
    metric = metric or f"NDCG@{ks[0]}"
    name, _, length = metric.partition("@")
    if name not in ACCURACY or length not in {str(k) for k in ks}:
        raise UsageError(
            f"metric={metric!r} is not measured here. Write one of {', '.join(ACCURACY)}, an @, and "
            f"one of ks={list(ks)}."
        )
    seeds = tuple(seeds) if seeds is not None else (seed,)
    if not seeds or len(set(seeds)) < len(seeds):
        raise UsageError(f"seeds={list(seeds)}: give at least one seed, and none of them twice.")
    entries = []
    with bar(len(chosen), "compare", "model", at_once=True) as shown:
        for name, estimator in chosen.items():
            with PeakMemory() as peak:
                start = time.perf_counter()
                tuned = Tuned(estimator, 0.0, ())
                if trials:
                    tuned = tune(estimator, train, trials, seed, metric, budget)
                spent = time.perf_counter() - start if trials else 0.0
                curve: list[float] = []
                runs, seconds = _runs(
                    tuned.estimator, train, test, seeds, ks, partial(keep, name), curve
                )
            entries.append(
                Entry(
                    name=name,
                    model=estimator.name,
                    settings=settings_of(tuned.estimator.config),
                    evaluation=_averaged(name, runs, seed),
                    by_seed=dict(
                        zip(seeds, (run.metrics[metric].mean for run in runs), strict=True)
                    ),
                    trials=tuned.trials,
                    tune_seconds=spent,
                    fit_seconds=seconds,
                    memory=peak.bytes,
                    curve=tuple(curve),
                )
            )
            shown.update()
    entries.sort(key=lambda entry: -entry.evaluation.metrics[metric].mean)
    call = (
        f"penchant.compare({list(chosen)}, train, test, trials={trials}, ks={ks}, "
        f"seed={seed}, seeds={seeds})"
    )
    facts = Facts(
        data=_described(train, test),
        trained=train.interactions.counts(),
        band=bands(train.interactions),
        answered=np.bincount(test.truth.item, minlength=len(test.requests.items)),
        lengths=train.interactions.events.lengths,
        versions=versions(),
        command=command(call),
        seeds=seeds,
        budget=budget,
    )
    return Comparison(metric, tuple(entries), all_pairs(tuple(entries), metric, seed), facts)


def _named(models: Models) -> dict[str, Estimator]:
    if isinstance(models, str):
        models = [models]
    pairs = models.items() if isinstance(models, Mapping) else [(None, one) for one in models]
    chosen: dict[str, Estimator] = {}
    for given, one in pairs:
        estimator = by_name(one) if isinstance(one, str) else one
        name = given or estimator.name
        if name in chosen:
            raise UsageError(
                f"Two models are called {name!r}. Give names of your own: "
                "compare({'first': ..., 'second': ...}, ...)."
            )
        chosen[name] = estimator
    if not chosen:
        raise UsageError("There is no model to compare. Name at least one, such as 'ease'.")
    return chosen


def _runs(  # noqa: PLR0913, PLR0917 - the parts of one protocol
    estimator: Estimator,
    train: Dataset,
    test: Holdout,
    seeds: Sequence[int],
    ks: Sequence[int],
    keep: Callable[[Recommender], object],
    curve: list[float],
) -> tuple[list[Evaluation], float]:
    """An evaluation for each seed, and the mean seconds of a fit; fills the first seed's curve."""
    runs, spent = [], 0.0
    for number, seed in enumerate(seeds):
        start = time.perf_counter()
        heard = [] if number else curve  # the report draws one seed
        with watching(heard.append):
            recommender = estimator.fit(train, seed)
        spent += time.perf_counter() - start
        runs.append(evaluate(recommender, test, ks, seed))
        if not number:
            keep(recommender)
        del recommender  # before the next fit: one model is held at a time
    return runs, spent / len(seeds)


def _averaged(name: str, runs: Sequence[Evaluation], seed: int) -> Evaluation:
    """One evaluation whose values are the means over the runs."""
    first = runs[0]
    if len(runs) == 1:
        return replace(first, model=name)
    values = {m: np.mean([run.values[m] for run in runs], axis=0) for m in first.values}
    accuracy = {m: v for m, v in values.items() if m in next(iter(first.slices.values())).metrics}
    return replace(
        first,
        model=name,
        values=values,
        metrics=figures(values, seed, first.users),
        slices=sliced(accuracy, first.masks, seed, first.users),
        exposure={m: float(np.mean([run.exposure[m] for run in runs])) for m in first.exposure},
        shown=np.sum([run.shown for run in runs], axis=0),
        seed=seed,
        seconds=float(np.mean([run.seconds for run in runs])),
    )


def _described(train: Dataset, test: Holdout) -> dict[str, Any]:
    """The counts that a reader needs to judge the result."""
    events = train.interactions.events
    counts = train.interactions.counts()
    return {
        "name": train.name,
        "digest": train.digest,
        "protocol": test.protocol,
        "training events": len(train.interactions),
        "users with training events": int((events.lengths > 0).sum()),
        "items": len(counts),
        "items with training events": int((counts > 0).sum()),
        "items with text": sum(bool(text) for text in train.catalogue.texts),
        "median events a user": float(np.median(events.lengths[events.lengths > 0])),
        "median events an item": float(np.median(counts[counts > 0])),
        "test requests": len(test),
        "answers": len(test.truth.item),
        "notes": list(train.notes),
    }
