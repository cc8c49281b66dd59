"""Judge what a recommender foretells for held-out events: clicks or likes, or ratings."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from penchant.core import Interactions, SeenEvents, UsageError

from .clicks import evaluate_clicks, evaluate_ratings
from .evaluation import Figure, Slice
from .rates import added_means
from .slices import Masks

if TYPE_CHECKING:
    from penchant.data import Dataset
    from penchant.engine import Recommender

Task = Literal["click", "rating"]

FEW = 20
"""Events of a slice; fewer are not worth a figure."""


@dataclass(frozen=True)
class EventEvaluation:
    """How well clicks or ratings were foretold.

    Attributes:
        model: the recommender's name.
        task: ``"click"`` or ``"rating"``.
        causal: whether counters and histories went on with the test events.
        events: how many were foretold.
        metrics: mean and interval by metric, such as ``"AUC"``.
        slices: the same for parts of the events.
        baseline: the same metrics of the smoothed means of user and item, added.
        seen: test events that the recommender was trained on; 0 in an honest evaluation.
        seed: of the resampling.
        seconds: spent on foretelling.
    """

    model: str
    task: Task
    causal: bool
    events: int
    metrics: Mapping[str, Figure]
    slices: Mapping[str, Slice]
    baseline: Mapping[str, Figure]
    seen: int
    seed: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """One plain document, as ``penchant evaluate --json`` prints it."""
        return {
            "model": self.model,
            "task": self.task,
            "causal": self.causal,
            "events": self.events,
            "seen": self.seen,
            "seed": self.seed,
            "metrics": {name: figure.to_json() for name, figure in self.metrics.items()},
            "baseline": {name: figure.to_json() for name, figure in self.baseline.items()},
            "slices": {
                name: {"events": part.requests}
                | {metric: figure.to_json() for metric, figure in part.metrics.items()}
                for name, part in self.slices.items()
            },
        }

    def __str__(self) -> str:
        state = "kept up to date, looking back only" if self.causal else "frozen after training"
        lines = [f"{self.model}: {self.task} of {self.events:,} events, state {state}", ""]
        if self.seen:
            lines[1:1] = [f"NOT A TEST: {self.seen:,} of the events were seen in training"]
        lines += [f"{'':<22}{'mean':>6}  95 % interval"]
        lines += [f"{name:<22}{figure}" for name, figure in self.metrics.items()]
        lines += [f"{'baseline ' + name:<22}{figure}" for name, figure in self.baseline.items()]
        shown = next(iter(self.metrics))
        lines += ["", f"{'slice':<16}{'events':>10}  {shown}"]
        for name, part in self.slices.items():
            lines.append(f"{name:<16}{part.requests:>10,}  {part.metrics[shown]}")
        return "\n".join(lines)


def evaluate_events(  # noqa: PLR0913 - all but the first two are named
    model: Recommender,
    test: Dataset,
    causal: bool = False,
    *,
    task: Task | None = None,
    like: float | None = None,
    seed: int = 0,
    allow_seen: bool = False,
) -> EventEvaluation:
    """How well a recommender foretells what came of events: their values.

    Clicks: AUC, AUC within each user (weighted by events) and log-loss. Ratings: RMSE and MAE.
    Intervals are 95 %, by resampling users. Beside them stands a baseline: the smoothed means of
    user and item, added, in the same state as the model. Slices: ``warm`` (user and item have
    training events) and ``cold`` (the others), ``new-user``, ``new-item``.

    Args:
        model: fitted, of a kind that foretells (``click-model``, ``rating-model``).
        test: the events with their values.
        causal: let counters and histories go on, see ``Recommender.predict``.
        task: ``"click"`` or ``"rating"``; as the model has a setting ``like`` or not, by default.
        like: the smallest value that is a like; the model's own by default.
        seed: of the resampling.
        allow_seen: evaluate although the model was trained on some of the events; the result says
            how many.

    Raises:
        SeenEvents: the model was trained on some of the events.
        Unsupported: the model only ranks.
        UsageError: no events, labels of one kind only, or ratings without a value.
    """
    from penchant.engine import seen_events

    if not len(test.interactions):
        raise UsageError("There is nothing to evaluate: there are no events.")
    seen = seen_events(model.interactions, test.interactions)
    if seen and not allow_seen:
        raise SeenEvents(
            f"{model.name} was trained on {seen:,} of the {len(test.interactions):,} test events, so "
            "the result would say nothing. Fit it without them, or allow it (allow_seen=True, "
            "--allow-seen) and have the result marked."
        )
    like = float(getattr(model.config, "like", 0.5)) if like is None else like
    clicks = hasattr(model.config, "like")
    if task == "rating" and clicks:
        raise UsageError(
            f"{model.name} foretells how likely a like is, and no rating. Leave task out, or use "
            "task='click' (--task click)."
        )
    if task is None:
        task = "click" if clicks else "rating"
    started = time.perf_counter()
    found = model.predict(test, causal=causal).astype(np.float64)
    seconds = time.perf_counter() - started
    train, users = model.interactions, test.interactions.events.row
    labels = (_labels(train, task, like), _labels(test.interactions, task, like))
    truth = labels[1]
    if task == "rating" and np.isnan(truth).any():
        raise UsageError("A rating needs a value in every test event. Add the column 'value'.")
    if task == "click" and (truth == truth[0]).all():
        kind = "a like" if truth[0] else "no like"
        raise UsageError(
            f"Every test event is {kind}, so likes cannot be told from the rest. Labels are read from "
            "the column 'value' (1 or 0, or ratings); name another one by columns={'label': 'value'} "
            "(--column label=value)."
        )
    if task == "rating":  # as the model takes it
        labels = (np.where(np.isnan(labels[0]), train.events.weight, labels[0]), truth)
    plain = added_means(train, test.interactions, labels, causal=causal)
    return EventEvaluation(
        model=model.name,
        task=task,
        causal=causal,
        events=len(truth),
        metrics=_figures(task, truth, found, users, seed),
        slices=_slices(task, truth, found, masks(train, test.interactions), users, seed),
        baseline=_figures(task, truth, plain, users, seed),
        seen=seen,
        seed=seed,
        seconds=seconds,
    )


def masks(train: Interactions, test: Interactions) -> Masks:
    """Name of a slice -> which test events are in it, (events,)."""
    met = np.append(train.events.lengths > 0, False)[test.users.onto(train.users)]
    known = np.append(train.counts() > 0, False)[test.items.onto(train.items)]
    user, item = met[test.events.row], known[test.events.item]
    return {"warm": user & item, "cold": ~(user & item), "new-user": ~user, "new-item": ~item}


def _labels(events: Interactions, task: Task, like: float) -> NDArray[np.float64]:
    value = events.events.value.astype(np.float64)
    if task == "rating":
        return value
    return np.where(np.isnan(value), 1.0, value >= like).astype(np.float64)


def _figures(
    task: Task,
    truth: NDArray[np.float64],
    found: NDArray[np.float64],
    users: NDArray[np.int32],
    seed: int,
) -> dict[str, Figure]:
    judge = evaluate_clicks if task == "click" else evaluate_ratings
    return judge(truth, found, users, seed)


def _slices(
    task: Task,
    truth: NDArray[np.float64],
    found: NDArray[np.float64],
    parts: Masks,
    users: NDArray[np.int32],
    seed: int,
) -> dict[str, Slice]:
    """The figures of each slice that has enough events, and both labels where they are needed."""
    out = {}
    for name, mask in parts.items():
        if mask.sum() < FEW or (task == "click" and len(np.unique(truth[mask])) < 2):
            continue
        try:
            some = _figures(task, truth[mask], found[mask], users[mask], seed)
        except UsageError:  # nobody in the slice has both labels
            some = evaluate_clicks(truth[mask], found[mask], seed=seed)
        out[name] = Slice(int(mask.sum()), some)
    return out
