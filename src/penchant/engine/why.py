"""Reasons for what an engine lists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import Factored, Model, Requests

from .candidates import Source
from .explain import Centred, Reason, by_scores, reasons
from .questions import Asking, Question
from .recommender import Recommender

_SAMPLE = 20_000
"""Items, about, whose scores say how far scores lie apart."""

_NOBODY = (Reason("popular with everybody"),)


class Why:
    """Gives reasons."""

    def __init__(self, recommender: Recommender, asking: Asking) -> None:
        self._recommender, self._asking = recommender, asking
        self._centred = _by_vectors(recommender.model)

    def reasons(
        self, question: Question, source: Source, items: NDArray[np.integer], n: int
    ) -> list[tuple[Reason, ...]]:
        """At most ``n`` reasons for each of some items, strongest first, at least one.

        Args:
            question: that they answer.
            source: where the candidates came from.
            items: codes (items,).
            n: most reasons an item.
        """
        catalogue = self._recommender.catalogue
        if question.similar is not None:
            name, title = catalogue.items.name(question.similar), catalogue.titles[question.similar]
            return [(Reason(f"like {title}", name),)] * len(items)
        if source != "model":
            return [_NOBODY] * len(items)
        request = self._asking.requests([question])
        return reasons(self._recommender.model, catalogue, request, items, n, self._centred)


def _by_vectors(model: Model) -> Centred:
    """Centred scores without the scores of the whole catalogue, where the model has vectors.

    The mean of a product over the items that have vectors is the product with their mean.
    """
    whole = by_scores(model)
    if not isinstance(model, Factored):
        return whole
    items = model.item_vectors()
    known = np.any(items, axis=1)
    mean = items.sum(axis=0) / max(int(known.sum()), 1)
    sample = items[np.flatnonzero(known)[:: 1 + int(known.sum()) // _SAMPLE]]

    def centred(told: Requests, asked: NDArray[np.integer]) -> tuple[NDArray[np.float32], float]:
        users = model.user_vectors(told)
        some = np.any(users, axis=1)
        if not some[0]:
            return whole(told, asked)
        scores: NDArray[np.float32] = users @ (items[asked] - mean).T
        if not some.all():
            scores[~some], _ = whole(told[~some], asked)
        return scores, float((sample @ users[0]).std())

    return centred
