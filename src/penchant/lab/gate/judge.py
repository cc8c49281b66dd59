"""Whether a candidate may answer in the place of the model that serves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import Catalogue, Holdout, TrainingFailed
from penchant.engine import Recommender
from penchant.metrics import paired

from ..slices import masks
from .answered import Answered, answered
from .config import GateConfig
from .verdict import Compared, Verdict

_SEED = 0
"""Of the resampling: the same models and questions have the same verdict."""

_TIMED_AGAIN = 3

UNANSWERED = 0.02
"""Share of the lists that may be empty where those of the serving model are not."""


def judge(
    serving: Recommender,
    candidate: Recommender,
    newest: Holdout,
    older: Holdout | None = None,
    config: GateConfig | None = None,
) -> Verdict:
    """Compare a candidate with the serving model, question by question.

    It passes where all of these hold:

    - its scores are numbers, its lists are not empty, its items have kept their texts;
    - on events that neither has learned it is not worse beyond ``chance``, and on average it lost no
      more than ``margin``; and in no segment (warm and cold items, known and new users) it is worse
      beyond a chance of 2.5 %, Bonferroni-corrected;
    - on older events, which neither has learned, it keeps ``kept`` of the NDCG;
    - no single item comes into many more lists than people's own choices account for, its lists
      still have something of the serving model's, and it is not much slower.

    Args:
        serving: the model that answers now.
        candidate: the model that would.
        newest: questions about events that neither has learned; see ``penchant.data.questions_at``.
        older: questions about earlier events that neither has learned either: what is forgotten
            shows with them. Those that both have learned do not do: a model that has seen less
            remembers them better.
        config: limits.
    """
    limits = config or GateConfig()
    serving = knowing(serving, candidate.catalogue)
    now = answered(serving, newest, limits.k)
    try:
        then = answered(candidate, newest, limits.k)
    except TrainingFailed as error:
        return Verdict((str(error),))
    figures = _figures(serving, candidate, newest, now, then)
    reasons = _broken(then, figures, limits)
    users = _people(newest)
    asked = len(np.unique(users))
    if len(newest) < limits.least or asked < limits.fewest:
        reasons.append(
            f"only {len(newest):,} new events of {asked:,} users can be asked about; {limits.least:,} "
            f"of {limits.fewest:,} are needed."
        )
        return Verdict(tuple(reasons), figures=figures, undecided=len(reasons) == 1)
    compared = _compared(now, then, users)
    reasons += _worse(compared, _compared(now, then, users, level=1 - 2 * limits.chance), limits)
    parts = {
        name: mask
        for name, mask in masks(newest, serving.interactions).items()
        if not mask.all()
        and mask.sum() >= limits.segment
        and len(np.unique(users[mask])) >= limits.people
    }
    level = 1 - 0.05 / max(len(parts), 1)
    segments = {name: _compared(now, then, users, mask, level) for name, mask in parts.items()}
    reasons += [
        f"it is worse for {name}: {part}." for name, part in segments.items() if part.high < 0
    ]
    kept = None
    if older is not None and len(older) >= limits.least and _several(older, limits):
        kept = _compared(
            answered(serving, older, limits.k), answered(candidate, older, limits.k), _people(older)
        )
        if kept.share < limits.kept and kept.high < 0:
            reasons.append(
                f"it forgot: of older events it keeps {kept.share:.1%}, "
                f"{limits.kept:.0%} are asked ({kept})."
            )
    figures["slower"] = _slower(serving, candidate, newest, figures["slower"], limits)
    reasons += _drifted(figures, limits)
    return Verdict(tuple(reasons), compared, kept, segments, figures)


def compare_on(
    serving: Recommender,
    candidate: Recommender,
    test: Holdout,
    k: int = 10,
    level: float = 0.95,
    draws: int = 2000,
) -> Compared:
    """The NDCG of two models on the same questions.

    Args:
        serving: the one model.
        candidate: the other; the gap is what it has more.
        test: the questions.
        k: length of the lists.
        level: of confidence of the interval.
        draws: resamplings of the users.

    Raises:
        TrainingFailed: a score is not a number.
    """
    now, then = answered(serving, test, k), answered(candidate, test, k)
    return _compared(now, then, _people(test), level=level, draws=draws)


def knowing(model: Recommender, catalogue: Catalogue) -> Recommender:
    """A model with the items of a catalogue, where it can place them by their text as in service."""
    return model.add_items(catalogue) if model.abilities.new_items else model


def _several(test: Holdout, limits: GateConfig) -> bool:
    return len(np.unique(_people(test))) >= limits.fewest


def _figures(
    serving: Recommender, candidate: Recommender, test: Holdout, now: Answered, then: Answered
) -> dict[str, float]:
    items = len(test.requests.items)
    chosen = np.bincount(test.truth.item, minlength=items) / max(len(test), 1)
    rise = then.shares(items) - now.shares(items) - chosen * then.codes.shape[1]
    return {
        "overlap": now.overlap(then),
        "risen": float(rise.max(initial=0.0)),
        "slower": then.seconds / max(now.seconds, 1e-9),
        "texts": _words_left(serving, candidate),
        "unanswered": then.unanswered - now.unanswered,
    }


def _slower(
    serving: Recommender, candidate: Recommender, test: Holdout, first: float, limits: GateConfig
) -> float:
    """How many times as long the candidate takes: what looks slow is timed again, on a busy machine."""
    found = first
    for _ in range(_TIMED_AGAIN):
        if found <= limits.slower:
            break
        one = answered(candidate, test, limits.k).seconds
        found = min(found, one / max(answered(serving, test, limits.k).seconds, 1e-9))
    return found


def _words_left(serving: Recommender, candidate: Recommender) -> float:
    """Share of the words of the serving model's items that the candidate's still have."""
    place = serving.catalogue.items.onto(candidate.catalogue.items)
    before = np.array([len(text.split()) for text in serving.catalogue.texts])
    texts = candidate.catalogue.texts
    after = np.array([len(texts[at].split()) if at >= 0 else 0 for at in place.tolist()])
    return float(np.minimum(before, after).sum() / max(before.sum(), 1))


def _broken(then: Answered, figures: dict[str, float], limits: GateConfig) -> list[str]:
    """What is wrong whoever is asked."""
    found = []
    if not then.finite:
        found.append("a score is not a number.")
    if figures["unanswered"] > UNANSWERED:
        found.append(f"{figures['unanswered']:.1%} more of its lists are empty.")
    if figures["texts"] < limits.texts:
        found.append(
            f"of the words of the items {figures['texts']:.0%} are left; were texts cut off? "
            "Check what was put."
        )
    return found


def _worse(told: Compared, narrow: Compared, limits: GateConfig) -> list[str]:
    """What is wrong on the newest events, by the interval of ``chance``; told with that of 95 %."""
    if narrow.high < 0:
        return [f"it is worse on the newest events: {told}."]
    if told.share < 1 - limits.margin:
        return [
            f"it lost {1 - told.share:.1%} on the newest events, and {limits.margin:.0%} is the most "
            f"that may be chance: {told}."
        ]
    return []


def _drifted(figures: dict[str, float], limits: GateConfig) -> list[str]:
    found = []
    if figures["risen"] > limits.risen:
        found.append(
            f"one item comes into {figures['risen']:.0%} more of the lists than people's choices "
            "account for. Is somebody pushing it?"
        )
    if figures["overlap"] < limits.overlap:
        found.append(
            f"its lists share {figures['overlap']:.0%} with those of the serving model; at least "
            f"{limits.overlap:.0%} are asked."
        )
    if figures["slower"] > limits.slower:
        found.append(f"it takes {figures['slower']:.1f} times as long as the serving model.")
    return found


def _compared(
    now: Answered,
    then: Answered,
    users: NDArray[np.int64],
    mask: NDArray[np.bool_] | None = None,
    level: float = 0.95,
    draws: int = 2000,
) -> Compared:
    some = slice(None) if mask is None else mask
    a, b = then.ndcg[some], now.ndcg[some]
    found = paired(a, b, _SEED, draws, users=users[some], level=level)
    return Compared.of(len(a), float(b.mean()), float(a.mean()), found)


def _people(test: Holdout) -> NDArray[np.int64]:
    """Whose each question is, (questions,): the resampling is by user."""
    names = [name.partition(":")[2] for name in test.request_ids]
    return np.unique(names, return_inverse=True)[1].astype(np.int64)
