"""Two stages as one model, with a first stage and a scorer that are a line each."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.core import UsageError
from penchant.models import ItemKnnConfig
from penchant.models.two_stage import Mix, TwoStage, Words, first_stage, learned_mix, ndcg_of_lists

TITLES = tuple(f"title {n}" for n in range(40))
TEXTS = tuple(f"text {n}" for n in range(40))


class First:
    """Ranks items by their code, the lowest first."""

    def score(self, requests) -> np.ndarray:
        scores = np.tile(-np.arange(40, dtype=np.float32), (len(requests), 1))
        scores[:, 39] = -np.inf
        return scores


class Last:
    """Likes the highest code; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], str]] = []

    def score_pairs(self, histories, candidates) -> np.ndarray:
        self.asked += list(zip(map(list, histories), candidates, strict=True))
        return np.array([int(text.split()[1]) for text in candidates], np.float32)


def stages(weight: float, depth: int = 5) -> TwoStage:
    mix = Mix(weight, (-3.0, 2.0), (3.0, 2.0))
    return TwoStage(First(), Last(), Words(TITLES, TEXTS), depth, 2, mix)


def order(scores: np.ndarray) -> list[int]:
    return np.argsort(-scores, kind="stable").tolist()


def asked(world, histories, queries=None):
    data = world.dataset([[0]], TITLES)
    return world.requests(data, histories, queries=queries)


def test_the_best_unseen_items_are_ranked_again_and_stand_above_the_rest(world):
    both = stages(1.0)
    (scores,) = both.score(asked(world, [[7, 1, 2]]))
    listed = [item for item in order(scores) if item not in {7, 1, 2}]
    assert listed[:5] == [6, 5, 4, 3, 0]  # the five best without the history, turned round
    assert listed[5:8] == [8, 9, 10]  # below them the first stage's order
    assert scores[39] == -np.inf
    assert (scores[[6, 5, 4, 3, 0]] > 1).all()
    assert np.delete(scores, [6, 5, 4, 3, 0]).max() < 1


def test_the_scorer_reads_the_last_titles_and_the_candidates_text(world):
    both = stages(1.0, depth=1)
    both.score(asked(world, [[7, 1, 2]]))
    assert both.scorer.asked == [(["title 1", "title 2"], "text 0")]


def test_a_scorer_without_a_share_in_the_score_is_not_asked(world):
    both, told = stages(0.0), stages(1e-9)
    requests = asked(world, [[7, 1, 2], []])
    assert np.allclose(both.score(requests), told.score(requests), atol=1e-6)
    assert told.scorer.asked
    assert not both.scorer.asked


def test_words_stand_behind_the_history(world):
    both = stages(1.0, depth=1)
    both.score(asked(world, [[3], [], []], queries=("films of rain", "war", None)))
    assert [history for history, _ in both.scorer.asked] == [["title 3", "films of rain"], ["war"]]


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_nothing_to_go_by_is_left_to_the_first_stage(world, weight):
    (scores,) = stages(weight).score(asked(world, [[]]))
    assert order(scores)[:39] == list(range(39))


def test_without_a_share_of_the_second_stage_the_order_stays(world):
    (scores,) = stages(0.0).score(asked(world, [[30]]))
    assert [item for item in order(scores) if item != 30] == [*range(30), *range(31, 40)]


def test_the_mix_is_the_share_with_the_best_ndcg_and_none_where_nothing_is_gained():
    rng = np.random.default_rng(0)
    hit = np.zeros((300, 20), bool)
    hit[np.arange(300), rng.integers(0, 20, 300)] = True
    noise = rng.normal(size=hit.shape).astype(np.float32)
    good = (hit + 0.3 * rng.normal(size=hit.shape)).astype(np.float32)
    assert learned_mix(good, noise, hit)[0].weight <= 0.1
    assert learned_mix(noise, good, hit)[0].weight >= 0.9
    alike = learned_mix(good, 10 * good + 3, hit)[0]  # the second stage says the same
    assert alike.weight == 0.0
    assert Mix.of_array(alike.array()) == alike


def test_ndcg_of_lists_by_hand():
    scores = np.array([[3, 2, 1], [1, 2, 3], [1, 2, -np.inf]], np.float32)
    hit = np.array([[True, False, False], [True, False, False], [False, False, False]])
    assert ndcg_of_lists(scores, hit) == pytest.approx((1 + 1 / np.log2(4) + 0) / 3)


def test_a_first_stage_is_named_with_its_settings():
    model, config = first_stage("item-knn:neighbours=50, decay=0.8", "pair-ranker")
    assert model.name == "item-knn"
    assert config == ItemKnnConfig(neighbours=50, decay=0.8)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("item-knm", "did you mean 'item-knn'"),
        ("item-knn:neighbors=5", "has no setting 'neighbors'"),
        ("item-knn:neighbours", "write NAME:SETTING=VALUE"),
    ],
)
def test_a_first_stage_that_cannot_be_is_refused(named, message):
    with pytest.raises(UsageError, match=message):
        first_stage(named, "pair-ranker")
