"""Rank every item for every held-out request, and say how well that went."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penchant import metrics
from penchant.core import UNKNOWN, Holdout, SeenEvents, UsageError, bar

from .evaluation import Evaluation, Values, figures, sliced
from .slices import masks, training_counts
from .words import word_diversity, word_vectors

if TYPE_CHECKING:
    from penchant.engine import Recommender

ACCURACY = {
    "HR": metrics.hit_rate,
    "NDCG": metrics.ndcg,
    "MRR": metrics.mrr,
    "recall": metrics.recall,
    "precision": metrics.precision,
    "MAP": metrics.average_precision,
}
"""The metrics of each request by name."""


def evaluate(
    model: Recommender,
    test: Holdout,
    ks: Sequence[int] = (10,),
    seed: int = 0,
    allow_seen: bool = False,
    batch: int = 512,
) -> Evaluation:
    """How well a recommender answers held-out requests, every item ranked.

    Items of a request's history are not listed; with ``test.candidates`` only those are ranked. The
    scores of one batch are held at a time. Means have 95 % intervals, by resampling users.

    Metrics at each k: HR, NDCG, MRR, recall, precision, MAP; novelty (bits, from training
    popularity) and ILD, the diversity within a list (1 - cosine of the words of two items), where
    the items have text; coverage and Gini over all lists. Slices: see ``slices`` of the result.

    Args:
        model: fitted, and never shown the answers.
        test: the held-out part of a split.
        ks: lengths of the lists.
        seed: of the resampling.
        allow_seen: evaluate although the model was trained on some of the answers; the result says
            how many.
        batch: requests ranked at once.

    Raises:
        SeenEvents: the model was trained on some of the answers.
        UsageError: no requests, or a k below 1.
    """
    ks = checked(test, ks)
    seen = _seen(model, test, allow_seen)
    codes, seconds = _lists(model, test, ks[-1], batch)
    accuracy, style = _accuracy(codes, test, ks), _style(codes, model, test, ks)
    users, parts = _users(test), masks(test, model.interactions)
    allowed = slice(None) if test.candidates is None else test.candidates
    exposure, shown = {}, np.zeros(0, np.int64)
    for k in ks:
        shown = metrics.exposure(codes[:, :k], len(test.requests.items))
        exposure[f"coverage@{k}"] = metrics.coverage(shown[allowed])
        exposure[f"gini@{k}"] = metrics.gini(shown[allowed])
    return Evaluation(
        model=model.name,
        protocol=test.protocol,
        ks=ks,
        values={**accuracy, **style},
        users=users,
        # accuracy has few distinct values, which makes its intervals fast: style stays apart
        metrics=figures(accuracy, seed, users) | figures(style, seed, users),
        slices=sliced(accuracy, parts, seed, users),
        exposure=exposure,
        shown=shown,
        masks=parts,
        candidates=len(shown[allowed]),
        unanswered=int((codes[:, 0] == UNKNOWN).sum()),
        seen=seen,
        seed=seed,
        seconds=seconds,
    )


def checked(test: Holdout, ks: Sequence[int]) -> tuple[int, ...]:
    """The lengths of the lists, ascending, each once.

    Raises:
        UsageError: no requests, or a length below 1.
    """
    lengths = tuple(sorted(set(ks)))
    if not lengths or lengths[0] < 1:
        raise UsageError(
            f"ks={list(lengths)}: the lengths of the lists must be whole numbers from 1 up."
        )
    if not len(test):
        raise UsageError(
            f"There is nothing to evaluate: the split {test.protocol!r} left no requests. Use more "
            "events, or another split."
        )
    return lengths


def mean_of(model: Recommender, test: Holdout, metric: str) -> float:
    """The mean of one accuracy metric, such as ``"NDCG@10"``, without intervals or slices."""
    k = checked_metric(metric)
    codes, _ = _lists(model, test, k, batch=512)
    return float(_accuracy(codes, test, (k,))[metric].mean())


def checked_metric(metric: str) -> int:
    """The length of the lists that an accuracy metric, such as ``"NDCG@10"``, is about.

    Raises:
        UsageError: no such metric.
    """
    name, _, k = metric.partition("@")
    if name not in ACCURACY or not k.isdecimal() or not int(k):
        raise UsageError(
            f"metric={metric!r}: write one of {', '.join(ACCURACY)} with a length, such as NDCG@10."
        )
    return int(k)


def _seen(model: Recommender, test: Holdout, allow: bool) -> int:
    seen = model.seen(test)
    if seen and not allow:
        raise SeenEvents(
            f"{model.name} was trained on {seen:,} of the {len(test.truth.item):,} held-out events, "
            f"so the result would say nothing. Fit it on the training part of {test.protocol!r} "
            "(penchant fit --split), or allow it (allow_seen=True, --allow-seen) and have the "
            "result marked."
        )
    return seen


def _lists(
    model: Recommender, test: Holdout, k: int, batch: int
) -> tuple[NDArray[np.int32], float]:
    """The listed items (rows, k) and the seconds it took."""
    codes = np.full((len(test), k), UNKNOWN, np.int32)
    start = time.perf_counter()
    with bar(len(test), f"evaluate {model.name}", "request") as shown:
        for rows, listed, _ in model.rank(test.requests, k, test.candidates, batch):
            codes[rows] = listed
            shown.update(len(listed))
    return codes, time.perf_counter() - start


def _accuracy(codes: NDArray[np.int32], test: Holdout, ks: Sequence[int]) -> Values:
    found = metrics.hits(codes, test.truth.indptr, test.truth.item)
    relevant = test.truth.lengths
    return {
        f"{name}@{k}": metric(found[:, :k], relevant)
        for k in ks
        for name, metric in ACCURACY.items()
    }


def _style(
    codes: NDArray[np.int32], model: Recommender, test: Holdout, ks: Sequence[int]
) -> Values:
    counts = training_counts(model.interactions, test)
    out = {f"novelty@{k}": metrics.novelty(codes[:, :k], counts) for k in ks}
    own = test.requests.items.onto(model.catalogue.items)
    listed = np.unique(codes[codes >= 0])  # only these need vectors
    if not len(listed) or not any(model.catalogue.texts[code] for code in own[listed]):
        return out
    vectors = word_vectors(model.catalogue.texts, own[listed])
    place = np.where(codes >= 0, np.searchsorted(listed, codes), UNKNOWN)
    for k in ks:
        out[f"ILD@{k}"] = word_diversity(place[:, :k], vectors)
    return out


def _users(test: Holdout) -> NDArray[np.int64] | None:
    """Who asks, where somebody asks twice; unknown users are people of their own."""
    user = test.requests.user.astype(np.int64)
    whose = np.where(user >= 0, user, -1 - np.arange(len(user)))
    return None if len(np.unique(whose)) == len(whose) else whose
