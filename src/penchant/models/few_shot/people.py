"""Who is one person: examples that share much of their history are dealt to one fold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.core import generator

from .example import Example

SHARED, LEAST = 0.6, 4
"""Share of the shorter history's verdicts, and how many at least, that make two examples one
person's wherever they stand."""

RUN, FEW = 3, 300
"""Verdicts that make two examples one person's where one's lists begin as the other's end; one less
is enough among ``FEW`` examples, as coincidences grow with the square of their number."""

CROWD = 200
"""Verdicts given by more examples than this say nothing about who is who."""


def people_of(examples: Sequence[Example]) -> NDArray[np.int64]:
    """A number for each person, (examples,).

    Few-shot files are often cut from a few people's histories by a moving window. Examples of one
    person on both sides of a fold would tell each other's labels: the candidate of one stands in
    the history of the next. Two examples are of one person (single linkage) where four or more
    verdicts, and at least 60 % of the shorter history, are the same; or where the lists of one,
    its candidate put behind them, end as those of the other begin, with two or three titles in all
    (see ``RUN``) and no other in common. Two people who are taken for one cost a coarser fold, no more.
    """
    lists = [_lists(one) for one in examples]
    parent = list(range(len(examples)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for row, other in _alike(lists):
        parent[root(row)] = root(other)
    roots = [root(row) for row in range(len(examples))]
    return np.unique(roots, return_inverse=True)[1].astype(np.int64)


Lists = tuple[tuple[str, ...], tuple[str, ...]]
"""Liked and disliked titles, the candidate among them where its label is known."""


def _lists(one: Example) -> Lists:
    last = (one.candidate,)
    liked = one.liked + last if one.label is True else one.liked
    return liked, (one.disliked + last if one.label is False else one.disliked)


def _alike(lists: Sequence[Lists]) -> Iterator[tuple[int, int]]:
    """Pairs of rows that are one person's."""
    holders: dict[tuple[str, bool], list[int]] = defaultdict(list)
    run = RUN - (len(lists) <= FEW)
    for row, (liked, disliked) in enumerate(lists):
        common: Counter[int] = Counter()
        for verdict in {(title, True) for title in liked} | {(title, False) for title in disliked}:
            if len(holders[verdict]) <= CROWD:
                common.update(holders[verdict])
            holders[verdict].append(row)
        for other, count in common.items():
            least = min(len(liked) + len(disliked), sum(map(len, lists[other])))
            near = count >= max(LEAST, SHARED * least)
            if near or (count >= run and _follow(lists[row], lists[other], count)):
                yield row, other


def _follow(a: Lists, b: Lists, count: int) -> bool:
    """Whether the lists of one begin as those of the other end, and share nothing else."""
    return any(
        sum(_run(before, after) for before, after in zip(first, second, strict=True)) == count
        for first, second in ((a, b), (b, a))
    )


def _run(before: tuple[str, ...], after: tuple[str, ...]) -> int:
    """How many titles at the end of one list begin the other.

    >>> _run(("a", "b", "c"), ("b", "c", "d"))
    2
    """
    most = min(len(before), len(after))
    return next((n for n in range(most, 0, -1) if before[-n:] == after[:n]), 0)


def folds_of(people: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """A fold for each example, (examples,): a person stands in one fold, folds are of like size.

    With one person only, the examples themselves are dealt.
    """
    if people.max(initial=0) == 0:
        people = np.arange(len(people))
    sizes = np.bincount(people)
    order = generator(seed, "few-shot folds").permutation(len(sizes))
    load = np.zeros(min(most, len(sizes)), np.int64)
    fold = np.zeros(len(sizes), np.int64)
    for person in order[np.argsort(-sizes[order], kind="stable")]:
        fold[person] = load.argmin()
        load[load.argmin()] += sizes[person]
    return fold[people]
