"""Why an item was recommended: what the score would be had one thing not happened.

The explanation is counterfactual and asks the model itself, so it is true of any model: the effect
of an item of the history is the score with the whole history minus the score without that item
(leave-one-out, as in Ghazimatin et al. 2020, PRINCE, arXiv:1911.08378, in its simplest form). Scores
are first centred over the catalogue: a model trained with a softmax gives them up to a constant of
each history, and an item that falls less than all others has not fallen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penchant.core import UNKNOWN, Catalogue, Model, Requests, Sequences

LAST = 50
"""Distinct items of the history, from the newest back, whose absence is tried."""

FOR_ALL = {
    "popularity": "popular with everybody",
    "recent-popularity": "popular these days",
    "random": "drawn by lot",
}
"""Models that look at nobody's past, and all there is to say about their lists."""

_NOISE = 1e-4  # an effect below this share of the scores' spread is rounding, not a reason


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a recommendation.

    Attributes:
        text: in words, such as ``"because you liked Toy Story (1995)"``.
        item: the id of the past item it speaks of, or None.
        effect: by how much the score, less the mean over the catalogue, would fall without it, in
            units of the model's scores; 0 where no single thing can be taken away.
    """

    text: str
    item: str | None = None
    effect: float = 0.0

    def __str__(self) -> str:
        return self.text


Centred = Callable[[Requests, NDArray[np.integer]], tuple[NDArray[np.float32], float]]
"""Requests and item codes (n,) -> scores (rows, n) less the mean of each row over the catalogue, and
the spread of the first row's over the catalogue."""


def reasons(
    model: Model,
    catalogue: Catalogue,
    request: Requests,
    items: NDArray[np.integer],
    n: int,
    centred: Centred | None = None,
) -> list[tuple[Reason, ...]]:
    """At most ``n`` reasons for each of some items, strongest first, at least one.

    Args:
        model: the model that ranked them.
        catalogue: titles for the words.
        request: one row, complete, in the model's codes.
        items: codes of the items to explain, (items,).
        n: most reasons an item.
        centred: gives scores; those of the model over its whole catalogue unless given.
    """
    if model.name in FOR_ALL:
        return [(Reason(FOR_ALL[model.name]),)] * len(items)
    past = _newest(request.history)
    asked = request.queries is not None and bool(request.queries[0])
    told = _without_each(model, request, past, asked)
    scores, spread = (centred or by_scores(model))(told, items)  # (1 + past + asked, items)
    if len(past) == 1 and not asked and model.abilities.new_users:
        scores[1] = 0.0  # nothing is left to go by: all items alike, whatever a model lists then
    noise = _NOISE * spread
    found = []
    for place, item in enumerate(items):
        effects = np.nan_to_num(scores[0, place] - scores[1:, place], nan=0.0)
        named = [
            Reason(f"because you liked {catalogue.titles[code]}", catalogue.items.name(code), fall)
            for code, fall in zip(past.tolist(), effects.tolist(), strict=False)
            if code != item  # that somebody had it already is no reason to give
        ]
        if asked:
            # with nothing but words to go by, the words are the reason
            fall = float(effects[-1]) if len(past) else float("inf")
            named.append(Reason("its text matches your words", None, fall))
        strong = sorted((r for r in named if r.effect > noise), key=lambda r: -r.effect)[:n]
        none = "no single past item explains it" if len(past) else "nothing is known about you yet"
        found.append(tuple(strong) or (Reason(none),))
    return found


def by_scores(model: Model) -> Centred:
    """Centred scores from those of the whole catalogue, the finite ones counting."""

    def centred(told: Requests, items: NDArray[np.integer]) -> tuple[NDArray[np.float32], float]:
        scores = model.score(told)
        mean = np.mean(scores, axis=1, keepdims=True, where=np.isfinite(scores))
        whole: NDArray[np.float32] = scores - mean
        finite = whole[0][np.isfinite(whole[0])]
        return whole[:, items], float(finite.std()) if len(finite) else 0.0

    return centred


def _newest(history: Sequences) -> NDArray[np.int32]:
    """The distinct items of a one-row history, newest first, at most ``LAST``."""
    return np.array(list(dict.fromkeys(history.item[::-1].tolist()))[:LAST], np.int32)


def _without_each(
    model: Model, request: Requests, past: NDArray[np.int32], asked: bool
) -> Requests:
    """The request, then the request without each past item, then without its words."""
    whole = request.history
    histories = whole
    for item in past:
        histories = histories.joined(whole.where(whole.item != item))
    if asked:
        histories = histories.joined(whole)
    rows = len(histories)
    # a model that kept a vector for a known user would not notice a missing event
    user = UNKNOWN if model.abilities.new_users else int(request.user[0])
    queries = None
    if asked and request.queries is not None:
        queries = (*request.queries * (rows - 1), None)
    return replace(request, user=np.full(rows, user, np.int32), history=histories, queries=queries)
