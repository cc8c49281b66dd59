"""Events as questions and answers in words, for tuning a language model that generates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from penchant.core import Sequences, UsageError, generator
from penchant.data import Dataset

from .prompts import (
    NO,
    TEMPLATES,
    YES,
    longest_fit,
    next_item_prompt,
    quoted,
    rating_prompt,
    yes_no_prompt,
)

__all__ = [
    "NO",
    "TASKS",
    "YES",
    "Example",
    "InstructionConfig",
    "instruction_examples",
    "like_threshold",
    "longest_fit",
    "next_item_prompt",
    "rating_prompt",
    "split_history",
    "yes_no_prompt",
]

TASKS = ("like", "next", "rating")
"""Kinds of question."""


@dataclass(frozen=True, slots=True)
class Example:
    """A question and its answer; the model reads ``prompt + answer`` and is judged on the answer.

    Attributes:
        prompt: ends in ``"Answer:"``.
        answer: begins with a space.
        task: the kind of question, one of ``TASKS``.
        row: the user's row in the data set.
        item: code of the item asked about, or of the answer.
    """

    prompt: str
    answer: str
    task: str = "like"
    row: int = -1
    item: int = -1


@dataclass(frozen=True, slots=True)
class InstructionConfig:
    """How events become questions."""

    tasks: tuple[str, ...] = ("like",)
    """Kinds of question: like, next, rating; a kind that the events cannot answer is an error."""
    history: int = 10
    """Most events of the past that a prompt shows; the oldest are left out first."""
    negatives: int = 1
    """Unmet items asked about with the answer No for each like, where events hold no dislikes."""
    like_above: float | None = None
    """A value above this is a like; by default the middle between the lowest and the highest."""
    noun: str = "item"
    """What an item is called, such as film."""
    templates: tuple[int, ...] | None = None
    """The wordings to draw from; by default all of each kind."""


def instruction_examples(
    train: Dataset,
    seed: int,
    most: int,
    negatives: int = 1,
    history: int = 10,
    config: InstructionConfig | None = None,
) -> list[Example]:
    """Questions and answers drawn from training events.

    Each question is asked at an event, shows only events before it in the same row of ``train``,
    and is answered by the event itself. So give the training part of a split: what is not in it
    cannot be shown, and no held-out event is ever an answer. Where no event is a dislike, items
    that the user has not met are asked about with the answer No; among those may be an item that
    is held out, which cannot be left out without giving it away.

    Args:
        train: events and titles; ``value`` of the events decides likes and ratings.
        seed: which events, wordings and unmet items.
        most: most examples; fewer where there are fewer events.
        negatives: as in :class:`InstructionConfig`, which wins where it is given.
        history: likewise.
        config: everything else.

    Returns:
        The examples in random order; the same for the same arguments.

    Raises:
        UsageError: an unknown task, or one that these events cannot answer.
    """
    config = config or InstructionConfig(negatives=negatives, history=history)
    return _Renderer(train, seed, config).examples(most)


def like_threshold(value: NDArray[np.float32]) -> float | None:
    """The value above which an event is a like: the middle of the scale that is used.

    Args:
        value: ratings, or 0 and 1, (events,); NaN where none was given.

    Returns:
        3 for ratings from 1 to 5, 0.5 for 0 and 1; None where every event is a like (no values, or
        one value only).
    """
    given = value[~np.isnan(value)]
    if len(given) == 0 or given.min() == given.max():
        return None
    return float((given.min() + given.max()) / 2)


def split_history(
    titles: Sequence[str], events: Sequences, row: int, most: int, like_above: float | None
) -> tuple[list[str], list[str]]:
    """What somebody liked and disliked among their last events, titles, oldest first each.

    Args:
        titles: title by item code.
        events: histories.
        row: whose.
        most: most events, of both sorts together; the oldest are left out first.
        like_above: a value above this is a like; an event without a value is one. None: all are.
    """
    stop = int(events.indptr[row + 1])
    start = max(int(events.indptr[row]), stop - most)
    liked = likes(events.value[start:stop], like_above)
    shown = [titles[item] for item in events.item[start:stop].tolist()]
    return (
        [title for title, like in zip(shown, liked, strict=True) if like],
        [title for title, like in zip(shown, liked, strict=True) if not like],
    )


def likes(value: NDArray[np.float32], like_above: float | None) -> NDArray[np.bool_]:
    """Which events are likes, (events,)."""
    if like_above is None:
        return np.ones(len(value), np.bool_)
    return np.asarray(np.isnan(value) | (value > like_above), np.bool_)


class _Renderer:
    """Draws events and writes the questions about them."""

    def __init__(self, train: Dataset, seed: int, config: InstructionConfig) -> None:
        self.events = train.interactions.events
        self.titles = train.catalogue.titles
        self.config = config
        self.rng = generator(seed, "instructions")
        value = self.events.value
        self.above = like_threshold(value) if config.like_above is None else config.like_above
        self.liked = likes(value, self.above)
        self.met = np.flatnonzero(train.interactions.counts() > 0)
        given = value[~np.isnan(value)]
        self.scale = (float(given.min()), float(given.max())) if len(given) else None
        self._check()

    def _check(self) -> None:
        config = self.config
        unknown = [task for task in config.tasks if task not in TASKS]
        if unknown or not config.tasks:
            raise UsageError(f"tasks={config.tasks!r}: choose among {', '.join(TASKS)}.")
        if "rating" in config.tasks and (self.scale is None or self.scale[0] == self.scale[1]):
            raise UsageError(
                "tasks: 'rating' needs events with values of at least two sizes; these have "
                "none. Leave it out, or read the events with a value column."
            )
        if config.history < 1:
            raise UsageError(f"history={config.history}: show at least one event.")

    def examples(self, most: int) -> list[Example]:
        """At most ``most`` examples, in random order."""
        events = self.events
        after_first = np.flatnonzero(np.arange(len(events.item)) > events.indptr[:-1][events.row])
        places = {
            "like": after_first,
            "next": after_first[self.liked[after_first]],
            "rating": after_first[~np.isnan(events.value[after_first])],
        }
        wanted = [(task, place) for task in self.config.tasks for place in places[task].tolist()]
        order = self.rng.permutation(len(wanted))[:most].tolist()
        found: list[Example] = []
        for number in order:
            if len(found) >= most:
                break
            found.extend(self._asked(*wanted[number]))
        mixed = self.rng.permutation(len(found)).tolist()
        return [found[number] for number in mixed][:most]

    def _asked(self, task: str, place: int) -> list[Example]:
        row, item = int(self.events.row[place]), int(self.events.item[place])
        if task == "next":
            answer = " " + quoted(self.titles[item])
            return [Example(self._prompt(task, row, place, item), answer, task, row, item)]
        if task == "rating":
            answer = f" {self.events.value[place]:g}"
            return [Example(self._prompt(task, row, place, item), answer, task, row, item)]
        asked = [(item, YES if self.liked[place] else NO)]
        if self.liked.all():
            asked += [(other, NO) for other in self._unmet(row)]
        return [
            Example(self._prompt(task, row, place, item), answer, task, row, item)
            for item, answer in asked
        ]

    def _prompt(self, task: str, row: int, place: int, item: int) -> str:
        start = max(int(self.events.indptr[row]), place - self.config.history)
        shown = self.events.item[start:place].tolist()
        noun, template = self.config.noun, self._template(task)
        titles = [self.titles[code] for code in shown]
        if task == "next":
            return next_item_prompt(titles, template, noun)
        if task == "rating" and self.scale is not None:
            value = self.events.value[start:place].tolist()
            rated = [(t, v) for t, v in zip(titles, value, strict=True) if not isnan(v)]
            return rating_prompt(rated, self.titles[item], self.scale, template, noun)
        liked = self.liked[start:place]
        good = [title for title, like in zip(titles, liked, strict=True) if like]
        bad = [title for title, like in zip(titles, liked, strict=True) if not like]
        return yes_no_prompt(good, bad, self.titles[item], template, noun)

    def _template(self, task: str) -> int:
        chosen = self.config.templates or tuple(range(TEMPLATES[task]))
        return chosen[int(self.rng.integers(len(chosen)))]

    def _unmet(self, row: int) -> list[int]:
        """Items with events that this user has none with; fewer than asked for where there are."""
        own = set(self.events.items_of(row).tolist())
        if len(own) >= len(self.met):
            return []
        found: list[int] = []
        for code in self.rng.choice(self.met, 10 * self.config.negatives).tolist():
            if len(found) == self.config.negatives:
                break
            if code not in own:
                found.append(code)
        return found
