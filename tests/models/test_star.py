"""STAR against the formula of the paper, written as loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from penchant.models import Star, StarConfig

pytestmark = pytest.mark.usefixtures("toy_language")


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    length = math.sqrt((a * a).sum()) * math.sqrt((b * b).sum())
    return float((a * b).sum() / length) if length else 0.0


def by_loops(x: np.ndarray, vectors: np.ndarray, history: list[int], config: StarConfig):
    """Lee et al. 2024: 1/n sum_j r_j decay^t_j [a R_S(x, s_j) + (1 - a) R_C(x, s_j)], r_j = 1."""
    newest = history[::-1][: config.last]
    scores = []
    for item in range(x.shape[1]):
        total = 0.0
        for t, past in enumerate(newest):
            text = cosine(vectors[item], vectors[past])
            together = 0.0 if item == past else cosine(x[:, item], x[:, past])
            total += config.decay**t * (config.text * text + (1 - config.text) * together)
        scores.append(total / len(newest))
    return np.array(scores)


@pytest.mark.parametrize(
    "config",
    [
        StarConfig(last=3, decay=0.7, text=0.5),  # as in the paper
        StarConfig(last=1, text=0.2),
        StarConfig(last=10, decay=1.0, text=0.0),
        StarConfig(text=1.0),
    ],
)
def test_it_is_the_formula_of_the_paper(world, config):
    data = world.random()
    histories = [h for h in world.histories(data) if 5 not in h][:12]  # item 5 has no text
    x = world.dense(world.histories(data), 40)
    model = Star.fit(config, data)
    scores = model.score(world.requests(data, histories))
    for row, history in enumerate(histories):
        assert np.allclose(scores[row], by_loops(x, model.vectors, history, config), atol=1e-5)


def test_an_item_that_comes_twice_counts_twice(world):
    data = world.random()
    config = StarConfig(last=3)
    model = Star.fit(config, data)
    x = world.dense(world.histories(data), 40)
    scores = model.score(world.requests(data, [[2, 7, 2]]))
    assert np.allclose(scores[0], by_loops(x, model.vectors, [2, 7, 2], config), atol=1e-5)


def test_an_item_without_text_is_still_found_by_co_occurrence(world):
    data = world.dataset([[0, 1], [0, 1], [2, 3]], ["red", "", "blue", "sea", ""])
    scores = Star.fit(StarConfig(), data).score(world.requests(data, [[0]]))[0]
    assert scores[1] > scores[[2, 3, 4]].max()
    assert scores[4] == scores.min()


def test_a_new_item_is_placed_by_its_text(world):
    data = world.random()
    model = Star.fit(StarConfig(text=1.0), data)
    larger = model.with_catalogue(world.catalogue([*data.catalogue.texts, data.catalogue.texts[3]]))
    scores = larger.score(world.requests(data, [[7, 3]]))
    assert scores[0, 40] == pytest.approx(scores[0, 3], abs=1e-6)


def test_words_alone_rank_by_text(world):
    data = world.random()
    model = Star.fit(StarConfig(), data)
    scores = model.score(world.requests(data, [[]], queries=(data.catalogue.texts[9],)))
    assert scores[0, 9] == pytest.approx(1.0, abs=1e-5)
    assert scores[0].max() == pytest.approx(1.0, abs=1e-5)


def test_only_the_strongest_co_occurrences_are_kept(world):
    data = world.random()
    few, all_of_them = (Star.fit(StarConfig(neighbours=n), data).together for n in (4, 100))
    assert np.diff(few.indptr).max() == 4
    assert (few.toarray().sum(axis=1) <= all_of_them.toarray().sum(axis=1)).all()
    assert few.max() == all_of_them.max()
