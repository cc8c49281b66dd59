"""Calibrated shares against the equations of Steck (2018), written out one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from penchant.core import IdMap
from penchant.models import configure
from penchant.rank import Context, ItemFields, Policy, PolicyConfig, Seen


def made(genres, weight=0.5, smoothing=0.01) -> Policy:
    fields = ItemFields(IdMap(map(str, range(len(genres)))), {"genres": genres})
    settings = {"column": "genres", "weight": weight, "smoothing": smoothing}
    return Policy(
        configure(PolicyConfig, {"calibration": settings, "seen_others": "allow"}), fields
    )


def past(codes) -> Seen:
    return Seen(np.array(codes), ["view"] * len(codes), np.zeros(len(codes)))


def shares(items, genres) -> dict[str, float]:
    """Equations 2 and 3: the mean of p(g | i), over items that have any."""
    found: dict[str, float] = {}
    for item in items:
        for genre in genres[item]:
            found[genre] = found.get(genre, 0.0) + 1 / len(genres[item])
    return found


def slow(codes, scores, genres, history, k, c):
    weight, smoothing = c
    wanted = shares(history, genres)
    total = sum(wanted.values())
    p = {genre: part / total for genre, part in wanted.items()}
    relevance = (scores.astype(float) - scores.min()) / (scores.max() - scores.min())

    def divergence(items):
        q = shares(items, genres)
        return sum(
            share
            * math.log(
                share / ((1 - smoothing) * q.get(genre, 0.0) / len(items) + smoothing * share)
            )
            for genre, share in p.items()
        )

    placed, left = [], list(range(len(codes)))
    for _ in range(k):
        best = max(
            left,
            key=lambda i: (
                (1 - weight) * relevance[i]
                - weight * divergence([*(codes[j] for j in placed), codes[i]])
            ),
        )
        placed.append(best)
        left.remove(best)
    return [int(codes[i]) for i in placed]


@pytest.mark.parametrize("weight", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("smoothing", [0.01, 0.3])
def test_the_choice_is_that_of_the_equations(weight, smoothing):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        genres = [sorted(rng.choice(list("abcdefg"), rng.integers(0, 4), False)) for _ in range(70)]
        codes = rng.permutation(70)
        scores = np.sort(rng.normal(size=70))[::-1].astype(np.float32)
        history = rng.integers(0, 70, 30)
        expected = slow(codes, scores, genres, history, 15, (weight, smoothing))
        context = Context(0.0, seen=past(history))
        found = made(genres, weight, smoothing).choose(codes, scores, 15, context)
        assert found.codes.tolist() == expected


def test_the_example_of_the_paper():
    """70 romance and 30 action films seen; a list of ten has 7 and 3, romance scored higher."""
    genres = [["romance"]] * 200 + [["action"]] * 200
    policy = made(genres, weight=0.99)
    history = list(range(70)) + list(range(200, 230))
    candidates = np.array([*range(100, 150), *range(300, 350)])
    scores = np.linspace(1, 0.5, 100).astype(np.float32)
    found = policy.choose(candidates, scores, 10, Context(0.0, seen=past(history), explain=True))
    assert sum(code < 200 for code in found.codes.tolist()) == 7
    text = str(found.decisions[-1])
    assert text == "shares of genres against those of the history: KL 0.00, 1.13 by relevance alone"
    # by relevance alone all ten are romance: .7 ln(.7 / (.99 + .007)) + .3 ln(.3 / .003)
    assert math.isclose(0.7 * math.log(0.7 / 0.997) + 0.3 * math.log(100), 1.134, abs_tol=0.001)


def test_without_a_history_the_list_is_that_of_the_model():
    genres = [["a"], [], ["b"], ["a", "b"]]
    for history in ([], [1], [-1]):
        found = made(genres).choose(
            np.array([3, 1, 2]), np.array([3, 2, 1.0]), 3, Context(0.0, seen=past(history))
        )
        assert found.codes.tolist() == [3, 1, 2]
