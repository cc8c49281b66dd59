"""Item-kNN against a dense formula in float64."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.models import ItemKnn, ItemKnnConfig
from penchant.models.matrix import row_matrix, similar_items


def cosines(x: np.ndarray, shrinkage: float) -> np.ndarray:
    norm = np.sqrt((x**2).sum(axis=0))
    below = norm[:, None] * norm[None, :] + shrinkage
    similarity = np.divide(x.T @ x, below, out=np.zeros_like(below), where=below > 0)
    np.fill_diagonal(similarity, 0.0)
    return similarity


def nearest(similarity: np.ndarray, neighbours: int) -> np.ndarray:
    kept = np.zeros_like(similarity)
    for row, values in enumerate(similarity):
        chosen = np.argsort(-values, kind="stable")[:neighbours]
        kept[row, chosen] = values[chosen]
    return kept


@pytest.mark.parametrize("shrinkage", [0.0, 10.0])
@pytest.mark.parametrize("neighbours", [3, 100])
def test_it_is_the_shrunk_cosine_to_the_nearest_items(world, shrinkage, neighbours):
    data = world.random()
    config = ItemKnnConfig(neighbours=neighbours, shrinkage=shrinkage, decay=1.0)
    histories = world.histories(data)
    x = world.dense(histories, 40)
    wanted = x @ nearest(cosines(x, shrinkage), neighbours)
    scores = ItemKnn.fit(config, data).score(world.requests(data, histories))
    assert np.allclose(scores, wanted, atol=1e-5)


def test_older_items_of_a_history_count_less(world):
    data = world.random()
    model = ItemKnn.fit(ItemKnnConfig(shrinkage=0.0, decay=0.5), data)
    similarity = cosines(world.dense(world.histories(data), 40), 0.0)
    scores = model.score(world.requests(data, [[4, 9, 2]]))
    wanted = 0.25 * similarity[4] + 0.5 * similarity[9] + similarity[2]
    assert np.allclose(scores[0], wanted, atol=1e-5)


def test_an_item_that_came_twice_counts_once_from_its_newest_place(world):
    data = world.random()
    model = ItemKnn.fit(ItemKnnConfig(decay=0.5), data)
    scores = model.score(world.requests(data, [[4, 9, 4], [9, 4]]))
    assert np.array_equal(scores[0], scores[1])


def test_of_equal_neighbours_those_with_the_lower_code_are_kept(world):
    data = world.dataset([[0, 1, 2, 3]], ["a"] * 4)
    x = row_matrix(data.interactions.events, 4)
    kept = similar_items(x, 0.0, 2).toarray() > 0
    assert np.argwhere(kept).tolist() == [
        [0, 1],
        [0, 2],
        [1, 0],
        [1, 2],
        [2, 0],
        [2, 1],
        [3, 0],
        [3, 1],
    ]


def test_items_that_are_nobodys_neighbour_are_ordered_by_popularity(world):
    data = world.dataset([[0, 1], [2, 3], [3]], ["a"] * 5)
    scores = ItemKnn.fit(ItemKnnConfig(), data).score(world.requests(data, [[0]]))[0]
    assert scores[1] > scores[3] > scores[2] > scores[4]


def test_working_in_blocks_changes_nothing(world, monkeypatch):
    data = world.random()
    x = row_matrix(data.interactions.events, 40)
    whole = similar_items(x, 1.0, 5).toarray()
    monkeypatch.setattr("penchant.models.matrix.BLOCK", 7)
    assert np.array_equal(similar_items(x, 1.0, 5).toarray(), whole)
