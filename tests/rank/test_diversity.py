"""MMR and DPP against slow implementations that share nothing with them."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.core import IdMap
from penchant.models import configure
from penchant.rank import Context, ItemFields, Policy, PolicyConfig


def draw(seed: int, n: int = 60, dim: int = 32):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, dim)).astype(np.float32) * rng.uniform(0.1, 9, (n, 1))
    scores = np.sort(rng.normal(size=n))[::-1].astype(np.float32)
    return rng.permutation(n), scores, vectors.astype(np.float32)


def chosen(setting, codes, scores, vectors, k, **context) -> list[int]:
    fields = ItemFields(IdMap(map(str, range(len(vectors)))), {})
    made = Policy(configure(PolicyConfig, {"diversity": setting} if setting else {}), fields)
    return made.choose(codes, scores, k, Context(0.0, vectors=vectors, **context)).codes.tolist()


def relevance(scores):
    return (scores.astype(float) - scores.min()) / (scores.max() - scores.min())


def cosine(a, b) -> float:
    a, b = a.astype(float), b.astype(float)
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def slow_mmr(codes, scores, vectors, k, weight):
    """Carbonell and Goldstein 1998, word for word."""
    r, left, placed = relevance(scores), list(range(len(codes))), []
    for _ in range(k):

        def worth(i):
            alike = max((cosine(vectors[codes[i]], vectors[codes[j]]) for j in placed), default=0.0)
            return (1 - weight) * r[i] - weight * alike

        best = max(left, key=worth)
        placed.append(best)
        left.remove(best)
    return [int(codes[i]) for i in placed]


def slow_dpp(codes, scores, vectors, k, weight):
    """The greedy choice by whole determinants."""
    r, left, placed = relevance(scores), list(range(len(codes))), []

    def log_volume(some):
        kernel = [
            [
                1.0 if i == j else (1 + cosine(vectors[codes[i]], vectors[codes[j]])) / 2
                for j in some
            ]
            for i in some
        ]
        return np.linalg.slogdet(np.array(kernel))[1] if some else 0.0

    for _ in range(k):
        now = log_volume(placed)
        best = max(
            left,
            key=lambda i: (1 - weight) * r[i] + weight * (log_volume([*placed, i]) - now),
        )
        placed.append(best)
        left.remove(best)
    return [int(codes[i]) for i in placed]


@pytest.mark.parametrize("weight", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(("way", "slow"), [("mmr", slow_mmr), ("dpp", slow_dpp)])
def test_the_choice_is_that_of_a_slow_implementation(way, slow, weight):
    for seed in range(2):
        codes, scores, vectors = draw(seed, n=40)
        expected = slow(codes, scores, vectors, 12, weight)
        found = chosen({"way": way, "weight": weight}, codes, scores, vectors, 12)
        assert found == expected
        assert found != codes[:12].tolist()


@pytest.mark.parametrize("way", ["mmr", "dpp"])
def test_without_weight_the_list_is_that_of_the_model(way):
    codes, scores, vectors = draw(0)
    plain = codes[:20].tolist()
    assert chosen({"way": way, "weight": 0}, codes, scores, vectors, 20) == plain
    assert chosen(way, codes, scores, vectors, 20, diversity=0.0) == plain


@pytest.mark.parametrize("way", ["mmr", "dpp"])
def test_copies_and_items_without_a_vector_are_listed_when_nothing_else_is_left(way):
    codes = np.arange(7)
    scores = np.array([1.0, 0.99, 0.98, 0.97, 0.2, 0.1, 0.0], np.float32)
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 0, 0, 1, 2, 2]]
    vectors[6] = 0
    found = chosen({"way": way, "weight": 0.6}, codes, scores, vectors, 7)
    assert sorted(found) == list(range(7))
    assert found[0] == 0
    assert set(found[:4]) == {0, 4, 5, 6}
    assert found[4:] == [1, 2, 3]  # among copies, relevance


def test_more_items_than_dimensions():
    codes, scores, vectors = draw(1, n=40, dim=2)
    found = chosen({"way": "dpp", "weight": 1.0}, codes, scores, vectors, 40)
    assert sorted(found) == list(range(40))


def test_a_request_may_ask_for_more_or_less():
    codes, scores, vectors = draw(2)
    asked = chosen(None, codes, scores, vectors, 9, diversity=0.5)
    assert asked == slow_mmr(codes, scores, vectors, 9, 0.5)
    asked = chosen("dpp", codes, scores, vectors, 9, diversity=0.5)
    assert asked == slow_dpp(codes, scores, vectors, 9, 0.5)


def test_a_model_without_vectors_is_told(shop):
    found = shop.listing(shop.policy(diversity="mmr", availability=""), 4)
    assert found.codes.tolist() == [0, 1, 2, 3]
    assert shop.told(found, "diversity") == [
        "diversity left out: the model has no vectors of items to compare"
    ]


def test_lists_are_less_alike():
    from penchant.metrics import intra_list_diversity

    codes, scores, vectors = draw(3, n=200)
    vectors = vectors[0] + 0.05 * np.arange(200, dtype=np.float32)[:, None] * vectors
    vectors = vectors[np.argsort(codes)]  # the most relevant ones are much the same
    for way in ("mmr", "dpp"):
        spread = []
        for weight in (0.0, 0.3, 0.7):
            found = chosen({"way": way, "weight": weight}, codes, scores, vectors, 10)
            spread.append(float(intra_list_diversity(np.array([found]), vectors)[0]))
        assert spread[0] + 0.1 < spread[1] < spread[2]
