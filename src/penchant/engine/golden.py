"""Questions with the answers that a model gave when it was saved, to check it by when it is loaded."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.core import Abilities, Interactions, generator

from .ask import Answer, Ask, Past

ASKS = 8
"""How many are made, of each sort."""

_CLOSE = 1e-3
"""Scores of two machines differ by less, as a share of the greatest of a list."""


@dataclass(frozen=True, slots=True)
class Golden:
    """A question and what was answered.

    Attributes:
        ask: by a past, or by words.
        items: ids, best first.
        scores: of each.
    """

    ask: Ask
    items: tuple[str, ...]
    scores: tuple[float, ...]

    @classmethod
    def of(cls, ask: Ask, answer: Answer) -> Golden:
        """A question with its answer."""
        items, scores = [one.item for one in answer.items], [one.score for one in answer.items]
        return cls(ask, tuple(items), tuple(scores))

    def agrees(self, answer: Answer) -> bool:
        """Whether an answer is the same but for the rounding of another machine.

        Items with nearly the same score may change places, and the last of a list be another.
        """
        wanted = dict(zip(self.items, self.scores, strict=True))
        found = {one.item: one.score for one in answer.items}
        if len(found) != len(wanted):
            return False
        every = [*wanted.values(), *found.values()]
        if not all(map(math.isfinite, every)):
            return False
        room = _CLOSE * max(map(abs, every), default=0.0)
        if any(abs(wanted[item] - found[item]) > room for item in wanted.keys() & found.keys()):
            return False
        lowest = min(every, default=0.0)
        differing = wanted.keys() ^ found.keys()
        return all((wanted | found)[item] <= lowest + room for item in differing)


def golden_asks(
    interactions: Interactions, titles: Sequence[str], abilities: Abilities
) -> list[Ask]:
    """Questions of nobody in particular: items drawn as they are chosen, words from titles.

    They hold nothing of any user's history, so that they can stay when somebody is forgotten.
    """
    rng, counts = generator(0, "golden"), interactions.counts()
    asks: list[Ask] = []
    warm = np.flatnonzero(counts)
    if len(warm) and abilities.new_users:
        share = counts[warm] / counts[warm].sum()
        for row in range(ASKS):
            codes = rng.choice(warm, min(1 + 6 * row, len(warm)), replace=False, p=share)
            asks.append(Ask(past=tuple(map(Past, interactions.items.names(codes.tolist())))))
    if abilities.queries:
        written = [title for title in titles[: 4 * ASKS] if title.strip()][:ASKS]
        asks += [Ask(query=title) for title in written]
    return asks


def disagreement(golden: Sequence[Golden], answers: Sequence[Answer]) -> str:
    """How the first of some answers is another than it was, as the end of an error; "" if none is."""
    for one, answer in zip(golden, answers, strict=True):
        if not one.agrees(answer):
            now = ", ".join(item.item for item in answer.items)
            return (
                f"answers a golden question otherwise than when it was saved: {', '.join(one.items)} "
                f"then, {now} now. Save it again where it was trained, or load it with the versions "
                "of penchant and torch that it was saved with."
            )
    return ""


def written(golden: Sequence[Golden]) -> bytes:
    """Golden questions as JSON."""
    rows = [
        {
            "history": [one.item_id for one in golden.ask.past or ()],
            "query": golden.ask.query,
            "items": golden.items,
            "scores": golden.scores,
        }
        for golden in golden
    ]
    return json.dumps(rows).encode()


def read(content: bytes) -> tuple[Golden, ...]:
    """Golden questions from JSON.

    Raises:
        ValueError: it is something else.
        KeyError: likewise.
        TypeError: likewise.
    """
    rows = json.loads(content)
    if not isinstance(rows, list):
        raise TypeError("golden questions are a list")
    return tuple(map(_read, rows))


def _read(row: Mapping[str, Any]) -> Golden:
    past = tuple(map(Past, row["history"])) or None
    ask = Ask(past=past, query=row["query"])
    return Golden(ask, tuple(row["items"]), tuple(map(float, row["scores"])))
