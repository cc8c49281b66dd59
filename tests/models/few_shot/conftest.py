"""A small world for few examples: people with a bias and a taste, titles with a word for each."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant import read
from penchant.models.few_shot import Example

GENRES = ("space", "love", "crime", "music")


def titles(n: int = 80) -> list[str]:
    return [f"{GENRES[at % 4]} story {at} ({1950 + at % 50})" for at in range(n)]


def opinions(people: int, seed: int, each: int = 16) -> list[list[tuple[int, bool]]]:
    """Per person, items in order with what they thought: bias, quality of the item, genre."""
    rng = np.random.default_rng(seed)
    good = np.sin(np.arange(80) * 1.7)
    told = []
    for _ in range(people):
        bias, taste = rng.normal(0, 1), rng.normal(0, 1, 4)
        own = rng.choice(80, each, replace=False)
        logit = bias + 1.5 * good[own] + taste[own % 4]
        told.append(
            list(
                zip(
                    own.tolist(),
                    (rng.random(each) < 1 / (1 + np.exp(-logit))).tolist(),
                    strict=True,
                )
            )
        )
    return told


def examples_of(people: int, seed: int) -> list[Example]:
    """One example a person: ten opinions, then the candidate."""
    names = titles()
    found = []
    for own in opinions(people, seed, 11):
        *past, (item, like) = own
        found.append(
            Example(
                tuple(names[i] for i, liked in past if liked),
                tuple(names[i] for i, liked in past if not liked),
                names[item],
                like,
            )
        )
    return found


@pytest.fixture
def draw():
    return examples_of


@pytest.fixture(scope="session")
def neighbours():
    """Other people's ratings of the same titles, under other ids."""
    rows = [
        {"user_id": f"u{n}", "item_id": f"x{item}", "position": at, "value": 5.0 if like else 2.0}
        for n, own in enumerate(opinions(120, 99, 30))
        for at, (item, like) in enumerate(own)
    ]
    items = [
        {"item_id": f"x{at}", "title": title, "kind": GENRES[at % 4]}
        for at, title in enumerate(titles())
    ]
    return read(pl.DataFrame(rows), pl.DataFrame(items))
