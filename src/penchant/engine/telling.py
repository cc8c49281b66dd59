"""From a list of codes to an answer in external ids and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from penchant.core import Recommendation
from penchant.rank import Context, Decision, Listed

from .ask import Answer, Decided, Explanation
from .candidates import Candidates, Wanted
from .questions import Asking, Question
from .recommender import Recommender
from .why import Why


@dataclass(frozen=True, slots=True)
class Read:
    """An ask that was understood.

    Attributes:
        question: in codes, for the model.
        context: the same for the policy.
        wanted: how many candidates it is to have.
    """

    question: Question
    context: Context
    wanted: Wanted


class Telling:
    """Writes answers.

    Args:
        recommender: names, titles, and reasons.
        asking: reads asks.
        version: the name of the model.
    """

    def __init__(self, recommender: Recommender, asking: Asking, version: str) -> None:
        self._recommender, self._asking, self._version = recommender, asking, version
        self._ids, self._titles = recommender.catalogue.items.ids, recommender.catalogue.titles

    def answer(self, read: Read, found: Candidates, listed: Listed) -> Answer:
        """The page that was asked for of a list."""
        ask = read.question.ask
        codes = listed.codes[ask.offset :]
        scores = _filled(listed.scores[ask.offset :], codes, found)
        page = codes.tolist()
        decisions = self._decided([d for d in listed.decisions if d.item is None or d.item in page])
        if found.source == "none" or (found.source == "popular" and ask.explain):
            decisions = (Decided("fallback", "nothing is known of who asks"), *decisions)
        why: Sequence[tuple[str, ...]] = [()] * len(page)
        if ask.explain and page:
            why = self._reasons(read, found, codes, decisions)
        ids, titles = self._ids, self._titles
        items = tuple(
            Recommendation(ids[code], score, titles[code], because)
            for code, score, because in zip(page, scores.tolist(), why, strict=True)
        )
        return Answer(items, self._version, decisions)

    def explanation(
        self, read: Read, found: Candidates, code: int, barred: Sequence[Decision], n: int
    ) -> Explanation:
        """Why an item has its score, at most ``n`` reasons, and what bars it from the list."""
        codes = np.array([code], np.int32)
        (reasons,) = self._why.reasons(read.question, found.source, codes, n)
        at = np.flatnonzero(found.codes == code)
        told = found.scores[at[:1]] if len(at) else np.full(1, np.nan, np.float32)
        score = float(_filled(told, codes, found)[0])
        return Explanation(self._ids[code], score, reasons, self._decided(barred))

    @cached_property
    def _why(self) -> Why:
        return Why(self._recommender, self._asking)

    def _reasons(
        self,
        read: Read,
        found: Candidates,
        codes: NDArray[np.int32],
        decisions: Sequence[Decided],
    ) -> list[tuple[str, ...]]:
        """The strongest reason for each item, and what the policy did to it."""
        reasons = self._why.reasons(read.question, found.source, codes, 1)
        done: dict[str | None, list[str]] = {}
        for decision in decisions:
            done.setdefault(decision.item, []).append(decision.text)
        return [
            (*map(str, because), *done.get(self._ids[code], ()))
            for code, because in zip(codes.tolist(), reasons, strict=True)
        ]

    def _decided(self, decisions: Sequence[Decision]) -> tuple[Decided, ...]:
        ids = self._ids
        return tuple(
            Decided(one.step, one.text, None if one.item is None else ids[one.item])
            for one in decisions
        )


def _filled(
    scores: NDArray[np.float32], codes: NDArray[np.int32], found: Candidates
) -> NDArray[np.float32]:
    """Scores (n,) of items that were no candidates too: the model's, 0 where it has none."""
    untold = np.isnan(scores)
    if not untold.any():
        return scores
    own = found.score_of(codes)
    filled: NDArray[np.float32] = np.where(untold, np.where(np.isfinite(own), own, 0), scores)
    return filled
